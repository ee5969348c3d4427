"""`spotify-ai discover`: new songs from every source."""

from __future__ import annotations

from typing import Any

import click

from spotify_ai_pipeline.app.discovery_sources import SOURCES
from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.interfaces.cli import sandbox
from spotify_ai_pipeline.interfaces.cli.console import console, plain, print_json, table
from spotify_ai_pipeline.interfaces.cli.mix import json_option
from spotify_ai_pipeline.interfaces.cli.refresh import run
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
            run(workspace, "discover", quiet=as_json)
    fares = sources(workspace)
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


def sources(workspace: Workspace) -> list[dict[str, Any]]:
    """Yield, weight (log odds of a yes against the mean) and health of each source."""
    candidates = workspace.lake.read_or_none(datasets.CANDIDATES)
    named = [] if candidates is None else candidates["sources"].explode().to_list()
    discoveries = workspace.lake.read_or_none(datasets.DISCOVERIES)
    weights = {} if discoveries is None else {row["source"]: row for row in discoveries.iter_rows(named=True)}
    alerts = {row["name"]: row["message"] for row in workspace.state.rows("SELECT name, message FROM alerts")}
    switched = workspace.settings.discovery.sources
    return [
        {
            "source": name,
            "leads": version.rows if (version := workspace.lake.current(datasets.LEADS_BY_SOURCE[name])) else 0,
            "candidates": named.count(name),
            "proposed": weights.get(name, {}).get("proposed", 0),
            "weight": weights.get(name, {}).get("weight", 0.0),
            "health": _health(workspace, name, alerts, on=getattr(switched, name)),
        }
        for name in SOURCES
    ]


def _health(workspace: Workspace, name: str, alerts: dict[str, str], *, on: bool) -> str:
    if not on:
        return "switched off"
    return SOURCES[name].closed(workspace) or alerts.get(f"deferred {name}") or alerts.get(f"yield {name}") or "good"
