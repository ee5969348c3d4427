"""`python -m spotify_ai_pipeline.defs.automation.code_server SOCKET HOME NAME WHAT…`: one code location, served to all.

The UI and the daemon would each start a server of their own, and the daemon starts its own anew each minute, which costs more
than all else at rest. They share this one. Ticks and runs read the settings as they begin. What the definitions themselves hold
(the listener's time zone, the month of the first scrobble) is looked at here: where it changes, this process begins anew as
soon as no run of its own is under way. Runs are copies of the warm process that it makes first (runner.py).
"""

import os
import sys
import threading
from pathlib import Path

from dagster._cli.api import grpc_command  # not in dagster_internals: only the server pays for these
from dagster._grpc.client import DagsterGrpcClient

from spotify_ai_pipeline.app.scrobble_partitions import FIRST_MONTH
from spotify_ai_pipeline.defs.automation import handover, runner
from spotify_ai_pipeline.storage.workspace import Workspace

LOOK_SECONDS = 30.0


def main(socket: str, home: str, name: str, *pointer: str) -> None:
    """Serves the location ``name`` of the listener's ``home`` until a signal comes; ``pointer`` is where Dagster finds it."""
    if sys.platform == "linux":
        runner.start(runs := handover.beside(socket))
        Workspace.open(Path(home)).state.set_fact(handover.ADDRESS, str(runs))
    changed = threading.Event()
    threading.Thread(target=_watch, args=(socket, Path(home), changed), daemon=True).start()
    options = ["--location-name", name, "--use-python-environment-entry-point", "--log-level", "warning"]
    grpc_command.main(["--socket", socket, *options, *pointer], prog_name="code_server", standalone_mode=False)
    if changed.is_set():
        os.execv(sys.executable, sys.orig_argv)  # no shell


def _watch(socket: str, home: Path, changed: threading.Event) -> None:
    began_with = held(home)
    while not changed.wait(LOOK_SECONDS):
        if held(home) != began_with:
            changed.set()
            DagsterGrpcClient(socket=socket).shutdown_server()


def held(home: Path) -> object:
    """What the definitions hold of ``home``, read anew."""
    workspace = Workspace(home)
    return workspace.settings.listener.timezone, workspace.state.fact(FIRST_MONTH)


if __name__ == "__main__":
    main(*sys.argv[1:])
