"""`spotify-ai mix`, and how every command prints a list and its change."""

from __future__ import annotations

import click
import polars as pl
from rich.text import Text

from spotify_ai_pipeline.interfaces.cli.console import console, plain, print_json, table
from spotify_ai_pipeline.interfaces.cli.options import json_option
from spotify_ai_pipeline.interfaces.views import mix_view
from spotify_ai_pipeline.interfaces.views.mix_view import PARTS
from spotify_ai_pipeline.interfaces.views.wording import outcome_words
from spotify_ai_pipeline.storage import datasets, playlists
from spotify_ai_pipeline.storage.playlists import MIX
from spotify_ai_pipeline.storage.workspace import Workspace

SLOT_STYLE = dict(zip(mix_view.SLOTS, ("green", "cyan", "magenta"), strict=True))


@click.command()
@json_option
def mix(as_json: bool) -> None:
    """Show the AI Mix as last decided, with the slot, score parts and reason of each song."""
    workspace = Workspace.open()
    if as_json:
        print_json(mix_view.mix_as_data(workspace))
    else:
        print_songs(workspace)


def print_songs(workspace: Workspace, name: str = MIX) -> None:
    """Prints the songs of the list, in order."""
    listed = mix_view.read_songs(workspace, name)
    title, listener = playlists.title(workspace.settings, name), workspace.settings.listener.name
    shown = table(
        "#",
        "slot",
        "artist",
        "title",
        "score",
        *PARTS,
        "why",
        title=f"{title}: {listed.height} songs for {listener} (+ new in the last refresh)",
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


def print_change(workspace: Workspace, name: str = MIX) -> None:
    """Prints what the last refresh changed: songs that came, songs that left, and why."""
    decided = workspace.lake.read(datasets.DECISIONS[name])
    last = playlists.refreshes(workspace.state, name, 1)
    outcome = last[0].outcome if last else "not written yet"
    print_diff(playlists.title(workspace.settings, name), outcome, decided, mix_view.playlist_link(workspace, name))
    print_spacing(workspace, decided)
    songs, target = decided.drop_nulls("rank").height, mix_view.playlist_size(workspace, name)
    if songs < target:
        console.print(f"{target - songs} songs short of {target}: the next refreshes fill it")


def print_diff(title: str, outcome: str, decided: pl.DataFrame, link: str = "") -> None:
    """Prints the songs that come and go in a decision, each with why. A first fill is only counted."""
    new, out = decided.filter(change="new"), decided.filter(change="out")
    console.print(plain(f"{title} {outcome_words(outcome)}: +{new.height} −{out.height}  {link}"), soft_wrap=True)
    if outcome == "filled":
        return
    for sign, style, rows in (("+", "green", new), ("−", "red", out)):
        for row in rows.iter_rows(named=True):
            console.print(
                Text.assemble((f"{sign} ", style), f"{row['artist']} — {row['title']}", (f"  {row['reason']}", "dim"))
            )


def print_spacing(workspace: Workspace, decided: pl.DataFrame) -> None:
    """Prints which artists have too many songs on the list to be spaced as wished."""
    from spotify_ai_pipeline.music.mix.decide import nearer

    wished = workspace.settings.playlist.min_artist_spacing
    if found := nearer(decided, wished):
        parts = ", ".join(f"{artist} {between}" for artist, between in found.items())
        console.print(
            plain(f"spacing of {wished} could not be kept everywhere; songs between two of one artist: {parts}"),
            style="yellow",
        )
