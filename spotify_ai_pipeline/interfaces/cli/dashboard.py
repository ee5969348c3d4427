"""`spotify-ai dashboard`: the pages in the browser."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from importlib import import_module
from importlib.resources import files
from typing import TYPE_CHECKING

import click

from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.guard import Guard, allowed_hosts
from spotify_ai_pipeline.interfaces.cli.console import console
from spotify_ai_pipeline.interfaces.cli.up import refuse_taken
from spotify_ai_pipeline.storage.workspace import Workspace

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

BASE_PATH = "STREAMLIT_SERVER_BASE_URL_PATH"
OPTIONS = {
    "server.address": "127.0.0.1",
    "server.headless": True,
    "server.showEmailPrompt": False,
    "server.fileWatcherType": "none",
    "browser.gatherUsageStats": False,
    "client.toolbarMode": "viewer",
    "client.showErrorDetails": "none",
    "theme.light.primaryColor": "#0072B2",
    "theme.dark.primaryColor": "#0072B2",
    "theme.light.textColor": "#000000",
    "logger.level": "error",
    "logger.hideWelcomeMessage": True,
}
"""Loopback alone, no question at the first start, nothing reported to anyone; texts that stand out from the ground by 4.5 to 1
and more, captions too, which are the colour of texts at 60 %."""


@click.command()
@click.option("--port", default=8501, show_default=True, help="Port of the dashboard on 127.0.0.1.")
def dashboard(port: int) -> None:
    """Open your music in the browser: the mix and its reasons, questions, map, trends, models, health.

    It shows what the last run made. Answers that you give there count at once. Ctrl-C ends it. Behind a reverse proxy, set
    STREAMLIT_SERVER_BASE_URL_PATH to the path below which it is served (see deploy/Caddyfile).
    """
    workspace = Workspace.open()
    if not workspace.lake.datasets():
        raise UserError(
            f"nothing was made in {workspace.root} yet; run `spotify-ai refresh` first, or `make demo` for a trial"
        )
    refuse_taken(port)
    os.environ["SPOTIFY_AI_DATA"] = str(workspace.root)
    import uvicorn
    from starlette.middleware import Middleware
    from starlette.middleware.gzip import GZipMiddleware
    from streamlit.starlette import App
    from streamlit.web import bootstrap

    from spotify_ai_pipeline.quiet_server import QuietServer

    # Streamlit names the server that it runs, and would look five times a second for files of settings that nobody has: together
    # most of what the dashboard costs at rest
    uvicorn.Server = QuietServer
    bootstrap._install_config_watchers = lambda flag_options: None  # pyright: ignore[reportPrivateUsage]

    class Compressed(GZipMiddleware):
        """Streamlit sends its scripts and styles as they lie on the disk, 4.4 MB; sounds are asked for in parts, and stay so."""

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            packed = scope["type"] == "http" and "/static/" in scope["path"]
            await (super().__call__ if packed else self.app)(scope, receive, send)

    for needed in ("pandas", "spotify_ai_pipeline.interfaces.dashboard.sections"):
        import_module(needed)  # now, so that the first page need not wait for it

    path = os.environ.get(BASE_PATH, "").strip("/")
    console.print(f"dashboard: http://127.0.0.1:{port}/{path}  (Ctrl-C ends it)")
    sys.stdout.flush()
    page = files("spotify_ai_pipeline.interfaces.dashboard").joinpath("app.py")
    with suppress(KeyboardInterrupt):  # it runs until Ctrl-C: that is its right end
        App(str(page), middleware=[Middleware(Guard, allowed_hosts()), Middleware(Compressed, compresslevel=4)]).run(
            config={**OPTIONS, "server.port": port}
        )
