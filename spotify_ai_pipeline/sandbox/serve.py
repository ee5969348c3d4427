"""The sandbox as a server on loopback."""

from __future__ import annotations

import errno
import logging
import signal
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import uvicorn

from .app import create_app
from .errors import PortTaken
from .world import World

HOST = "127.0.0.1"
KEEP_ALIVE_S = 3_600
"""A connection that is quiet stays open: one that closes at the moment of its next call would look like a fault."""


def listen(port: int) -> socket.socket:
    """A socket on loopback; port 0 = any free one. Raises PortTaken."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((HOST, port))
        bound.listen(128)
    except OSError as problem:
        bound.close()
        if problem.errno == errno.EADDRINUSE:
            raise PortTaken(
                f"Port {port} on {HOST} is taken by another program: stop it or choose another port."
            ) from None
        raise
    bound.setblocking(False)
    return bound


class Server(uvicorn.Server):
    """Uvicorn that says when it listens."""

    def __init__(self, world: World, bound: socket.socket, ready: Callable[[str], object] | None) -> None:
        quiet = {
            "log_level": logging.WARNING,
            "access_log": False,
            "lifespan": "off",
            "timeout_keep_alive": KEEP_ALIVE_S,
        }
        super().__init__(uvicorn.Config(create_app(world), **quiet, date_header=False))  # the app dates its answers
        self._world = world
        self._bound = bound
        self._ready = ready
        self.url = f"http://{HOST}:{bound.getsockname()[1]}"

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Starts listening, then calls `ready` with the base URL."""
        await super().startup(sockets)
        if self._ready is not None:
            self._ready(self.url)

    def serve_until_stopped(self) -> None:
        """Serves until a signal or `should_exit`."""
        try:
            self.run(sockets=[self._bound])
        finally:
            self._bound.close()
            self._world.close()


def serve(world_path: Path | str, port: int, ready: Callable[[str], object] | None = None) -> None:
    """Serves a world until SIGINT or SIGTERM; `ready` gets the base URL once it listens.

    Raises WorldError for a world that cannot be served and PortTaken.
    """
    bound = listen(port)
    try:
        server = Server(World.load(world_path), bound, ready)
    except BaseException:
        bound.close()
        raise
    if threading.current_thread() is threading.main_thread():
        # Uvicorn raises the signal that stopped it once more when it is done; by then it has done its work.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _heard)
    server.serve_until_stopped()


def _heard(_number: int, _frame: FrameType | None) -> None:
    """Takes note of a signal and goes on."""
