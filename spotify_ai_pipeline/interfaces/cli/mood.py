"""`spotify-ai mood`: the mood that the mix follows, and the one that you ask for."""

from __future__ import annotations

from collections.abc import Callable

import click

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.app import mood_requests
from spotify_ai_pipeline.interfaces.cli import sandbox
from spotify_ai_pipeline.interfaces.cli.console import console, plain, print_json
from spotify_ai_pipeline.interfaces.cli.mix import print_change
from spotify_ai_pipeline.interfaces.cli.options import json_option
from spotify_ai_pipeline.interfaces.cli.progress import run_job
from spotify_ai_pipeline.interfaces.views import mix_view, wording
from spotify_ai_pipeline.storage import datasets, moods
from spotify_ai_pipeline.storage.workspace import Workspace

NEXT = "it counts from the next `spotify-ai refresh` on"


class _Span(click.ParamType):
    """A time such as 45m, 3h or 2d, in seconds."""

    name = "SPAN"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        seconds = wording.seconds_of(str(value))
        if seconds is None:
            self.fail(f"{value!r} is no time such as 45m, 3h or 2d (30d at most)", param, ctx)
        return seconds


@click.command()
@click.argument("words", nargs=-1)
@click.option(
    "--for", "span", type=_Span(), help="How long WORDS count: 45m, 3h, 2d; default: as long as they say, else 3h."
)
@click.option("--more", metavar="WORDS", help="Move the mood in force towards WORDS, such as energetic.")
@click.option("--less", metavar="WORDS", help="Move the mood in force away from WORDS.")
@click.option("--refresh", is_flag=True, help="Refresh the mix at once.")
@click.option("--clear", is_flag=True, help="Take back the mood that you asked for.")
@json_option
def mood(
    words: tuple[str, ...],
    span: float | None,
    more: str | None,
    less: str | None,
    refresh: bool,
    clear: bool,
    as_json: bool,
) -> None:
    """Show the mood that the mix follows, or ask for one in WORDS: "rainy sunday, nothing too loud", "nineties for two hours".

    With a key, Claude reads the words and answers with numbers and your own tags and clusters, never with songs. Without one a
    lexicon reads them, and an encoder for phrases of any language after `make words`. The command shows what it understood;
    --more and --less correct it.

    The mix follows a mood that you ask for until its time is over. Without one, your recent listens and your habit at this
    hour make the mood (it moves the mix if scoring.mood_weight is above 0).
    """
    if sum(map(bool, (words, clear, more, less))) > 1:
        raise click.UsageError("give WORDS, --more, --less or --clear, one at a time")
    workspace = Workspace.open()
    if clear:
        taken = moods.clear(workspace.state)
        console.print(f"taken back; {NEXT}" if taken else "you asked for no mood: there is nothing to take back")
    elif more or less:
        _follow(workspace, lambda: mood_requests.correct(workspace, more or less or "", bool(less)), refresh, as_json)
    elif words:
        _follow(workspace, lambda: mood_requests.ask_for(workspace, " ".join(words), span), refresh, as_json)
    else:
        _show_mood(workspace, as_json)


def _follow(workspace: Workspace, ask: Callable[[], mood_requests.MoodRequest], refresh: bool, as_json: bool) -> None:
    with sandbox.beside(workspace):
        asked = ask()
        if not as_json:
            console.print(plain(wording.describe_request(workspace, asked) + ("" if refresh else f"; {NEXT}")))
            for bar in wording.mood_bars(asked.wish):
                console.print(plain(bar))
        if refresh:
            run_job(workspace, "refresh_the_mix", quiet=as_json)
    if as_json:
        told = {"understood_by": asked.by, "note": asked.note, "until": asked.until, **asked.wish.as_data()}
        print_json(told | ({"mix": mix_view.mix_as_data(workspace)} if refresh else {}))
    elif refresh:
        print_change(workspace)


def _show_mood(workspace: Workspace, as_json: bool) -> None:
    if as_json:
        said = moods.in_force(workspace.state, clock.now())
        made = workspace.lake.read(datasets.MOOD).drop("vector").to_dicts()
        print_json({"asked_for": vars(said) if said else None, "mood": made[0] if made else None})
        return
    for line in wording.describe_mood(workspace):
        console.print(plain(line))
