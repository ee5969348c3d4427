"""The mix and its last change, as tables and as data."""

from __future__ import annotations

from typing import Any

import polars as pl
from rich.text import Text

from spotify_ai_pipeline.app.managed_playlists import named
from spotify_ai_pipeline.interfaces.cli.console import console, plain, table
from spotify_ai_pipeline.music.mix.decide import nearer
from spotify_ai_pipeline.storage import datasets, playlists
from spotify_ai_pipeline.storage.playlists import MIX
from spotify_ai_pipeline.storage.workspace import Workspace

SLOT_STYLE = {"core": "green", "exploration": "cyan", "discovery": "magenta"}
PARTS = ("taste", "mood", "freshness")


def mix_table(workspace: Workspace, name: str = MIX) -> None:
    """The songs of the list, in order."""
    listed = workspace.lake.read(datasets.DECISIONS[name]).drop_nulls("rank").sort("rank")
    shown = table(
        "#",
        "slot",
        "artist",
        "title",
        "score",
        *PARTS,
        "why",
        title=_title(workspace, listed.height, name),
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


def change(workspace: Workspace, name: str = MIX) -> None:
    """What the last refresh changed: songs that came, songs that left, and why."""
    decided = workspace.lake.read(datasets.DECISIONS[name])
    last = playlists.refreshes(workspace.state, name, 1)
    outcome = last[0].outcome if last else "not written yet"
    title = named(workspace.settings, name).title
    diff(title, outcome, decided, playlist_link(workspace, name))
    spacing(workspace, decided)
    songs, target = decided.drop_nulls("rank").height, playlist_size(workspace, name)
    if songs < target:
        console.print(f"{target - songs} songs short of {target}: the next refreshes fill it")


def diff(title: str, outcome: str, decided: pl.DataFrame, link: str = "") -> None:
    """The songs that come and go in a decision, each with why; a first fill is only counted."""
    new, out = decided.filter(change="new"), decided.filter(change="out")
    console.print(plain(f"{title} {outcome}: +{new.height} −{out.height}  {link}"), soft_wrap=True)
    if outcome == "filled":
        return
    for sign, style, rows in (("+", "green", new), ("−", "red", out)):
        for row in rows.iter_rows(named=True):
            console.print(
                Text.assemble((f"{sign} ", style), f"{row['artist']} — {row['title']}", (f"  {row['reason']}", "dim"))
            )


def mix_as_data(workspace: Workspace, name: str = MIX) -> dict[str, Any]:
    """The list as last decided, and what came and left, for scripts."""
    return decision_as_data(workspace, workspace.lake.read(datasets.DECISIONS[name]), name)


def decision_as_data(workspace: Workspace, decided: pl.DataFrame, name: str = MIX) -> dict[str, Any]:
    listed = decided.drop_nulls("rank").sort("rank")
    return {
        "playlist": playlist_link(workspace, name),
        "songs": listed.to_dicts(),
        "added": _names(decided.filter(change="new")),
        "removed": _names(decided.filter(change="out")),
    }


def spacing(workspace: Workspace, decided: pl.DataFrame) -> None:
    """Which artists have too many songs on the list to be spaced as wished."""
    wished = workspace.settings.playlist.min_artist_spacing
    if found := nearer(decided, wished):
        parts = ", ".join(f"{artist} {between}" for artist, between in found.items())
        console.print(
            plain(f"spacing of {wished} could not be kept everywhere; songs between two of one artist: {parts}"),
            style="yellow",
        )


def playlist_size(workspace: Workspace, name: str = MIX) -> int:
    return workspace.settings.playlist.target_size if name == MIX else workspace.settings.adventure.target_size


def playlist_link(workspace: Workspace, name: str = MIX) -> str:
    """The playlist's address; empty before it was made."""
    known = playlists.written(workspace.state, name)
    return f"https://open.spotify.com/playlist/{known.playlist_id}" if known else ""


def _title(workspace: Workspace, songs: int, name: str) -> str:
    title, listener = named(workspace.settings, name).title, workspace.settings.listener.name
    return f"{title}: {songs} songs for {listener} (+ new in the last refresh)"


def _names(rows: pl.DataFrame) -> list[dict[str, Any]]:
    return rows.select("song_id", "track_id", "artist", "title", "reason").to_dicts()
