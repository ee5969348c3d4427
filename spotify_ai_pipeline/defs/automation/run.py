"""Runs a job in this process, on the same instance that the UI shows, and tells of its progress."""

import os
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import dagster as dg
from dagster._core.launcher import WorkerStatus

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.app.scrobble_partitions import FIRST_MONTH
from spotify_ai_pipeline.clients.lastfm import LastFm
from spotify_ai_pipeline.defs.automation.jobs import HEAVY_WORK
from spotify_ai_pipeline.defs.automation.launcher import PROCESS, process_name
from spotify_ai_pipeline.defs.automation.run_months import tags_from
from spotify_ai_pipeline.defs.automation.sensors import cause
from spotify_ai_pipeline.defs.groups import PLAYLIST_WRITER
from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.storage.workspace import Workspace

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
"""Events are relayed, not printed."""

OnEvent = Callable[[str, str, str], None]
"""Told (step, kind, message), where kind is started, done, failed, said, or warned (a check did not pass)."""


@dataclass(frozen=True)
class RunResult:
    run_id: str
    success: bool
    error: str
    """What the failed step said, empty for a success."""


def learn_first_month(workspace: Workspace) -> str | None:
    """The month of the first scrobble, asked of Last.fm once and remembered; None for a listener without any, or whose plays
    come from ListenBrainz or from files alone."""
    if not workspace.secrets.has_lastfm:
        return None
    if (known := workspace.state.fact(FIRST_MONTH)) is None and (first := LastFm.of(workspace).first_scrobble()):
        known = f"{first:%Y-%m}"
        workspace.state.set_fact(FIRST_MONTH, known)
    return known


def run_job(workspace: Workspace, job_name: str, on_event: OnEvent, tags: Mapping[str, str] | None = None) -> RunResult:
    """Runs ``job_name``, with ``tags`` on the run, over the months from the first one that is not final to this one."""
    workspace.name_to_dagster()
    about = tags_from(workspace, learn_first_month(workspace), clock.utc_now()) | {
        PROCESS: process_name(os.getpid()),
        **workspace.run_tags,
        **(tags or {}),
    }

    from spotify_ai_pipeline.definitions import build_defs

    run_id = str(uuid.uuid4())
    failures: list[str] = []

    def relay(event: dg.EventLogEntry) -> None:
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
            failures.append(f"{step}: {cause(happened)}")
            on_event(step, "failed", failures[-1])

    job = build_defs(workspace).resolve_job_def(job_name)
    assets = {key.to_python_identifier(): key.path[-1] for key in job.asset_layer.executable_asset_keys}
    with dg.DagsterInstance.get() as instance:
        _wait_for_nobody(instance, workspace)
        instance.add_event_listener(run_id, relay)
        result = job.execute_in_process(
            instance=instance, run_id=run_id, tags=about, run_config=QUIET, raise_on_error=False
        )
    return RunResult(run_id, result.success, "; ".join(failures))


def _wait_for_nobody(instance: dg.DagsterInstance, workspace: Workspace) -> None:
    """Raises ``UserError`` where another run writes the same playlist or needs the machine. A run whose process died is
    reported as failed."""
    under_way = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED])
    for run in instance.get_runs(under_way):
        writes = PLAYLIST_WRITER.keys() <= run.tags.keys() and workspace.run_tags.items() <= run.tags.items()
        if not writes and not HEAVY_WORK.items() & run.tags.items():
            continue
        if instance.run_launcher.check_run_worker_health(run).status is WorkerStatus.FAILED:
            instance.report_run_failed(run, "its process is gone")
        else:
            raise UserError(
                f"{run.job_name} is under way already (run {run.run_id[:8]}); wait for it, or end it in the UI"
            )
