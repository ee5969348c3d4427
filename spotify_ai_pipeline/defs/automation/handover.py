"""Runs that are handed to the warm process of `spotify-ai up` (runner.py), so that none of them imports Dagster anew.

A connection is a run. The request is answered with ``{"ready": true}``, and begins when the asker says ``go``: an asker that lost
patience can begin by itself, and nothing runs twice. A line for each thing that happens follows, and a last one that says how
the run ended. The asker ends it by ``stop``, or by going away. The socket lies in a folder that nobody else gets into, because
a request bears the environment with its secrets. Nothing here is heavy.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.paths import program_version
from spotify_ai_pipeline.storage.workspace import Workspace

ADDRESS = "warm process"
"""The fact that names the socket; it may be left over from one that is gone."""
GO, STOP = "go\n", "stop\n"
PATIENCE_SECONDS = 10.0
"""A warm process that takes longer to answer counts as gone."""

OnEvent = Callable[[str, str, str], None]
"""Told (step, kind, message), where kind is planned (the message holds the names of all steps), started, done, failed, said, or
warned (a check did not pass). A run elsewhere tells of its calls too: asked (a service, and what an observer of the transport is
told of it)."""


@dataclass(frozen=True)
class RunResult:
    run_id: str
    success: bool
    error: str
    """What the failed step said, empty for a success."""
    interrupted: bool = False
    """The person who started it ended it."""


@dataclass(frozen=True)
class Connection:
    """A way to a run, or from a run to the one who waits for it."""

    way: socket.socket
    lines: TextIO

    @classmethod
    def over(cls, way: socket.socket) -> Connection:
        return cls(way, way.makefile(encoding="utf-8"))

    def tell(self, **line: object) -> None:
        self.way.sendall(json.dumps(line).encode() + b"\n")

    def close(self) -> None:
        self.lines.close()
        self.way.close()


def run_job(
    workspace: Workspace,
    job: str,
    on_event: OnEvent,
    tags: Mapping[str, str] | None = None,
    options: Mapping[str, Mapping[str, Any]] | None = None,
) -> RunResult:
    """Runs ``job`` in the warm process where one answers for this home, else here. See ``run.run_job``."""
    asked = {
        "job": job,
        "tags": dict(tags or {}),
        "options": {asset: dict(of) for asset, of in (options or {}).items()},
    }
    here = {"root": str(workspace.root.absolute()), "environment": dict(os.environ)}
    address = workspace.state.fact(ADDRESS)
    if address and (connection := begin(Path(address), asked | here)) is not None:
        with _stopping(connection):
            return _follow(connection, on_event)
    from spotify_ai_pipeline.defs.automation.run import run_job as run  # Dagster takes its second only where a job runs

    return run(workspace, job, on_event, tags, options)


def beside(code_server: str) -> Path:
    """Where the warm process of the code server at the socket ``code_server`` answers."""
    return Path(f"{code_server}.runs")


def begin(address: Path, request: Mapping[str, object]) -> Connection | None:
    """Begins the run that ``request`` names in the warm process at ``address``; None where there is none of this user and of
    this version of the program, so that nothing was begun."""
    with suppress(OSError, ValueError):
        if address.stat().st_uid != os.getuid():
            return None
        way = socket.socket(socket.AF_UNIX)
        connection = Connection.over(way)
        way.settimeout(PATIENCE_SECONDS)
        try:
            way.connect(str(address))
            connection.tell(program=program_version(), **request)
            if json.loads(connection.lines.readline())["ready"]:
                way.sendall(GO.encode())
                way.settimeout(None)
                return connection
        except (OSError, ValueError):
            pass
        connection.close()
    return None


def _follow(connection: Connection, on_event: OnEvent) -> RunResult:
    for line in connection.lines:
        match json.loads(line):
            case {"step": step, "kind": kind, "message": message}:
                on_event(step, kind, message)
            case {"refused": why}:
                raise UserError(why)
            case ended:
                return RunResult(**ended)
    raise UserError("the process of the run ended in the middle; the same command goes on from there")


@contextmanager
def _stopping(connection: Connection) -> Generator[None]:
    """Has Ctrl-C end the run, which then says how far it came; a second one does not wait for that."""
    asked = False

    def stop(*_: object) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True
        with suppress(OSError):
            connection.way.sendall(STOP.encode())

    here = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGINT, stop) if here else None
    try:
        yield
    finally:
        if here:
            signal.signal(signal.SIGINT, before)
        connection.close()
