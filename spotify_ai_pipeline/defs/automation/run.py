"""Runs a job in this process, on the same instance that the UI shows, and tells of its progress."""

import os
import uuid
from collections.abc import Mapping
from typing import Any

import dagster as dg

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.app.scrobble_partitions import FIRST_MONTH, tags_from
from spotify_ai_pipeline.clients.lastfm import LastFm
from spotify_ai_pipeline.defs.automation.handover import OnEvent, RunResult
from spotify_ai_pipeline.defs.automation.jobs import HEAVY_WORK
from spotify_ai_pipeline.defs.automation.launcher import PROCESS, is_dead, process_name
from spotify_ai_pipeline.defs.automation.sensors import cause
from spotify_ai_pipeline.defs.dagster_internals import (
    ErrorSource,
    InMemoryJob,
    RegisteredCodeLocationOrigin,
    RemoteRepositoryOrigin,
    execute_run,
)
from spotify_ai_pipeline.defs.groups import PLAYLIST_WRITER
from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.music.sieve import EARLIEST
from spotify_ai_pipeline.storage.workspace import Workspace

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
"""Events are relayed, not printed."""
LOCATION = "spotify_ai_pipeline"
"""The code location of a listener who is alone (workspace.yaml)."""
NO_RETRY = {"dagster/max_retries": "0"}
"""The daemon does not retry a run from the command line: the person who started it sees it fail, and can start it again."""


def learn_first_month(workspace: Workspace) -> str | None:
    """The month of the first scrobble, asked of Last.fm once and remembered; None for a listener without any, or whose plays
    come from ListenBrainz or from files alone."""
    if not workspace.secrets.has_lastfm:
        return None
    known: str | None = workspace.state.fact(FIRST_MONTH)
    if known is not None and known < f"{EARLIEST:%Y-%m}":  # an older version believed scrobbles of 1970
        known = None
    if known is None and (first := LastFm.of(workspace).first_scrobble()):
        known = f"{first:%Y-%m}"
        workspace.state.set_fact(FIRST_MONTH, known)
    return known


def run_job(
    workspace: Workspace,
    job_name: str,
    on_event: OnEvent,
    tags: Mapping[str, str] | None = None,
    options: Mapping[str, Mapping[str, Any]] | None = None,
) -> RunResult:
    """Runs ``job_name``, with ``tags`` on the run, over the months from the first one that is not final to this one.
    ``options`` are the run options of assets by name (the ``dg.Config`` of each).

    The run is filed under its job in the code location that the UI serves, as if it had been started there: without that
    origin neither the job's page nor the timeline would show it.
    """
    workspace.name_to_dagster()
    about = tags_from(workspace, learn_first_month(workspace), clock.utc_now()) | {
        PROCESS: process_name(os.getpid()),
        **NO_RETRY,
        **workspace.run_tags,
        **(tags or {}),
    }

    from spotify_ai_pipeline.definitions import build_defs

    run_id = str(uuid.uuid4())
    failures, interrupted = list[str](), False

    def relay(event: dg.EventLogEntry) -> None:
        nonlocal interrupted
        step, happened = assets.get(event.step_key or "", ""), event.dagster_event
        if happened is not None and happened.event_type is dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            evaluation = happened.asset_check_evaluation_data
            if not evaluation.passed:
                on_event(evaluation.asset_key.path[-1], "warned", f"check {evaluation.check_name} did not pass")
        elif not step:
            pass
        elif happened is None:
            on_event(step, "said", event.user_message)
        elif happened.is_step_start:
            on_event(step, "started", "")
        elif happened.is_step_success:
            on_event(step, "done", "")
        elif happened.is_step_failure:
            failed = happened.step_failure_data
            interrupted = interrupted or failed.error_source is ErrorSource.INTERRUPT
            failures.append(f"{step}: {cause(happened)}")
            on_event(step, "failed", failures[-1])

    repository = build_defs(workspace, executor=dg.in_process_executor).get_repository_def()
    job = repository.get_job(job_name)
    assets = {key.to_python_identifier(): key.path[-1] for key in job.asset_layer.executable_asset_keys}
    chosen = options or {}
    ops = {step: {"config": chosen[asset]} for step, asset in assets.items() if asset in chosen}
    location = RegisteredCodeLocationOrigin(workspace.shared_as or LOCATION)
    with dg.DagsterInstance.get() as instance:
        _wait_for_nobody(instance, workspace)
        instance.add_event_listener(run_id, relay)
        on_event("", "planned", " ".join(assets.values()))
        run = instance.create_run_for_job(
            job,
            run_id=run_id,
            run_config=QUIET | {"ops": ops},
            tags={**job.run_tags, **about},
            remote_job_origin=RemoteRepositoryOrigin(location, repository.name).get_job_origin(job_name),
        )
        try:
            success = execute_run(InMemoryJob(job), run, instance).success
        except (KeyboardInterrupt, dg.DagsterExecutionInterruptedError):  # between two steps
            success, interrupted = False, True
            left = instance.get_run_by_id(run_id)
            if left is not None and not left.is_finished:  # interrupted before the first: Dagster says nothing of it
                instance.report_run_canceled(left)
    return RunResult(run_id, success, "; ".join(failures), interrupted)


def _wait_for_nobody(instance: dg.DagsterInstance, workspace: Workspace) -> None:
    """Raises ``UserError`` where another run writes the same playlist or needs the machine. A run whose process died is
    reported as failed."""
    under_way = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED])
    for run in instance.get_runs(under_way):
        writes = PLAYLIST_WRITER.keys() <= run.tags.keys() and workspace.run_tags.items() <= run.tags.items()
        if not writes and not HEAVY_WORK.items() & run.tags.items():
            continue
        if is_dead(instance, run):
            instance.report_run_failed(run, "its process is gone")
        else:
            raise UserError(
                f"{run.job_name} is under way already (run {run.run_id[:8]}); wait for it, or end it in the UI"
            )
