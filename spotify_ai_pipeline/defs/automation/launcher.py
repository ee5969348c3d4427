"""A run launcher that notices dead runs.

Dagster's default launcher cannot say whether the process of a run still lives, so that after a power cut a run stays
"started" for ever. This one asks the code server that started it.
"""

import os
import signal
from typing import Self

import dagster as dg
import psutil

from spotify_ai_pipeline.defs.automation import dagster_clock, handover
from spotify_ai_pipeline.defs.dagster_internals import (
    CanCancelExecutionRequest,
    CanCancelExecutionResult,
    CheckRunHealthResult,
    ConfigurableClassData,
    DefaultRunLauncher,
    GrpcServerCodeLocation,
    LaunchRunContext,
    WorkerStatus,
    deserialize_value,
)

PROCESS = "spotify_ai/process"
"""Tag of a run: the process that it runs in, where a code server does not know of it."""


def process_name(pid: int) -> str:
    """A name that no other process has or will have: its number and when it started; empty where there is none."""
    try:
        return f"{pid}@{psutil.Process(pid).create_time():.2f}"
    except psutil.NoSuchProcess:
        return ""


def is_dead(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """Whether the process of ``run`` is gone."""
    return instance.run_launcher.check_run_worker_health(run).status is WorkerStatus.FAILED


def _pid(run: dg.DagsterRun) -> int | None:
    """The number of the process that ``run`` names; None where it is gone."""
    named = run.tags[PROCESS]
    pid = int(named.split("@")[0])
    return pid if named == process_name(pid) else None


class HealthCheckingRunLauncher(DefaultRunLauncher):
    """Dagster's default launcher, which also answers health checks."""

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData, config_value: object) -> Self:
        dagster_clock.follow()  # every process that opens the instance makes a launcher first
        return cls(inst_data=inst_data)

    def launch_run(self, context: LaunchRunContext) -> None:
        """Has the warm process beside the code server run it; where there is none, the code server starts a process anew."""
        run, workspace = context.dagster_run, context.workspace
        if workspace is not None and run.remote_job_origin is not None:
            location = workspace.get_code_location(run.remote_job_origin.location_name)
            socket = location.client.socket if isinstance(location, GrpcServerCodeLocation) else None
            if socket and (begun := handover.begin(handover.beside(socket), {"run_id": run.run_id})):
                begun.close()
                return
        if run.tags.get(PROCESS):  # of the run that this one repeats
            self._instance.add_run_tags(run.run_id, {PROCESS: ""})
        super().launch_run(context)

    def terminate(self, run_id: str) -> bool:
        """Interrupts the process of the run, which ends between two steps."""
        run = self._instance.get_run_by_id(run_id)
        if run is None or run.is_finished or not run.tags.get(PROCESS):
            return super().terminate(run_id)
        self._instance.report_run_canceling(run)
        pid = _pid(run)
        if pid is not None:
            os.kill(pid, signal.SIGINT)
        return pid is not None

    @property
    def supports_check_run_worker_health(self) -> bool:
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """RUNNING while the process that the run names is there, else while the code server that started it could still
        cancel it."""
        if run.tags.get(PROCESS):
            return CheckRunHealthResult(
                WorkerStatus.RUNNING if _pid(run) else WorkerStatus.FAILED, "its process is gone"
            )
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
