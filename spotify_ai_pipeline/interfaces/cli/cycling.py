"""`spotify-ai cycling`: how fast the list turns over."""

from __future__ import annotations

import click

from spotify_ai_pipeline.interfaces.cli.console import console, print_json
from spotify_ai_pipeline.interfaces.cli.dials import agree
from spotify_ai_pipeline.interfaces.cli.options import json_option
from spotify_ai_pipeline.interfaces.views.dials import CYCLING, turn_cycling
from spotify_ai_pipeline.storage.workspace import Workspace


@click.command()
@click.argument("value", type=click.IntRange(1, 10), required=False, metavar="[1-10]")
@click.option("--yes", is_flag=True, help="Set it without asking.")
@json_option
def cycling(value: int | None, yes: bool, as_json: bool) -> None:
    """Show or set how fast the list turns over: 1 keeps songs long, 5 weighs old and new alike, 10 replaces songs soon.
    A new value shows first which songs it would bring and take.

    It is the setting cycling.aggressiveness; `spotify-ai config unset cycling.aggressiveness` takes your change back.
    """
    workspace = Workspace.open()
    if value is not None and not as_json and not agree(workspace, CYCLING, value, yes):
        return
    found, line = turn_cycling(workspace, value)
    if as_json:
        print_json(found)
    else:
        console.print(line)
