"""`python -m spotify_ai_pipeline.defs.automation.web_server --workspace FILE`: the Dagster UI behind the guard.

Dagster's own program takes commands from every page that the browser shows: it answers any name and any origin, and runs
mutations that come by GET or as a form.
"""

import argparse
import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import dagster as dg
import uvicorn
from dagster._core.workspace.context import (
    WorkspaceProcessContext,
)  # not in dagster_internals: only the UI pays for these
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster._utils.log import configure_loggers
from dagster_webserver.app import create_app_from_workspace_process_context

from spotify_ai_pipeline.guard import Guard, allowed_hosts

HOST, PORT = "127.0.0.1", 3000
GRAPHQL = "/graphql"
STATEMENT_MILLISECONDS, RECYCLE_SECONDS, OVERFLOW = 15_000, 3_600, 20
"""How Dagster's own program sets its connections up, where the instance is in PostgreSQL."""


def main() -> None:
    """Serves the UI on loopback until a signal comes."""
    parser = argparse.ArgumentParser(prog="python -m spotify_ai_pipeline.defs.automation.web_server")
    parser.add_argument("--workspace", required=True, help="file that names the code locations")
    parser.add_argument("--port", type=int, default=PORT, help="port on 127.0.0.1")
    options = parser.parse_args()
    configure_loggers(log_level="INFO")
    with dg.DagsterInstance.get() as instance:
        instance.optimize_for_webserver(STATEMENT_MILLISECONDS, RECYCLE_SECONDS, OVERFLOW)
        with WorkspaceProcessContext(instance, WorkspaceFileTarget([options.workspace])) as context:
            app = create_app_from_workspace_process_context(context, lifespan=_until_stopped)
            uvicorn.run(guarded(app), host=HOST, port=options.port, log_level="warning")


def guarded(app: object) -> Guard:
    """The UI for its own pages and for programs of this machine alone."""
    return Guard(app, allowed_hosts(), acts=lambda path: path.rstrip("/") == GRAPHQL)  # pyright: ignore[reportArgumentType]


@asynccontextmanager
async def _until_stopped(_: object) -> AsyncIterator[None]:
    with suppress(asyncio.CancelledError):  # how Uvicorn ends what is open
        yield


if __name__ == "__main__":
    main()
