"""Power cuts, kills and sleep: what the daemons make of them, on the instance as ``dagster.yaml`` sets it up."""

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import dagster as dg
import psutil
import pytest
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import PythonFileTarget
from dagster._daemon.auto_run_reexecution.event_log_consumer import EventLogConsumerDaemon
from dagster._daemon.monitoring.run_monitoring import execute_run_monitoring_iteration
from dagster._daemon.run_coordinator.queued_run_coordinator_daemon import QueuedRunCoordinatorDaemon
from dagster._scheduler.scheduler import launch_scheduled_runs

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.defs.automation.launcher import PROCESS, process_name
from spotify_ai_pipeline.defs.automation.run import _wait_for_nobody
from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.settings import PROJECT_ROOT
from spotify_ai_pipeline.storage.workspace import Workspace

PATIENCE_S = 600
LOGGER = logging.getLogger("test")
GRAPH = """
import time
from pathlib import Path
import dagster as dg
HERE = Path(__file__).parent

@dg.asset
def first():
    with (HERE / "first").open("a") as file:
        file.write("made\\n")
    return 1

@dg.asset
def second(first):
    if not (HERE / "pid").exists():
        import os
        (HERE / "pid").write_text(str(os.getpid()))
        time.sleep(600)
    return 2

job = dg.define_asset_job("job", selection="*")

@dg.schedule(job=job, cron_schedule="0 8,20 * * *", default_status=dg.DefaultScheduleStatus.RUNNING)
def twice_a_day():
    return dg.RunRequest()

defs = dg.Definitions([first, second], jobs=[job], schedules=[twice_a_day], executor=dg.in_process_executor)
"""


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    Workspace.open(tmp_path / "home").name_to_dagster()
    file = tmp_path / "graph.py"
    file.write_text(GRAPH)
    return file


@contextmanager
def workspace(graph: Path) -> Iterator[WorkspaceProcessContext]:
    """The instance and a code server, as the daemon has them."""
    os.environ["PYTHONPATH"] = str(PROJECT_ROOT)
    target = PythonFileTarget(str(graph), None, working_directory=None, location_name="here")
    with dg.DagsterInstance.get() as instance, WorkspaceProcessContext(instance, target) as context:
        yield context


def until(happened: Callable[[], object], what: str) -> None:
    end = time.monotonic() + PATIENCE_S
    while not happened():
        assert time.monotonic() < end, what
        time.sleep(0.1)


def daemons(context: WorkspaceProcessContext) -> None:
    """One turn of the daemons that look after runs."""
    list(execute_run_monitoring_iteration(context, LOGGER))
    list(EventLogConsumerDaemon().run_iteration(context))
    queue = QueuedRunCoordinatorDaemon(interval_seconds=1)
    list(queue.run_iteration(context, fixed_iteration_time=clock.now()))


def test_after_a_power_cut_the_dead_run_is_seen_and_goes_on_at_its_failed_step(graph: Path) -> None:
    with workspace(graph) as context:
        instance = context.instance
        iterations: dict = {}
        for at in (clock.utc_now() - timedelta(days=1), clock.utc_now()):
            list(launch_scheduled_runs(context, LOGGER, at, iterations))
        (run,) = instance.get_runs()
        daemons(context)
        until((graph.parent / "pid").exists, "the second step began")
        worker = psutil.Process(int((graph.parent / "pid").read_text()))
        for process in (worker, worker.parent()):  # all at once, as when the power goes
            if process is not None and process.pid != os.getpid():
                process.kill()
    with workspace(graph) as context:
        instance = context.instance
        assert instance.get_run_by_id(run.run_id).status is dg.DagsterRunStatus.STARTED, "nobody said otherwise"
        assert instance.run_monitoring_poll_interval_seconds + 5 < 30
        daemons(context)
        assert instance.get_run_by_id(run.run_id).status is dg.DagsterRunStatus.FAILURE
        until(
            lambda: daemons(context) or [r for r in instance.get_runs() if r.status is dg.DagsterRunStatus.SUCCESS],
            "the run was made whole",
        )
        (again,) = [found for found in instance.get_runs() if found.parent_run_id == run.run_id]
        assert again.step_keys_to_execute == ["second"]
    assert (graph.parent / "first").read_text() == "made\n", "what was made was not made again"


def test_a_machine_that_slept_for_days_makes_up_for_one_tick(graph: Path) -> None:
    with workspace(graph) as context:
        monday = datetime(2026, 3, 23, 0, 5, tzinfo=UTC)  # the week has a day of 23 hours in much of Europe
        iterations: dict = {}
        list(launch_scheduled_runs(context, LOGGER, monday, iterations))
        for at in (monday + timedelta(days=9), monday + timedelta(days=9, minutes=1)):
            list(launch_scheduled_runs(context, LOGGER, at, iterations))
        (run,) = context.instance.get_runs()
        assert run.tags[".dagster/scheduled_execution_time"].startswith("2026-03-31T20:00")


KILLED = """
import os, sys, time
import dagster as dg
from spotify_ai_pipeline.defs.groups import PLAYLIST_WRITER
from spotify_ai_pipeline.defs.automation.launcher import PROCESS, process_name

@dg.op
def hang():
    print("hanging", flush=True)
    time.sleep(600)

@dg.job(tags=PLAYLIST_WRITER)
def refresh_the_mix():
    hang()

with dg.DagsterInstance.get() as instance:
    refresh_the_mix.execute_in_process(instance=instance, tags={PROCESS: process_name(os.getpid())})
"""


def test_a_killed_command_line_run_leaves_no_place_taken(graph: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED],
        env=os.environ | {"PYTHONPATH": str(PROJECT_ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "hanging\n"
    workspace = Workspace.open(graph.parent / "home")
    with dg.DagsterInstance.get() as instance:
        with pytest.raises(UserError, match="refresh_the_mix is under way already"):
            _wait_for_nobody(instance, workspace)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        _wait_for_nobody(instance, workspace)
        (run,) = instance.get_runs()
        assert run.status is dg.DagsterRunStatus.FAILURE
        assert instance.event_log_storage.get_concurrency_keys() == set()


def test_a_run_that_is_stuck_is_ended(graph: Path) -> None:
    with dg.DagsterInstance.get() as instance:
        assert 0 < instance.run_monitoring_max_runtime_seconds <= 4 * 3600

        @dg.job
        def stuck() -> None: ...

        alive = {PROCESS: process_name(os.getpid())}
        run = instance.create_run_for_job(stuck, tags=alive | {"dagster/max_runtime": "1"})
        instance.handle_new_event(started(run))
        time.sleep(1.1)
        alone = cast(WorkspaceProcessContext, SimpleNamespace(instance=instance, create_request_context=lambda: None))
        list(execute_run_monitoring_iteration(alone, LOGGER))
        ended = instance.get_run_by_id(run.run_id)
        assert ended is not None
        assert ended.status is dg.DagsterRunStatus.FAILURE


def started(run: dg.DagsterRun) -> dg.EventLogEntry:
    event = dg.DagsterEvent(dg.DagsterEventType.RUN_START.value, run.job_name)
    return dg.EventLogEntry(
        error_info=None, level=logging.INFO, user_message="", run_id=run.run_id, timestamp=clock.now(),
        job_name=run.job_name, dagster_event=event,
    )  # fmt: skip
