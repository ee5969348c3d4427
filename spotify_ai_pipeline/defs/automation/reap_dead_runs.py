"""The daemon: whether it is up, and runs that died with nobody to say so."""

from __future__ import annotations

import dagster as dg
from dagster._core.launcher import WorkerStatus

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


def reap_dead_runs(workspace: Workspace) -> int:
    """Puts runs down as failed whose process is gone, and frees the places they held; gives their number. For a machine on
    which no daemon runs; with one, run monitoring does so within seconds."""
    if not workspace.dagster_storage.exists():
        return 0
    workspace.name_to_dagster()
    dead = 0
    with dg.DagsterInstance.get() as instance:
        for run in instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])):
            if instance.run_launcher.check_run_worker_health(run).status is WorkerStatus.FAILED:
                instance.report_run_failed(run, "its process is gone")
                instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
                dead += 1
    return dead
