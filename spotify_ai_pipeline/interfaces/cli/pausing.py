"""`spotify-ai pause`: silence for the notifications of the bot."""

from __future__ import annotations

import click

from spotify_ai_pipeline.interfaces import words
from spotify_ai_pipeline.interfaces.cli.console import console, print_json
from spotify_ai_pipeline.interfaces.cli.look import json_option
from spotify_ai_pipeline.services import speaking
from spotify_ai_pipeline.storage.home import Home


@click.command()
@click.argument("span", default="1d")
@json_option
def pause(span: str, as_json: bool) -> None:
    """Stop the notifications of the bot for SPAN (3h, 2d, 30d at most; default 1d); `off` ends the pause.

    Refreshes go on. Each kind of notification has a switch of its own: proactive.* in `spotify-ai config`.
    """
    seconds = None if span == "off" else words.seconds_of(span)
    if seconds is None and span != "off":
        raise click.BadParameter(f"{span!r} is no time such as 3h or 2d (30d at most), nor off")
    home = Home.open()
    until = speaking.pause(home, seconds)
    if as_json:
        print_json({"until": until})
    else:
        console.print(f"quiet until {words.when(home, until)}" if until else "the pause is over")
