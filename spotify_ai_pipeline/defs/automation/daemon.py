"""The daemon and its instance: whether it is up, and since when it is silent."""

from __future__ import annotations

import dagster as dg

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.storage.workspace import Workspace

SILENT_SECONDS = 120
"""A daemon says every 30 s that it lives."""


def make_instance(workspace: Workspace) -> None:
    """Makes the instance where there is none: two processes that begin at once would both make its tables."""
    workspace.name_to_dagster()
    with dg.DagsterInstance.get() as instance:
        instance.get_runs_count()


def silent_for(workspace: Workspace) -> float | None:
    """Seconds since the daemon was heard of; None where it never was."""
    if not workspace.dagster_storage.exists():
        return None
    workspace.name_to_dagster()
    with dg.DagsterInstance.get() as instance:
        beats = [beat.timestamp for beat in instance.get_daemon_heartbeats().values()]
    return clock.now() - max(beats) if beats else None


def is_up(workspace: Workspace) -> bool:
    silent = silent_for(workspace)
    return silent is not None and silent < SILENT_SECONDS
