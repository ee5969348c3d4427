"""Refreshing the mix, and showing what came out."""

from __future__ import annotations

import gc
from collections.abc import Mapping
from datetime import datetime

import click

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.interfaces.cli import sandbox
from spotify_ai_pipeline.interfaces.cli.console import console, print_json
from spotify_ai_pipeline.interfaces.cli.progress import RunDisplay
from spotify_ai_pipeline.interfaces.views import mix_view
from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline.storage.playlists import MIX
from spotify_ai_pipeline.storage.workspace import Workspace


@click.command()
@click.option("--features", is_flag=True, help="Also look up audio features and tags of new songs, and embed them.")
@click.option(
    "--adventurous",
    type=click.IntRange(0, 10),
    metavar="0..10",
    help="This time only: 0 brings nothing back and nothing new, 5 is as usual, 10 twice as much. For good: "
    "`spotify-ai config set playlist.adventurousness N`.",
)
@click.option("--dry-run", is_flag=True, help="Read what is new and show what would change; write nothing to Spotify.")
@click.option("--json", "as_json", is_flag=True, help="Print the mix and the change as JSON.")
def refresh(features: bool, adventurous: int | None, dry_run: bool, as_json: bool) -> None:
    """Update the AI Mix: read what is new, decide, write, read back.

    A refresh changes only a little. Songs that you pinned or added by hand stay, and every change has a reason.
    `spotify-ai undo` takes the last refresh back, `spotify-ai log` shows all of them.
    """
    workspace = Workspace.open()
    first = not workspace.lake.current(datasets.SONG_EMBEDDINGS)
    if dry_run and first:
        raise UserError("there is no list yet; the first `spotify-ai refresh` fills it")
    with sandbox.beside(workspace):
        if dry_run:
            run(workspace, "read_what_is_new", quiet=as_json)
            preview(workspace, adventurous, as_json=as_json)
            return
        job = "everything" if features or first else "refresh_the_mix"
        tags = {} if adventurous is None else {"spotify_ai/adventurous": str(adventurous)}
        run(workspace, job, quiet=as_json, tags=tags)
    if as_json:
        print_json(mix_view.mix_as_data(workspace))
    else:
        mix_view.change(workspace)


def preview(workspace: Workspace, adventurous: int | None, *, as_json: bool) -> None:
    """Decides as a refresh would, and shows it."""
    from spotify_ai_pipeline.defs.playlist.mix_inputs import Material, decide_list

    made = decide_list(workspace, MIX, Material.of_lake(workspace), clock.now(), adventurous)
    if as_json:
        print_json(mix_view.decision_as_data(workspace, made.decision.table) | {"written": False})
        return
    mix_view.diff(workspace.settings.spotify.playlist_name, "would change", made.decision.table)
    mix_view.spacing(workspace, made.decision.table)
    console.print("nothing was written; `spotify-ai refresh` writes it")


@click.command()
@click.argument("first")
@click.argument("last")
def backfill(first: str, last: str) -> None:
    """Read the scrobbles of the months FIRST to LAST (2019-01 2023-12) in one run.

    It stops when the day's budget is used up. The same command then goes on: it never asks again for months that are final.
    """
    workspace = Workspace.open()
    months = [_month(first), _month(last)]
    if months != sorted(months) or months[1] > f"{clock.utc_now():%Y-%m}":
        raise UserError(f"{first} to {last}: name the earlier month first, and no month in the future")
    with sandbox.beside(workspace):
        from spotify_ai_pipeline.defs.automation.run import learn_first_month
        from spotify_ai_pipeline.defs.automation.run_months import RANGE_END, RANGE_START

        known = learn_first_month(workspace)
        if known is None or months[1] < known:
            raise UserError(
                f"your history on Last.fm begins in {known or 'no month that is known'}; there is nothing to read"
            )
        run(workspace, "fill_history", tags={RANGE_START: max(months[0], known), RANGE_END: months[1]})
    rows = workspace.lake.partition_rows(datasets.SCROBBLES)
    read = {month: count for month, count in rows.items() if months[0] <= month <= months[1]}
    console.print(
        f"{sum(read.values()):,} scrobbles in {len(read)} months; they count from the next `spotify-ai refresh`"
    )


def _month(text: str) -> str:
    try:
        return f"{datetime.strptime(text, '%Y-%m'):%Y-%m}"
    except ValueError:
        raise UserError(f"{text} is no month; write it like 2023-12") from None


def run(workspace: Workspace, job: str, *, quiet: bool = False, tags: Mapping[str, str] | None = None) -> RunDisplay:
    """Runs ``job`` with progress; raises ``UserError`` with what the failed step said."""
    from spotify_ai_pipeline.defs.automation.run import run_job  # Dagster takes its second only where a job runs

    gc.freeze()  # what is loaded stays: the collector looking it over took a quarter of the time of reading a history
    console.quiet = quiet
    with RunDisplay() as display:
        result = run_job(workspace, job, display.on_event, tags)
    console.quiet = False
    if not result.success:
        raise UserError(f"{result.error or 'the run failed'} (run {result.run_id[:8]}; details: `spotify-ai up`, Runs)")
    return display
