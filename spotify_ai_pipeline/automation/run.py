"""Runs a job in this process, on the same instance that the UI shows, and tells of its progress."""

import os
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import dagster as dg
from dagster._core.launcher import WorkerStatus

from spotify_ai_pipeline.automation.jobs import HEAVY_WORK, PLAYLIST_WRITER
from spotify_ai_pipeline.automation.launcher import PROCESS, process_name
from spotify_ai_pipeline.automation.months import RANGE_END, RANGE_START, tags_from
from spotify_ai_pipeline.automation.sensors import cause
from spotify_ai_pipeline.problems import Problem
from spotify_ai_pipeline.services.lastfm import LastFm
from spotify_ai_pipeline.services.months import FIRST_MONTH
from spotify_ai_pipeline.storage.home import Home

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


def learn_first_month(home: Home) -> str | None:
    """The month of the first scrobble, asked of Last.fm once and remembered; None for a listener without any, or whose plays
    come from ListenBrainz or from files alone."""
    if not home.secrets.has_lastfm:
        return None
    if (known := home.state.fact(FIRST_MONTH)) is None and (first := LastFm.of(home).first_scrobble()):
        known = f"{first:%Y-%m}"
        home.state.set_fact(FIRST_MONTH, known)
    return known


def run_job(home: Home, job_name: str, on_event: OnEvent, span: tuple[str, str] | None = None) -> RunResult:
    """Runs ``job_name`` over the months of ``span``, else from the first one that is not final to this one."""
    home.name_to_dagster()
    first, now = learn_first_month(home), datetime.now(UTC)
    tags = {RANGE_START: span[0], RANGE_END: span[1]} if span else tags_from(home, first, now)
    tags |= {PROCESS: process_name(os.getpid())}

    from spotify_ai_pipeline.definitions import defs

    run_id = str(uuid.uuid4())
    failures: list[str] = []

    def relay(event: dg.EventLogEntry) -> None:
        step, happened = event.step_key or "", event.dagster_event
        if happened is not None and happened.event_type is dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            evaluation = happened.asset_check_evaluation_data
            if not evaluation.passed:
                on_event(evaluation.asset_key.to_user_string(), "warned", f"check {evaluation.check_name} did not pass")
        elif step not in assets:
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

    job = defs.resolve_job_def(job_name)
    assets = {key.to_user_string() for key in job.asset_layer.executable_asset_keys}
    with dg.DagsterInstance.get() as instance:
        _wait_for_nobody(instance)
        instance.add_event_listener(run_id, relay)
        result = job.execute_in_process(
            instance=instance, run_id=run_id, tags=tags, run_config=QUIET, raise_on_error=False
        )
    return RunResult(run_id, result.success, "; ".join(failures))


def _wait_for_nobody(instance: dg.DagsterInstance) -> None:
    """Raises ``Problem`` where another run is at work on the playlist, or needs the machine; a run whose process died is put
    down as failed."""
    under_way = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED])
    for run in instance.get_runs(under_way):
        if not (PLAYLIST_WRITER | HEAVY_WORK).items() & run.tags.items():
            continue
        if instance.run_launcher.check_run_worker_health(run).status is WorkerStatus.FAILED:
            instance.report_run_failed(run, "its process is gone")
        else:
            raise Problem(
                f"{run.job_name} is under way already (run {run.run_id[:8]}); wait for it, or end it in the UI"
            )
