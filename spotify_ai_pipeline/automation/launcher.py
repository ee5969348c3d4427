"""A run launcher that notices dead runs.

Dagster's default launcher cannot say whether the process of a run still lives, so that after a power cut a run stays
"started" for ever. This one asks the code server that started it.
"""

from typing import Self

from dagster._core.launcher import CheckRunHealthResult, DefaultRunLauncher, WorkerStatus
from dagster._core.storage.dagster_run import DagsterRun
from dagster._grpc.types import CanCancelExecutionRequest, CanCancelExecutionResult
from dagster._serdes import ConfigurableClassData, deserialize_value


class HealthCheckingRunLauncher(DefaultRunLauncher):
    """Dagster's default launcher, which also answers health checks."""

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData, config_value: object) -> Self:
        return cls(inst_data=inst_data)

    @property
    def supports_check_run_worker_health(self) -> bool:
        return True

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """RUNNING while the code server that started the run could still cancel it, or where no code server did (a run from
        the command line, which ends with its process)."""
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
