"""`spotify-ai adventure`: the second list, of songs that you hardly know."""

from __future__ import annotations

import click

from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.interfaces.cli import sandbox
from spotify_ai_pipeline.interfaces.cli.console import print_json, report
from spotify_ai_pipeline.interfaces.cli.dials import agree
from spotify_ai_pipeline.interfaces.cli.mix import print_change, print_songs
from spotify_ai_pipeline.interfaces.cli.options import Group, json_option
from spotify_ai_pipeline.interfaces.cli.progress import run_job
from spotify_ai_pipeline.interfaces.views import mix_view
from spotify_ai_pipeline.storage.playlists import ADVENTURE
from spotify_ai_pipeline.storage.workspace import Workspace

ENABLED, DIAL = "adventure.enabled", "adventure.dial"


@click.group(cls=Group)
def adventure() -> None:
    """Keep a second, novel playlist: songs on trial, and songs of yours that you hardly ever heard.

    It holds no song of the AI Mix, shares verdicts and trials with it, and follows the same rules. It is off until you turn
    it on.
    """


@adventure.command()
@json_option
def on(as_json: bool) -> None:
    """Turn it on: from now on every `spotify-ai refresh` updates it."""
    workspace = Workspace.open()
    workspace.state.set_override(ENABLED, True)
    name = workspace.settings.spotify.adventure_name
    report(f"{name} is on; `spotify-ai adventure refresh` fills it now", as_json, name=name, on=True)


@adventure.command()
@json_option
def off(as_json: bool) -> None:
    """Turn it off: the playlist stays on Spotify as it is, and no refresh changes it."""
    workspace = Workspace.open()
    workspace.state.set_override(ENABLED, False)
    name = workspace.settings.spotify.adventure_name
    report(f"{name} is off; its playlist stays as it is; delete it when you like", as_json, name=name, on=False)


@adventure.command()
@click.argument("value", type=click.IntRange(0, 10), metavar="0..10")
@click.option("--yes", is_flag=True, help="Set it without asking.")
@json_option
def dial(value: int, yes: bool, as_json: bool) -> None:
    """Set how novel it is: at 0 a fifth of the songs is on trial and the rest long unheard, at 10 four fifths are on trial.

    The songs that the new value would bring and take are shown first.
    """
    workspace = Workspace.open()
    if not as_json and not agree(workspace, DIAL, value, yes):
        return
    before = workspace.settings.adventure.dial
    workspace.state.set_override(DIAL, value)
    line = f"dial {value} of 10 (was {before}); it counts from the next `spotify-ai refresh` on"
    report(line, as_json, dial=value, before=before)


@adventure.command(name="show")
@json_option
def show_(as_json: bool) -> None:
    """Show the list as last decided, with slot, score and reason of each song."""
    workspace = _enabled()
    if as_json:
        print_json(mix_view.mix_as_data(workspace, ADVENTURE))
    else:
        print_songs(workspace, ADVENTURE)


@adventure.command()
@json_option
def refresh(as_json: bool) -> None:
    """Update this list alone, from the data that was read last."""
    workspace = _enabled()
    with sandbox.beside(workspace):
        run_job(workspace, "refresh_the_adventure", quiet=as_json)
    if as_json:
        print_json(mix_view.mix_as_data(workspace, ADVENTURE))
    else:
        print_change(workspace, ADVENTURE)


def _enabled() -> Workspace:
    workspace = Workspace.open()
    if not workspace.settings.adventure.enabled:
        raise UserError(f"{workspace.settings.spotify.adventure_name} is off; `spotify-ai adventure on` turns it on")
    return workspace
