"""A sandbox for the length of a test."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .serve import Server, listen
from .world import World

_PATIENCE_S = 120


@contextmanager
def running(world_path: Path | str) -> Iterator[str]:
    """Serves a world from a thread on a free port; yields the base URL. Raises WorldError."""
    up = threading.Event()
    server = Server(World.load(world_path), listen(0), lambda _url: up.set())
    thread = threading.Thread(target=server.serve_until_stopped, name="sandbox", daemon=True)
    thread.start()
    try:
        if not up.wait(_PATIENCE_S):
            raise TimeoutError(f"The sandbox did not start within {_PATIENCE_S} s.")
        yield server.url
    finally:
        server.should_exit = True
        thread.join(_PATIENCE_S)
