"""Refreshing the mix, and showing what came out."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from spotify_ai_pipeline.interfaces.cli import sandboxes, show
from spotify_ai_pipeline.interfaces.cli.console import console, print_json
from spotify_ai_pipeline.interfaces.cli.progress import RunDisplay
from spotify_ai_pipeline.problems import Problem
from spotify_ai_pipeline.storage.home import Home


@click.command()
@click.option("--features", is_flag=True, help="Also look up audio features and tags of new songs, and embed them.")
@click.option("--json", "as_json", is_flag=True, help="Print the mix and the change as JSON.")
def refresh(features: bool, as_json: bool) -> None:
    """Bring the AI Mix up to date: read what is new, decide, write, read back."""
    home = Home.open()
    with sandboxes.beside(home):
        run(
            home,
            "everything" if features or not home.lake.current("features", "song_embeddings") else "refresh_the_mix",
            quiet=as_json,
        )
    if as_json:
        print_json(show.mix_as_data(home))
    else:
        show.change(home)


@click.command()
@click.argument("first")
@click.argument("last")
def backfill(first: str, last: str) -> None:
    """Read the scrobbles of the months FIRST to LAST (2019-01 2023-12) in one run.

    It stops where the day's budget is used up. Given again, it goes on there: months that are final are asked for no more.
    """
    home = Home.open()
    months = [_month(first), _month(last)]
    if months != sorted(months) or months[1] > f"{datetime.now(UTC):%Y-%m}":
        raise Problem(f"{first} to {last}: the first month comes first, and the last is over or this one")
    with sandboxes.beside(home):
        from spotify_ai_pipeline.automation.run import learn_first_month

        known = learn_first_month(home)
        if known is None or months[1] < known:
            raise Problem(
                f"your history on Last.fm begins in {known or 'no month that is known'}; there is nothing to read"
            )
        run(home, "fill_history", span=(max(months[0], known), months[1]))
    rows = home.lake.partition_rows("ingest", "scrobbles")
    read = {month: count for month, count in rows.items() if months[0] <= month <= months[1]}
    console.print(
        f"{sum(read.values()):,} scrobbles in {len(read)} months; they count from the next `spotify-ai refresh`"
    )


def _month(text: str) -> str:
    try:
        return f"{datetime.strptime(text, '%Y-%m'):%Y-%m}"
    except ValueError:
        raise Problem(f"{text} is no month; write it like 2023-12") from None


def run(home: Home, job: str, *, quiet: bool = False, span: tuple[str, str] | None = None) -> RunDisplay:
    """Runs ``job`` with progress, over the months of ``span`` where given; raises ``Problem`` with what the failed step said."""
    from spotify_ai_pipeline.automation.run import run_job  # Dagster takes its second only where a job runs

    console.quiet = quiet
    with RunDisplay() as display:
        result = run_job(home, job, display.on_event, span)
    console.quiet = False
    if not result.success:
        raise Problem(f"{result.error or 'the run failed'} (run {result.run_id[:8]}; details: `spotify-ai up`, Runs)")
    return display
