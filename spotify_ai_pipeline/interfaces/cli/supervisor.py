"""`python -m spotify_ai_pipeline.interfaces.cli.supervisor FOLDER COMMANDS`: the processes of `up`, ended together.

`up` turns into this once it knows what to start: what it imported for that would stay in memory as long as they run.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from spotify_ai_pipeline.defs.automation.parent import end_with_parent
from spotify_ai_pipeline.paths import PROJECT_ROOT

PATIENCE_SECONDS = 20
TELEMETRY = ("logs", ".logs_queue")
"""Folders that Dagster's daemon makes for its telemetry, which is off: they stay empty."""


def main(folder: str, commands: str) -> int:
    """Runs ``commands`` (JSON) until one of them ends or a signal comes, then ends them all and removes their ``folder``."""
    try:
        return supervise(json.loads(commands), PROJECT_ROOT)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        for left in TELEMETRY:
            with suppress(OSError):
                (PROJECT_ROOT / left).rmdir()


def supervise(commands: list[list[str]], folder: Path) -> int:
    """The exit code is 0 after a signal, 2 where one of the processes failed."""
    stopping = False

    def stop(*_: object) -> None:
        nonlocal stopping
        stopping = True

    os.environ.setdefault("MALLOC_ARENA_MAX", "2")  # else each of many threads keeps memory of its own: 40 MB in all
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)  # a handler, unlike SIG_IGN, is reset in the children
    news = _signals()
    children = [
        subprocess.Popen(command, cwd=folder, start_new_session=True, preexec_fn=end_with_parent)
        for command in commands
    ]
    while not stopping and all(child.poll() is None for child in children):
        news.recv(1)
    failed = next((index for index, child in enumerate(children) if child.poll() not in (None, 0)), None)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        for child in children:
            if child.poll() is None:
                os.killpg(child.pid, number)
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until and any(child.poll() is None for child in children):
            time.sleep(0.1)
    if failed is None or stopping:
        return 0
    command = commands[failed]
    name = command[2] if command[1] == "-m" else Path(command[0]).name
    why = f"{name} ended with code {children[failed].returncode}; its messages are above"
    sys.stderr.write(f"error: {why}. Next: spotify-ai doctor\n")
    return 2


def _signals() -> socket.socket:
    """What has a byte to read for each signal, the end of a child included: to wait for it costs nothing."""
    told, tell = socket.socketpair()
    tell.setblocking(False)
    signal.set_wakeup_fd(tell.detach())
    signal.signal(signal.SIGCHLD, lambda *_: None)  # without a handler, nothing is told of it
    return told


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
