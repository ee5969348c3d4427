"""Dagster on this listener's instance: the UI and its daemon, ended together, and Dagster's own command line."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from tempfile import mkdtemp

import click
import yaml

from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.interfaces.cli import sandbox
from spotify_ai_pipeline.interfaces.cli.console import console
from spotify_ai_pipeline.settings import PROJECT_ROOT
from spotify_ai_pipeline.storage.listeners import LOCATION_FILE, names, write_workspace
from spotify_ai_pipeline.storage.workspace import Workspace

PORT = 3000
SUPERVISOR = "spotify_ai_pipeline.interfaces.cli.supervisor"
WEB_SERVER = "spotify_ai_pipeline.defs.automation.web_server"
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
    beside = _sandbox(workspace)
    sockets = Path(mkdtemp(prefix="spotify-ai-"))  # nobody else gets in there
    locations = _locations(workspace)
    at = {name: str(sockets / f"{place}") for place, name in enumerate(locations)}
    served = sockets / "workspace.yaml"
    shared = [{"grpc_server": {"socket": socket, "location_name": name}} for name, socket in at.items()]
    served.write_text(yaml.safe_dump({"load_from": shared}))
    commands = [
        *beside,
        *([sys.executable, "-m", CODE_SERVER, at[name], *told] for name, told in locations.items()),
        [sys.executable, "-m", WEB_SERVER, "--port", str(port), "--workspace", str(served), "--with-daemon"],
    ]
    console.print(f"Dagster UI: http://127.0.0.1:{port}  (Ctrl-C ends it)")
    sys.stdout.flush()
    os.chdir(PROJECT_ROOT)  # where Python looks for modules first
    os.execv(sys.executable, [sys.executable, "-m", SUPERVISOR, str(sockets), json.dumps(commands)])  # no shell


def _sandbox(workspace: Workspace) -> list[list[str]]:
    """Gives what starts the sandbox of a demo."""
    if not workspace.demo_file.exists():
        return []
    demo = json.loads(workspace.demo_file.read_text())
    refuse_taken(demo["port"])
    told = ["--world", demo["world"], "--port", str(demo["port"])]
    return [[sys.executable, "-m", "spotify_ai_pipeline.sandbox", *told]]


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


def _script(name: str) -> str:
    """An entry point of our own environment."""
    found = shutil.which(name, path=str(Path(sys.executable).parent))
    if found is None:
        raise UserError(f"{name} is not installed in this environment; run `make demo` or `make install` again")
    return found


def is_taken(port: int) -> bool:
    """Tells whether something listens on ``port`` of this machine."""
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
