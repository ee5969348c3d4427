"""`python -m spotify_ai_pipeline.defs.automation.web_server --workspace FILE`: the Dagster UI behind the guard.

With ``--with-daemon`` the daemon runs beside it: two processes would each load Dagster, which takes 100 MB.

Dagster's own program takes commands from every page that the browser shows: it answers any name and any origin, and runs
mutations that come by GET or as a form.
"""

import argparse
import asyncio
import logging
import os
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path

import dagster as dg
import uvicorn
import yaml
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._core.workspace.context import (
    WorkspaceProcessContext,
)  # not in dagster_internals: only the UI pays for these
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster._daemon import asset_daemon, sensor
from dagster._daemon.auto_run_reexecution.event_log_consumer import EventLogConsumerDaemon
from dagster._daemon.controller import THREAD_CHECK_INTERVAL, DagsterDaemonController, create_daemons_from_instance
from dagster._daemon.daemon import IntervalDaemon
from dagster._daemon.freshness import FreshnessDaemon
from dagster._grpc import server_watcher
from dagster._grpc.client import DagsterGrpcClient
from dagster._utils.log import configure_loggers
from dagster_webserver.app import create_app_from_workspace_process_context

from spotify_ai_pipeline.guard import Guard, allowed_hosts
from spotify_ai_pipeline.quiet_server import QuietServer

HOST, PORT = "127.0.0.1", 3000
GRAPHQL = "/graphql"
PATIENCE_SECONDS = 120
STATEMENT_MILLISECONDS, RECYCLE_SECONDS, OVERFLOW = 15_000, 3_600, 20
"""How Dagster's own program sets its connections up, where the instance is in PostgreSQL."""
SENSORS_SECONDS, CONDITIONS_SECONDS, CODE_SERVER_SECONDS = 10, 60, 10
"""How often the daemon looks whether a sensor is due (Dagster: 5), whether the sensor of the conditions is (5), and whether the
code server began anew (1, each time over a connection of its own)."""
CALM: dict[type[IntervalDaemon], float] = {FreshnessDaemon: 300, EventLogConsumerDaemon: 15}
"""Freshness is one of hours (Dagster: 30); runs that crashed are looked for as often as dead ones (5)."""


def main() -> None:
    """Serves the UI on loopback until a signal comes."""
    parser = argparse.ArgumentParser(prog="python -m spotify_ai_pipeline.defs.automation.web_server")
    parser.add_argument("--workspace", required=True, help="file that names the code locations")
    parser.add_argument("--port", type=int, default=PORT, help="port on 127.0.0.1")
    parser.add_argument("--with-daemon", action="store_true", help="run the daemon in this process")
    options = parser.parse_args()
    configure_loggers(log_level="INFO")
    server_watcher.WATCH_INTERVAL = CODE_SERVER_SECONDS
    _wait_for_code_servers(Path(options.workspace))
    with dg.DagsterInstance.get() as instance:
        instance.optimize_for_webserver(STATEMENT_MILLISECONDS, RECYCLE_SECONDS, OVERFLOW)
        target = WorkspaceFileTarget([options.workspace])
        with WorkspaceProcessContext(instance, target) as context, _daemon(context, options.with_daemon):
            app = create_app_from_workspace_process_context(context, lifespan=_until_stopped)
            QuietServer(uvicorn.Config(guarded(app), host=HOST, port=options.port, log_level="warning")).run()


def _wait_for_code_servers(workspace: Path) -> None:
    """Waits until the code servers that ``workspace`` names answer: a location that cannot be loaded stays in error."""
    named = [
        location.get("grpc_server", {}).get("socket") for location in yaml.safe_load(workspace.read_text())["load_from"]
    ]
    for socket in filter(None, named):
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            with suppress(DagsterUserCodeUnreachableError):
                DagsterGrpcClient(socket=socket).ping("")
                break
            time.sleep(0.1)


def guarded(app: object) -> Guard:
    """The UI for its own pages and for programs of this machine alone."""
    return Guard(app, allowed_hosts(), acts=lambda path: path.rstrip("/") == GRAPHQL)  # pyright: ignore[reportArgumentType]


@contextmanager
def _daemon(context: WorkspaceProcessContext, wanted: bool) -> Iterator[None]:
    """The daemon in threads of this process until the end of the block. Without it nothing would be started in time, so that
    its end is the end of this process. It reads the code locations of the UI: Dagster's own loads them anew each minute."""
    if not wanted:
        yield
        return

    def watch() -> None:
        try:
            while True:
                time.sleep(THREAD_CHECK_INTERVAL)
                controller.check_daemon_threads()
        except Exception:
            if not ended:
                logging.getLogger("dagster.daemon").exception("the daemon ended")
                os._exit(1)

    ended = False
    configure_loggers(log_level="WARNING")
    sensor.MIN_INTERVAL_LOOP_TIME, asset_daemon.MIN_INTERVAL_LOOP_SECONDS = SENSORS_SECONDS, CONDITIONS_SECONDS
    with ExitStack() as stack:
        daemons = [stack.enter_context(daemon) for daemon in create_daemons_from_instance(context.instance)]
        for daemon in daemons:
            if isinstance(daemon, IntervalDaemon):
                daemon.interval_seconds = CALM.get(type(daemon), daemon.interval_seconds)
        controller = stack.enter_context(DagsterDaemonController(context, daemons))
        threading.Thread(target=watch, daemon=True).start()
        yield
        ended = True


@asynccontextmanager
async def _until_stopped(_: object) -> AsyncIterator[None]:
    with suppress(asyncio.CancelledError):  # how Uvicorn ends what is open
        yield


if __name__ == "__main__":
    main()
