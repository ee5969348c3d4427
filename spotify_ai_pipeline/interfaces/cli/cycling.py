"""`spotify-ai cycling`: how fast the list turns over."""

from __future__ import annotations

import click

from spotify_ai_pipeline.interfaces.cli.console import console, print_json
from spotify_ai_pipeline.interfaces.cli.mix import json_option
from spotify_ai_pipeline.music.mix import loyalty
from spotify_ai_pipeline.storage.workspace import Workspace

KEY = "cycling.aggressiveness"


@click.command()
@click.argument("value", type=click.IntRange(1, 10), required=False, metavar="[1-10]")
@json_option
def cycling(value: int | None, as_json: bool) -> None:
    """Show or set how fast the list turns over: 1 keeps songs long, 5 weighs old and new alike, 10 replaces songs soon.

    It is the setting cycling.aggressiveness; `spotify-ai config unset cycling.aggressiveness` takes your change back.
    """
    workspace = Workspace.open()
    found, line = turn(workspace, value)
    if as_json:
        print_json(found)
    else:
        console.print(line)


def turn(workspace: Workspace, value: int | None) -> tuple[dict[str, float], str]:
    """Sets the dial where ``value`` is given; what it is now, as data and in words."""
    before = workspace.settings.cycling.aggressiveness
    if value is not None:
        workspace.state.set_override(KEY, value)
        workspace = Workspace.open(workspace.root)
    now = workspace.settings.cycling
    was = f" (was {before})" if value is not None else ""
    line = f"cycling {now.aggressiveness} of 10{was}: a song on the list counts {loyalty(now):.1f} times its score"
    found = {KEY: now.aggressiveness, "before": before, "score of a song on the list counts": loyalty(now)}
    return found, line
