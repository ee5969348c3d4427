"""What is used of Dagster although Dagster does not promise to keep it: all of it here, and why. pyproject pins the version."""

from dagster._core.definitions.job_base import InMemoryJob  # a job of this process, for `execute_run`
from dagster._core.execution.api import execute_run  # executes a run that is filed under its job; see automation/run.py
from dagster._core.launcher import CheckRunHealthResult, DefaultRunLauncher, WorkerStatus  # no launcher is public
from dagster._core.remote_origin import (  # what the UI files runs by
    RegisteredCodeLocationOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.storage.event_log import SqliteEventLogStorage  # names the event files that pruning removes
from dagster._grpc.types import (  # how a code server is asked for a run
    CanCancelExecutionRequest,
    CanCancelExecutionResult,
)
from dagster._serdes import deserialize_value  # reads its answer

__all__ = [
    "CanCancelExecutionRequest",
    "CanCancelExecutionResult",
    "CheckRunHealthResult",
    "DefaultRunLauncher",
    "InMemoryJob",
    "RegisteredCodeLocationOrigin",
    "RemoteRepositoryOrigin",
    "SqliteEventLogStorage",
    "WorkerStatus",
    "deserialize_value",
    "execute_run",
]
