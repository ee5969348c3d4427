"""Refreshing the mix, and showing what came out."""

from __future__ import annotations

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


def run(home: Home, job: str, *, quiet: bool = False) -> RunDisplay:
    """Runs ``job`` with progress; raises ``Problem`` with what the failed step said."""
    from spotify_ai_pipeline.automation.run import run_job  # Dagster takes its second only where a job runs

    console.quiet = quiet
    with RunDisplay() as display:
        result = run_job(home, job, display.on_event)
    console.quiet = False
    if not result.success:
        raise Problem(f"{result.error or 'the run failed'} (run {result.run_id[:8]}; details: `spotify-ai up`, Runs)")
    return display
