"""The parts of Dagster that are used although Dagster does not promise to keep it: all of it here, and why. pyproject
pins the version."""

from dagster import _time as dagster_time  # Dagster's clock; see dagster_clock.py
from dagster._core.definitions.job_base import InMemoryJob  # a job of this process, for `execute_run`
from dagster._core.events import (  # see run_history.py
    ASSET_CHECK_EVENTS,
    ASSET_EVENTS,
    EVENT_TYPE_TO_PIPELINE_RUN_STATUS,
)
from dagster._core.execution.api import execute_run  # executes a run that is filed under its job; see automation/run.py
from dagster._core.execution.plan.objects import ErrorSource  # tells a step that a person ended from one that failed
from dagster._core.launcher import (
    CheckRunHealthResult,
    DefaultRunLauncher,
    LaunchRunContext,
    WorkerStatus,
)  # no launcher is public
from dagster._core.origin import JobPythonOrigin  # where a launched run finds its code
from dagster._core.remote_origin import (  # what the UI files runs by
    RegisteredCodeLocationOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.remote_representation.code_location import GrpcServerCodeLocation  # its socket; see launcher.py
from dagster._core.storage.base_storage import DagsterStorage
from dagster._core.storage.event_log import (
    SqlEventLogStorageTable,  # its rows are the events: see automation/run_history.py
    SqliteEventLogStorage,  # names the event files that pruning removes
)
from dagster._core.storage.event_log.migration import ASSET_KEY_INDEX_COLS
from dagster._core.storage.runs import (
    SqliteRunStorage,  # these three keep their files open: see automation/run_history.py
)
from dagster._core.storage.schedules import SqliteScheduleStorage
from dagster._core.storage.sql import get_sql_current_timestamp  # what gives a new row its time; see dagster_clock.py
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS, create_db_conn_string
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._grpc.impl import core_execute_run  # how Dagster's own process of a run runs it; see automation/runner.py
from dagster._grpc.types import (  # how a code server is asked for a run
    CanCancelExecutionRequest,
    CanCancelExecutionResult,
)
from dagster._serdes import (
    ConfigurableClassData,  # how dagster.yaml hands settings to a class
    deserialize_value,  # reads a code server's answer
)
from dagster._utils.hosted_user_process import recon_job_from_origin
from dagster._utils.interrupts import capture_interrupts

__all__ = [
    "ASSET_CHECK_EVENTS",
    "ASSET_EVENTS",
    "ASSET_KEY_INDEX_COLS",
    "EVENT_TYPE_TO_PIPELINE_RUN_STATUS",
    "SQLITE_BUSY_TIMEOUT_SECONDS",
    "CanCancelExecutionRequest",
    "CanCancelExecutionResult",
    "CheckRunHealthResult",
    "ConfigurableClassData",
    "DagsterSqliteStorage",
    "DagsterStorage",
    "DefaultRunLauncher",
    "ErrorSource",
    "GrpcServerCodeLocation",
    "InMemoryJob",
    "JobPythonOrigin",
    "LaunchRunContext",
    "RegisteredCodeLocationOrigin",
    "RemoteRepositoryOrigin",
    "SqlEventLogStorageTable",
    "SqliteEventLogStorage",
    "SqliteRunStorage",
    "SqliteScheduleStorage",
    "WorkerStatus",
    "capture_interrupts",
    "core_execute_run",
    "create_db_conn_string",
    "dagster_time",
    "deserialize_value",
    "execute_run",
    "get_sql_current_timestamp",
    "recon_job_from_origin",
]
