"""A world from real files: a listening history, and a catalogue with ids, features and tags for part of it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from . import clock, schema
from .folder import whole
from .real import crowd, library, plays, songs
from .scrobbles import SHORTEST_MS


def build(history: Path, catalogue: Path, out: Path) -> dict[str, Any]:
    """Writes the world of the listener of `history` (Parquet) in the catalogue of `catalogue` (Parquet).

    The plays move forward by whole weeks to end in the last 7 days. Returns what `world.json` says. Raises WorldError
    for files that cannot be used, OSError from the disk; then nothing is left behind.
    """
    now = int(clock.now())
    tables, about = _build(Path(history), Path(catalogue), now)
    with whole(Path(out)) as folder:
        schema.write(folder, tables, about)
    return about


def _build(history: Path, catalogue: Path, now: int) -> tuple[dict[str, pl.DataFrame], dict[str, Any]]:
    """The tables and the description of the world."""
    heard = plays.read(history)
    known = songs.read(catalogue)
    weeks = plays.shift_weeks(heard, now)
    heard = heard.with_columns(pl.col("started") + weeks * plays.WEEK)
    rows = songs.tracks(known, songs.songs(heard))
    # Of several ids of one song, the first is the one that was played.
    ids = rows.unique("song", keep="first", maintain_order=True)
    heard = plays.with_lengths(heard, ids.select("song", "duration_ms", track_id="spotify_id"))
    scrobbles = heard.filter(pl.col("ms_played") >= SHORTEST_MS)
    listener = _listener(history)
    lists, items = library.playlists(scrobbles, listener)
    table = songs.catalogue(rows)
    words = crowd.words(rows)
    tags = crowd.tags(words, table)
    genres = dict(tags.filter(pl.col("kind") == "artist").select("id", "tags").rows())
    empty = {name: pl.DataFrame(schema=schema.TABLES[name]) for name in ("friends", "friend_plays")}
    tables = {
        "catalogue": table,
        "artists": songs.artists(rows, heard, genres),
        "plays": heard.rename({"track_mbid": "mbid"}).select(list(schema.TABLES["plays"])),
        "likes": library.likes(scrobbles),
        "playlists": lists,
        "playlist_items": items,
        "tags": tags,
        "similar": crowd.similar(words, table),
        **empty,
    }
    counts = {"library": len(tables["likes"]), "scrobbles": len(scrobbles)}
    about = {
        "format": schema.FORMAT,
        "kind": "history",
        "seed": None,
        "listener": listener,
        "now_playing": None,
        "built_at": _iso(now),
        "first_play": _iso(int(heard["started"][0])),
        "last_play": _iso(int(heard["started"][-1])),
        "shifted_weeks": weeks,
        "counts": counts | {name: len(frame) for name, frame in tables.items()},
    }
    return tables, about


def _listener(history: Path) -> dict[str, str]:
    """Someone named after the file."""
    name = re.sub(r"[^0-9a-z]+", "_", history.stem.lower()).strip("_") or "listener"
    return {"id": name, "display_name": name.replace("_", " ").title(), "lastfm_user": name, "listenbrainz_user": name}


def _iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
