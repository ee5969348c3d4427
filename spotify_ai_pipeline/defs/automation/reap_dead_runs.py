"""Runs that died with nobody to say so."""

from __future__ import annotations

import dagster as dg

from spotify_ai_pipeline.defs.automation.launcher import is_dead
from spotify_ai_pipeline.storage.workspace import Workspace


def reap_dead_runs(workspace: Workspace) -> int:
    """Puts runs down as failed whose process is gone, and frees the places they held; gives their number. For a machine on
    which no daemon runs; with one, run monitoring does so within seconds."""
    if not workspace.dagster_storage.exists():
        return 0
    workspace.name_to_dagster()
    dead = 0
    with dg.DagsterInstance.get() as instance:
        for run in instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])):
            if is_dead(instance, run):
                instance.report_run_failed(run, "its process is gone")
                instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
                dead += 1
    return dead
