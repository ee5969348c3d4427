"""A run launcher that notices dead runs.

Dagster's default launcher cannot say whether the process of a run still lives, so that after a power cut a run stays
"started" for ever. This one asks the code server that started it.
"""

from typing import Self

import dagster as dg
import psutil

from spotify_ai_pipeline.defs.automation import dagster_clock
from spotify_ai_pipeline.defs.dagster_internals import (
    CanCancelExecutionRequest,
    CanCancelExecutionResult,
    CheckRunHealthResult,
    ConfigurableClassData,
    DefaultRunLauncher,
    WorkerStatus,
    deserialize_value,
)

PROCESS = "spotify_ai/process"
"""Tag of a run from the command line: the process that it runs in."""


def process_name(pid: int) -> str:
    """A name that no other process has or will have: its number and when it started; empty where there is none."""
    try:
        return f"{pid}@{psutil.Process(pid).create_time():.2f}"
    except psutil.NoSuchProcess:
        return ""


def is_dead(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """Whether the process of ``run`` is gone."""
    return instance.run_launcher.check_run_worker_health(run).status is WorkerStatus.FAILED


class HealthCheckingRunLauncher(DefaultRunLauncher):
    """Dagster's default launcher, which also answers health checks."""

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData, config_value: object) -> Self:
        dagster_clock.follow()  # every process that opens the instance makes a launcher first
        return cls(inst_data=inst_data)

    @property
    def supports_check_run_worker_health(self) -> bool:
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """RUNNING while the code server that started the run could still cancel it; for a run from the command line, while
        its process is there."""
        if PROCESS in run.tags:
            alive = run.tags[PROCESS] == process_name(int(run.tags[PROCESS].split("@")[0]))
            return CheckRunHealthResult(WorkerStatus.RUNNING if alive else WorkerStatus.FAILED, "its process is gone")
        client = self._get_grpc_client_for_termination(run.run_id)
        if client is None:
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        try:
            answer = client.can_cancel_execution(CanCancelExecutionRequest(run_id=run.run_id), timeout=5)
            alive = deserialize_value(answer, CanCancelExecutionResult).can_cancel
        except Exception as error:  # whatever the client raises, the server that held the run is gone
            return CheckRunHealthResult(
                WorkerStatus.FAILED, f"the code server that ran it cannot be reached: {type(error).__name__}"
            )
        return (
            CheckRunHealthResult(WorkerStatus.RUNNING)
            if alive
            else CheckRunHealthResult(WorkerStatus.FAILED, "its process is gone")
        )
