"""Dagster on this listener's instance: the UI and its daemon, ended together, and Dagster's own command line."""

from __future__ import annotations

import ctypes
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
from tempfile import TemporaryDirectory

import click
import yaml

from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.interfaces.cli import sandbox
from spotify_ai_pipeline.interfaces.cli.console import console
from spotify_ai_pipeline.settings import PROJECT_ROOT
from spotify_ai_pipeline.storage.listeners import LOCATION_FILE, names, write_workspace
from spotify_ai_pipeline.storage.workspace import Workspace

PORT = 3000
PATIENCE_SECONDS = 20
PR_SET_PDEATHSIG = 1
"""From linux/prctl.h."""
WEB_SERVER = "spotify_ai_pipeline.defs.automation.web_server"
TELEMETRY = ("logs", ".logs_queue")
"""Folders that Dagster's daemon makes for its telemetry, which is off: they stay empty."""
CODE_SERVER = "spotify_ai_pipeline.defs.automation.code_server"
LOCATION, DEFINITIONS = "spotify_ai_pipeline", "spotify_ai_pipeline.definitions"


@click.command()
@click.option(
    "--port", type=int, help=f"Port of the Dagster UI on 127.0.0.1; default: {PORT}, or the next that is free."
)
def up(port: int | None) -> None:
    """Start the Dagster UI and the daemon (and a demo's sandbox); Ctrl-C ends all of them."""
    workspace = Workspace.open()
    port = port or next((free for free in range(PORT, PORT + 100) if not is_taken(free)), PORT)
    refuse_taken(port)
    workspace.name_to_dagster()
    if workspace.shared_as:
        write_workspace(workspace.root.parent)
    with TemporaryDirectory(prefix="spotify-ai-", ignore_cleanup_errors=True) as sockets:  # nobody else gets in there
        _serve(workspace, port, Path(sockets))


def _serve(workspace: Workspace, port: int, sockets: Path) -> None:
    locations = _locations(workspace)
    at = {name: str(sockets / f"{place}") for place, name in enumerate(locations)}
    served = sockets / "workspace.yaml"
    shared = [{"grpc_server": {"socket": socket, "location_name": name}} for name, socket in at.items()]
    served.write_text(yaml.safe_dump({"load_from": shared}))
    commands = [
        *([sys.executable, "-m", CODE_SERVER, at[name], *told] for name, told in locations.items()),
        [sys.executable, "-m", WEB_SERVER, "--port", str(port), "--workspace", str(served), "--with-daemon"],
    ]
    if workspace.demo_file.exists():
        demo = json.loads(workspace.demo_file.read_text())
        refuse_taken(demo["port"])
        commands.insert(
            0,
            [
                sys.executable,
                "-m",
                "spotify_ai_pipeline.sandbox",
                "--world",
                demo["world"],
                "--port",
                str(demo["port"]),
            ],
        )
    console.print(f"Dagster UI: http://127.0.0.1:{port}  (Ctrl-C ends it)")
    try:
        sys.exit(supervise(commands, PROJECT_ROOT))
    finally:
        for folder in TELEMETRY:
            with suppress(OSError):
                (PROJECT_ROOT / folder).rmdir()


def _locations(workspace: Workspace) -> dict[str, list[str]]:
    """Each code location with its home, its name and where Dagster finds it."""
    if not workspace.shared_as:
        return {LOCATION: [str(workspace.root), LOCATION, "--module-name", DEFINITIONS]}
    folder = workspace.root.parent
    return {
        name: [str(folder / name), name, "--python-file", str(folder / name / LOCATION_FILE)] for name in names(folder)
    }


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def dagster(arguments: tuple[str, ...]) -> None:
    """Run Dagster's own command line on this instance (and a demo's sandbox beside it). Example, three years in one run:

    \b
    spotify-ai dagster asset materialize -m spotify_ai_pipeline.definitions \\
        --select scrobbles --partition-range 2023-01...2025-12
    """
    workspace = Workspace.open()
    workspace.name_to_dagster()
    with sandbox.beside(workspace):
        sys.exit(subprocess.call([_script("dagster"), *arguments], cwd=PROJECT_ROOT))


def supervise(commands: list[list[str]], folder: Path) -> int:
    """Runs ``commands`` until one of them ends or a signal comes, then ends them all; the exit code is 0 after a signal."""
    stopping = False

    def stop(*_: object) -> None:
        nonlocal stopping
        stopping = True

    os.environ.setdefault("MALLOC_ARENA_MAX", "2")  # else each of many threads keeps memory of its own: 40 MB in all
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)  # a handler, unlike SIG_IGN, is reset in the children
    children = [
        subprocess.Popen(command, cwd=folder, start_new_session=True, preexec_fn=_end_with_parent)
        for command in commands
    ]
    while not stopping and all(child.poll() is None for child in children):
        time.sleep(0.2)
    failed = next((index for index, child in enumerate(children) if child.poll() not in (None, 0)), None)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        for child in children:
            if child.poll() is None:
                os.killpg(child.pid, number)
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until and any(child.poll() is None for child in children):
            time.sleep(0.1)
    if failed is not None and not stopping:
        command = commands[failed]
        name = command[2] if command[1] == "-m" else Path(command[0]).name
        raise UserError(f"{name} ended with code {children[failed].returncode}; its messages are above")
    return 0


def _end_with_parent() -> None:
    """Lets the kernel stop this child when its parent was killed and could not; only Linux can."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT)


def _script(name: str) -> str:
    """An entry point of our own environment."""
    found = shutil.which(name, path=str(Path(sys.executable).parent))
    if found is None:
        raise UserError(f"{name} is not installed in this environment; run `make demo` or `make install` again")
    return found


def is_taken(port: int) -> bool:
    """Whether something listens on ``port`` of this machine."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def refuse_taken(port: int) -> None:
    if is_taken(port):
        raise UserError(f"port {port} is taken; stop what uses it or choose another with --port")
