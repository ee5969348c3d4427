"""`spotify-ai why`: the parts of a song's score."""

from __future__ import annotations

import click
from rich.table import Table

from spotify_ai_pipeline.interfaces.cli.choose import choose_song
from spotify_ai_pipeline.interfaces.cli.console import console, is_wide, listing, plain, print_json, table
from spotify_ai_pipeline.interfaces.cli.options import json_option
from spotify_ai_pipeline.interfaces.views.why import explain_song
from spotify_ai_pipeline.music.taste.explain import Part
from spotify_ai_pipeline.storage.workspace import Workspace

BAR = 24
"""Characters of the longest bar."""


@click.command()
@click.argument("song")
@json_option
def why(song: str, as_json: bool) -> None:
    """Show why SONG (a part of its title, of "artist title", or its id) has its rank.

    The parts sum to the score: the score of an average song of the slot, and what the song's own plays, its artist, the songs
    played beside it, its age, mood and freshness add or take.
    """
    workspace = Workspace.open()
    found = explain_song(workspace, choose_song(workspace, song))
    row = found.song
    if as_json:
        print_json(found.as_data())
        return
    score = "unknown" if row["score"] is None else f"{row['score']:.2f}"
    console.print(plain(f"{row['artist']} — {row['title']}: {found.place} ({row['slot']}, score {score})"))
    console.print(plain(found.story))
    if found.parts:
        console.print(_draw_bars(found.parts))


def _draw_bars(parts: list[Part]) -> Table:
    """The parts and their sum as a table. A full bar adds, a light one takes."""
    longest = max(abs(part.worth) for part in parts) or 1.0
    if not is_wide():
        lines = [(f"{part.worth:+.3f}", plain(part.name), part.says) for part in parts]
        return listing([*lines, (f"{sum(part.worth for part in parts):.3f}", plain("score"), "the sum")])
    shown = table("part", "worth", "", "because", right=("worth",))
    for part in parts:
        bar = ("█" if part.worth >= 0 else "░") * round(BAR * abs(part.worth) / longest)
        shown.add_row(plain(part.name), f"{part.worth:+.3f}", bar, plain(part.says))
    shown.add_row("score", f"{sum(part.worth for part in parts):.3f}", "", "the sum (█ adds, ░ takes)")
    return shown
