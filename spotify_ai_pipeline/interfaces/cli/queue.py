"""`spotify-ai queue`: the songs that wait, those on trial, and your answers."""

from __future__ import annotations

from dataclasses import asdict

import click

from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.interfaces.cli.console import console, plain, print_json, table
from spotify_ai_pipeline.interfaces.cli.options import json_option
from spotify_ai_pipeline.interfaces.views.wording import when
from spotify_ai_pipeline.storage import queue as questions
from spotify_ai_pipeline.storage.workspace import Workspace

ANSWERED = ("approved", "rejected", "later", "expired")


@click.command(name="queue")
@click.argument("item", metavar="[ID]", type=int, required=False)
@click.option("--answered", is_flag=True, help="Show the songs that were answered or have expired instead.")
@json_option
def queue(item: int | None, answered: bool, as_json: bool) -> None:
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
    shown = table("ID", "status", "artist", "title", "match", "heard", "from", "why", right=("ID", "match", "heard"))
    for one in found:
        match = "" if one.chance is None else f"{one.chance:.0%}"
        heard = f"{one.plays - one.skips}/{one.plays}" if one.plays else ""
        shown.add_row(
            str(one.item_id),
            one.status,
            plain(one.artist),
            plain(one.title),
            match,
            heard,
            one.source,
            plain(one.reason),
        )
    console.print(shown)


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
