"""The warm process: it has imported what runs need, and each run is a copy of it.

A code server makes it before it has threads of its own, so that the two share their memory. A run can be killed alone and leaves
nothing behind; the warm process itself never works. Dagster would start a process anew for each run, which takes seconds of the
processor before the first step. Only Linux: other systems do not bear a copy of what was imported.
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import socket
import sys
import threading
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any

import dagster as dg

from spotify_ai_pipeline import collector, definitions
from spotify_ai_pipeline.clients import transport
from spotify_ai_pipeline.defs.automation import run
from spotify_ai_pipeline.defs.automation.handover import GO, Connection, RunResult
from spotify_ai_pipeline.defs.automation.launcher import PROCESS, process_name
from spotify_ai_pipeline.defs.automation.parent import end_with_parent
from spotify_ai_pipeline.defs.dagster_internals import (
    JobPythonOrigin,
    capture_interrupts,
    core_execute_run,
    recon_job_from_origin,
)
from spotify_ai_pipeline.errors import ExpectedError
from spotify_ai_pipeline.paths import program_version
from spotify_ai_pipeline.storage.workspace import Workspace

LOOK_SECONDS = 1.0


def start(address: Path) -> int:
    """Starts the warm process, which answers at ``address`` while this process lives, and gives its number. Call it before any
    thread is started."""
    definitions.load()
    program_version()  # of what is loaded here, whatever the files are later
    gc.collect()
    gc.freeze()  # so that no collector touches, and thereby copies, what is shared
    alive, kept = os.pipe()
    address.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(address))
    address.chmod(0o600)
    listener.listen()
    parent = os.getpid()
    if child := os.fork():
        os.close(alive)  # the other end stays open and ends with this process, or when it begins anew
        listener.close()
        return child
    os.close(kept)
    try:
        _serve(listener, alive, parent)
    finally:
        os._exit(0)


def _serve(listener: socket.socket, alive: int, parent: int) -> None:
    """Makes a run of each connection. Runs end with the code server; one that begins anew leaves them their time."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it ends with the code server, and its runs with it
    runs = set[int]()
    told = [listener, alive]
    while told or runs:
        ready, _, _ = select.select(told, [], [], LOOK_SECONDS if runs else None)
        runs = {pid for pid in runs if os.waitpid(pid, os.WNOHANG)[0] == 0}
        if alive in ready:
            listener.close()
            told = []
        elif listener in ready:
            way, _ = listener.accept()
            if not (pid := os.fork()):
                listener.close()
                os.close(alive)
                _be_a_run(way)
            runs.add(pid)
            way.close()
        if not told and os.getppid() != parent:
            return


def _be_a_run(way: socket.socket) -> None:
    """What a copy does: the run that the asker wants, and its end."""
    code = 1
    try:
        os.setpgid(0, 0)  # signals to the code server's group are not for it
        signal.signal(signal.SIGINT, signal.default_int_handler)
        end_with_parent()
        collector.look_seldom()
        connection = Connection.over(way)
        request = json.loads(connection.lines.readline())
        connection.tell(ready=request["program"] == program_version())
        if connection.lines.readline() == GO:
            code = _run_of_dagster(request, connection) if "run_id" in request else _run_of_ours(request, connection)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _run_of_ours(request: dict[str, Any], connection: Connection) -> int:
    os.environ.clear()
    os.environ.update(request["environment"])

    def tell(step: str, kind: str, message: str) -> None:
        with suppress(OSError):  # nobody waits any more: the interrupt is on its way
            connection.tell(step=step, kind=kind, message=message)

    threading.Thread(target=_watch, args=(connection,), daemon=True).start()
    told: dict[str, Any]
    try:
        with transport.observed(lambda service, what: tell(service, "asked", what)):
            told = run.run_job(
                Workspace.open(Path(request["root"])), request["job"], tell, request["tags"], request["options"]
            ).__dict__
    except ExpectedError as error:
        told = {"refused": str(error)}
    except KeyboardInterrupt:  # before the first step
        told = RunResult("", success=False, error="", interrupted=True).__dict__
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the asker goes away once it is told, which is no wish any more
    with suppress(OSError):  # nobody may wait any more
        connection.tell(**told)
    return 1 if "refused" in told else 0


def _watch(connection: Connection) -> None:
    """Interrupts the run when the asker says so, or is gone."""
    with suppress(OSError, ValueError):
        connection.lines.readline()
    os.kill(os.getpid(), signal.SIGINT)


def _run_of_dagster(request: dict[str, Any], connection: Connection) -> int:
    """A run that the daemon or the UI launched, as Dagster's own process of a run does it."""
    connection.close()
    with capture_interrupts(), dg.DagsterInstance.get() as instance:
        run_id = request["run_id"]
        instance.add_run_tags(run_id, {PROCESS: process_name(os.getpid())})
        launched = instance.get_run_by_id(run_id)
        assert launched is not None, run_id
        assert isinstance(launched.job_code_origin, JobPythonOrigin)
        job = recon_job_from_origin(launched.job_code_origin)
        with suppress(KeyboardInterrupt, dg.DagsterExecutionInterruptedError):  # the history tells of it
            for _ in core_execute_run(job, launched, instance, inject_env_vars=True):
                pass
    return 0
