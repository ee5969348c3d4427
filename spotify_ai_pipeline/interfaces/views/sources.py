"""The figures of each source of new songs."""

from __future__ import annotations

from typing import Any

from spotify_ai_pipeline.app.discovery_sources import SOURCES
from spotify_ai_pipeline.storage import alerts, datasets
from spotify_ai_pipeline.storage.workspace import Workspace


def list_sources(workspace: Workspace) -> list[dict[str, Any]]:
    """Each source: its yield, its weight (log odds of a yes against the mean of all) and its health."""
    candidates = workspace.lake.read_or_none(datasets.CANDIDATES)
    named = [] if candidates is None else candidates["sources"].explode().to_list()
    discoveries = workspace.lake.read_or_none(datasets.DISCOVERIES)
    weights = {} if discoveries is None else {row["source"]: row for row in discoveries.iter_rows(named=True)}
    messages = {alert.name: alert.message for alert in alerts.open_alerts(workspace.state)}
    switched = workspace.settings.discovery.sources
    return [
        {
            "source": name,
            "leads": version.rows if (version := workspace.lake.current(datasets.LEADS_BY_SOURCE[name])) else 0,
            "candidates": named.count(name),
            "proposed": weights.get(name, {}).get("proposed", 0),
            "weight": weights.get(name, {}).get("weight", 0.0),
            "health": _describe_health(workspace, name, messages, on=getattr(switched, name)),
        }
        for name in SOURCES
    ]


def _describe_health(workspace: Workspace, name: str, messages: dict[str, str], *, on: bool) -> str:
    if not on:
        return "switched off"
    said = (messages.get(f"{kind} {name}") for kind in ("deferred", "stopped", "yield"))
    return SOURCES[name].closed(workspace) or next(filter(None, said), "good")
