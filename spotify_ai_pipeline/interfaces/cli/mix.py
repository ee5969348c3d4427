"""`spotify-ai mix`, and how every command prints a list and its change."""

from __future__ import annotations

from collections.abc import Iterator

import click
import polars as pl
from rich.table import Table
from rich.text import Text

from spotify_ai_pipeline.interfaces.cli.console import console, is_wide, listing, plain, print_json, song_name, table
from spotify_ai_pipeline.interfaces.cli.options import json_option
from spotify_ai_pipeline.interfaces.views import mix_view
from spotify_ai_pipeline.interfaces.views.mix_view import PARTS
from spotify_ai_pipeline.interfaces.views.wording import count_of, outcome_words
from spotify_ai_pipeline.music.mix.target_ids import link_of
from spotify_ai_pipeline.storage import datasets, playlists
from spotify_ai_pipeline.storage.playlists import MIX
from spotify_ai_pipeline.storage.workspace import Workspace

SLOT_STYLE = dict(zip(mix_view.SLOTS, ("green", "cyan", "magenta"), strict=True))


@click.command()
@json_option
def mix(as_json: bool) -> None:
    """Show the AI Mix as last decided: each song with its slot and its reason, in a wide terminal with the parts of its score."""
    workspace = Workspace.open()
    if as_json:
        print_json(mix_view.mix_as_data(workspace))
    else:
        print_songs(workspace)


def print_songs(workspace: Workspace, name: str = MIX, most: int | None = None) -> None:
    """Prints the songs of the list, in order; the first ``most`` of them where that is given."""
    listed = mix_view.read_songs(workspace, name)
    shown = listed.head(most) if most else listed
    title, listener = playlists.title(workspace.settings, name), workspace.settings.listener.name
    console.print(plain(f"{title}: {count_of(listed.height, 'song')} for {listener} (+ is new)"), style="bold")
    console.print(_scored(shown) if is_wide() else listing(_lines(shown)))
    if shown.height < listed.height:
        console.print(f"and {listed.height - shown.height} more: spotify-ai mix", style="dim")


def _lines(listed: pl.DataFrame) -> Iterator[tuple[str, Text, str]]:
    for row in listed.iter_rows(named=True):
        mark = "+" if row["change"] == "new" else " "
        name = song_name(row["artist"], row["title"], link_of(row["track_id"]))
        yield f"{mark}{row['rank']:>3}", name, f"{row['slot']}: {row['reason']}"


def _scored(listed: pl.DataFrame) -> Table:
    shown = table("#", "slot", "song", "score", *PARTS, "why", right=("#", "score", *PARTS))
    for row in listed.iter_rows(named=True):
        mark = "+" if row["change"] == "new" else " "
        numbers = ["" if row[part] is None else f"{row[part]:.2f}" for part in ("score", *PARTS)]
        name = song_name(row["artist"], row["title"], link_of(row["track_id"]))
        slot = Text(row["slot"], SLOT_STYLE[row["slot"]])
        shown.add_row(f"{mark}{row['rank']:>3}", slot, name, *numbers, plain(row["reason"]))
    return shown


def print_change(workspace: Workspace, name: str = MIX) -> None:
    """Prints what the last refresh changed: songs that came, songs that left, and why."""
    decided = workspace.lake.read(datasets.DECISIONS[name])
    last = playlists.refreshes(workspace.state, name, 1)
    outcome = last[0].outcome if last else "not written yet"
    print_diff(playlists.title(workspace.settings, name), outcome, decided, mix_view.playlist_link(workspace, name))
    print_spacing(workspace, decided)
    songs, target = decided.drop_nulls("rank").height, mix_view.playlist_size(workspace, name)
    if songs < target:
        console.print(f"{count_of(target - songs, 'song')} short of {target}: the next refreshes fill it")


def print_diff(title: str, outcome: str, decided: pl.DataFrame, link: str = "") -> None:
    """Prints the songs that come and go in a decision, each with why. A first fill is only counted."""
    new, out = decided.filter(change="new"), decided.filter(change="out")
    console.print(plain(f"{title} {outcome_words(outcome)}: +{new.height} −{out.height}"))
    if link:
        console.print(plain(link), soft_wrap=True)
    if outcome == "filled":
        return
    for sign, style, rows in (("+", "green", new), ("−", "red", out)):
        for row in rows.iter_rows(named=True):
            about = Text.assemble(f"{row['artist']} — {row['title']}", (f"  {row['reason']}", "dim"))
            console.print(listing([(f"[{style}]{sign}[/]", about, "")]))


def print_spacing(workspace: Workspace, decided: pl.DataFrame) -> None:
    """Prints which artists have too many songs on the list to be spaced as wished."""
    from spotify_ai_pipeline.music.mix.decide import nearer

    wished = workspace.settings.playlist.min_artist_spacing
    found = nearer(decided, wished)
    if not found:
        return
    parts = [f"{artist} ({count_of(between, 'song')} between)" for artist, between in found.items()]
    console.print(
        plain(
            f"Nearer than {count_of(wished, 'song')} apart, because the list has so many of theirs: {', '.join(parts)}"
        ),
        style="dim",
    )
