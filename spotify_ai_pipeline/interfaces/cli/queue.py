"""`spotify-ai queue`: the songs that wait, those on trial, and your answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict

import click
from rich.table import Table
from rich.text import Text

from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.interfaces.cli.console import console, is_wide, listing, plain, print_json, song_name, table
from spotify_ai_pipeline.interfaces.cli.options import json_option
from spotify_ai_pipeline.interfaces.views.wording import count_of, when
from spotify_ai_pipeline.storage import queue as questions
from spotify_ai_pipeline.storage.workspace import Workspace

SHOWN = 20
"""Songs that are shown where not all are asked for."""
ANSWERED = ("approved", "rejected", "later", "expired")


@click.command(name="queue")
@click.argument("item", metavar="[ID]", type=int, required=False)
@click.option("--answered", is_flag=True, help="Show the songs that were answered or have expired instead.")
@click.option("--all", "every", is_flag=True, help=f"Show all of them, not the first {SHOWN}.")
@json_option
def queue(item: int | None, answered: bool, every: bool, as_json: bool) -> None:
    """List the songs that you are or will be asked about; with ID, show every step of one of them.

    A new song is pending, then on trial on the mix. Once you heard it often enough, you are asked about it. It ends approved,
    rejected, put off (later) or expired. Answer with `spotify-ai next`, or with approve, reject or later and the number.
    """
    workspace = Workspace.open()
    if item is not None:
        _print_life(workspace, item, as_json=as_json)
        return
    found = questions.items(workspace.state, ANSWERED if answered else questions.OPEN)
    if as_json:
        print_json([asdict(one) | {"link": one.link} for one in found])
        return
    if not found:
        console.print(
            "Nothing was answered yet." if answered else "Nothing waits. `spotify-ai discover` looks for new songs."
        )
        return
    shown = found if every else found[:SHOWN]
    console.print(_wide(shown) if is_wide() else listing(_lines(shown)))
    if len(shown) < len(found):
        console.print(f"and {len(found) - len(shown)} more: --all", style="dim")


def _lines(found: Sequence[questions.Question]) -> Iterator[tuple[str, Text, str]]:
    for one in found:
        number = [] if one.chance is None else [f"match {one.chance:.0%}"]
        heard = [f"heard {one.plays - one.skips} of {count_of(one.plays, 'time')}"] if one.plays else []
        told = ", ".join([one.status, *number, *heard])
        yield str(one.item_id), song_name(one.artist, one.title, one.link), f"{told}: {one.reason}"


def _wide(found: Sequence[questions.Question]) -> Table:
    shown = table("ID", "status", "song", "match", "heard", "from", "why", right=("ID", "match", "heard"))
    for one in found:
        match = "" if one.chance is None else f"{one.chance:.0%}"
        heard = f"{one.plays - one.skips}/{one.plays}" if one.plays else ""
        name = song_name(one.artist, one.title, one.link)
        shown.add_row(str(one.item_id), one.status, name, match, heard, one.source, plain(one.reason))
    return shown


def _print_life(workspace: Workspace, item: int, *, as_json: bool) -> None:
    question = questions.item(workspace.state, item)
    if question is None:
        raise UserError(f"{item}: there is no question of that number; `spotify-ai queue` lists them")
    steps = questions.steps(workspace.state, item)
    if as_json:
        print_json(
            asdict(question)
            | {"link": question.link, "steps": [{"status": status, "at": at, "why": why} for status, at, why in steps]}
        )
        return
    console.print(plain(f"{question.title} — {question.artist}  {question.link}"), style="bold")
    for status, at, why in steps:
        console.print(plain(f"  {when(workspace, at)}  {status:<9} {why}"))
