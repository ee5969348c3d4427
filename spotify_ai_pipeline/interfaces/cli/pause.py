"""`spotify-ai pause`: silence for the notifications of the bot."""

from __future__ import annotations

import click

from spotify_ai_pipeline.app import notification_policy
from spotify_ai_pipeline.interfaces.cli.console import console, print_json
from spotify_ai_pipeline.interfaces.cli.options import json_option
from spotify_ai_pipeline.interfaces.views import wording
from spotify_ai_pipeline.storage.workspace import Workspace


@click.command()
@click.argument("span", default="1d")
@json_option
def pause(span: str, as_json: bool) -> None:
    """Stop the notifications of the bot for SPAN (3h, 2d, 30d at most; default 1d); `off` ends the pause.

    Refreshes go on. Each kind of notification has a switch of its own: proactive.* in `spotify-ai config`.
    """
    seconds = None if span == "off" else wording.seconds_of(span)
    if seconds is None and span != "off":
        raise click.BadParameter(f"{span!r} is no time such as 3h or 2d (30d at most), nor off")
    workspace = Workspace.open()
    until = notification_policy.pause(workspace, seconds)
    if as_json:
        print_json({"until": until})
    else:
        console.print(f"quiet until {wording.when(workspace, until)}" if until else "the pause is over")
