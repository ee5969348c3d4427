"""`spotify-ai discover`: new songs from every source."""

from __future__ import annotations

import click

from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.interfaces.cli import sandbox
from spotify_ai_pipeline.interfaces.cli.console import console, plain, print_json, table
from spotify_ai_pipeline.interfaces.cli.options import json_option
from spotify_ai_pipeline.interfaces.cli.progress import run_job
from spotify_ai_pipeline.interfaces.views.sources import list_sources
from spotify_ai_pipeline.storage import datasets, queue
from spotify_ai_pipeline.storage.workspace import Workspace


@click.command()
@click.option("--sources", "only_show", is_flag=True, help="Show the yield and health of each source, and ask none.")
@json_option
def discover(only_show: bool, as_json: bool) -> None:
    """Ask every source for new songs, and queue the songs that fit best.

    Each source stays within discovery.calls_per_source calls and can be switched off (discovery.sources, see `spotify-ai
    config`). A source gains weight when you approve its songs. Then run `spotify-ai next`.
    """
    workspace = Workspace.open()
    if not workspace.lake.current(datasets.LISTENING_STATS):
        raise UserError("there is no history to start from yet; run `spotify-ai refresh` first")
    if not only_show:
        with sandbox.beside(workspace):
            run_job(workspace, "discover", quiet=as_json)
    fares = list_sources(workspace)
    waiting = queue.items(workspace.state, kind=queue.DISCOVERY)
    if as_json:
        print_json({"sources": fares, "waiting": len(waiting)})
        return
    shown = table(
        "source",
        "leads",
        "candidates",
        "proposed now",
        "weight",
        "health",
        right=("leads", "candidates", "proposed now", "weight"),
    )
    for row in fares:
        shown.add_row(
            row["source"],
            f"{row['leads']:,}",
            f"{row['candidates']:,}",
            str(row["proposed"]),
            f"{row['weight']:+.2f}",
            plain(row["health"]),
        )
    console.print(shown)
    console.print(
        f"{len(waiting)} new songs wait or are on trial; `spotify-ai next` asks about them, `spotify-ai queue` lists them"
    )
