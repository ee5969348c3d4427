"""The mix and its last change, as tables and as data."""

from __future__ import annotations

from typing import Any

import polars as pl
from rich.text import Text

from spotify_ai_pipeline.interfaces.cli.console import console, plain, table
from spotify_ai_pipeline.storage import playlists
from spotify_ai_pipeline.storage.home import Home

SLOT_STYLE = {"core": "green", "exploration": "cyan", "discovery": "magenta"}
PARTS = ("taste", "mood", "freshness")


def mix_table(home: Home) -> None:
    """The songs of the mix, in order."""
    listed = home.lake.read("playlist", "mix").drop_nulls("rank").sort("rank")
    shown = table(
        "#",
        "slot",
        "artist",
        "title",
        "score",
        *PARTS,
        "why",
        title=_title(home, listed.height),
        right=("#", "score", *PARTS),
    )
    for row in listed.iter_rows(named=True):
        mark = "+" if row["change"] == "new" else " "
        slot = Text(row["slot"], SLOT_STYLE[row["slot"]])
        numbers = ["" if row[part] is None else f"{row[part]:.2f}" for part in ("score", *PARTS)]
        shown.add_row(
            f"{mark}{row['rank']:>3}", slot, plain(row["artist"]), plain(row["title"]), *numbers, plain(row["reason"])
        )
    console.print(shown)


def change(home: Home) -> None:
    """What the last refresh changed: songs that came, songs that left, and why."""
    decided = home.lake.read("playlist", "mix")
    new, out = decided.filter(change="new"), decided.filter(change="out")
    last = home.state.rows("SELECT outcome FROM refreshes ORDER BY refresh_id DESC LIMIT 1")
    outcome = last[0]["outcome"] if last else "not written yet"
    console.print(
        f"[bold]{home.settings.spotify.playlist_name}[/] {outcome}: +{new.height} −{out.height}  {playlist_link(home)}"
    )
    if outcome == "filled":
        return
    for sign, style, rows in (("+", "green", new), ("−", "red", out)):
        for row in rows.iter_rows(named=True):
            console.print(
                Text.assemble((f"{sign} ", style), f"{row['artist']} — {row['title']}", (f"  {row['reason']}", "dim"))
            )


def mix_as_data(home: Home) -> dict[str, Any]:
    """The mix, and what came and left, for scripts."""
    decided = home.lake.read("playlist", "mix")
    listed = decided.drop_nulls("rank").sort("rank")
    return {
        "playlist": playlist_link(home),
        "songs": listed.to_dicts(),
        "added": _names(decided.filter(change="new")),
        "removed": _names(decided.filter(change="out")),
    }


def playlist_link(home: Home) -> str:
    """The playlist's address; empty before it was made."""
    known = playlists.written(home.state)
    return f"https://open.spotify.com/playlist/{known.playlist_id}" if known else ""


def _title(home: Home, songs: int) -> str:
    return f"{home.settings.spotify.playlist_name}: {songs} songs for {home.settings.listener.name} (+ new in the last refresh)"


def _names(rows: pl.DataFrame) -> list[dict[str, Any]]:
    return rows.select("song_id", "track_id", "artist", "title", "reason").to_dicts()
