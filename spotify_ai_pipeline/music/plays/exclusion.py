"""Exclusion: "that wasn't me". Which listens the listener's rules leave out (``foreign`` finds those to propose)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from spotify_ai_pipeline.music.identity.artists import artist_key

SPAN, ARTIST, PLAYLIST, DEVICE = "span", "artist", "playlist", "device"
KINDS = (SPAN, ARTIST, PLAYLIST, DEVICE)


@dataclass(frozen=True)
class Rule:
    """Listens to leave out: those in [since, until), or those of an artist, a playlist (its id) or a device."""

    kind: str
    value: str = ""
    since: datetime | None = None
    until: datetime | None = None


def excluded(rules: Iterable[Rule], songs: pl.DataFrame, library: pl.DataFrame) -> pl.Expr:
    """Tells whether a listen (song_id, played_at, device, playlist_id) is left out by one of ``rules``.

    A playlist leaves out what is known to have been played from it and, where that is not known, the songs that ``library``
    (list_id, track_id) has on that list alone.
    """
    out = pl.lit(False)
    for rule in rules:
        if rule.kind == SPAN:
            out |= (pl.col("played_at") >= rule.since) & (pl.col("played_at") < rule.until)
        elif rule.kind == ARTIST:
            wanted, named = artist_key(rule.value), songs.select("song_id", "artist").iter_rows()
            out |= pl.col("song_id").is_in([song for song, artist in named if artist_key(artist) == wanted])
        elif rule.kind == PLAYLIST:
            only_there = _songs_only_on(rule.value, songs, library)
            known, unknown = pl.col("playlist_id") == rule.value, pl.col("playlist_id").is_null()
            out |= known.fill_null(False) | (unknown & pl.col("song_id").is_in(only_there))
        else:
            device = pl.col("device").str.to_lowercase().str.contains(rule.value.casefold(), literal=True)
            out |= device.fill_null(False)
    return out.alias("excluded")


def _songs_only_on(playlist_id: str, songs: pl.DataFrame, library: pl.DataFrame) -> list[str]:
    tracks = songs.select("song_id", track_id="track_ids").explode("track_id").drop_nulls()
    lists = library.join(tracks, on="track_id").group_by("song_id").agg(pl.col("list_id").unique())
    alone = (pl.col("list_id").list.len() == 1) & (pl.col("list_id").list.first() == playlist_id)
    return lists.filter(alone)["song_id"].to_list()
