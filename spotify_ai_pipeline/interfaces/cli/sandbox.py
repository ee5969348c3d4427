"""The sandbox: the stand-in services of a demo, run as a process of their own."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import click
import requests

from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.interfaces.cli.console import console
from spotify_ai_pipeline.interfaces.cli.options import Group, history_option
from spotify_ai_pipeline.storage.workspace import Workspace

READY_SECONDS = 60


@click.group(cls=Group)
def sandbox() -> None:
    """Build and serve worlds for the sandbox, the stand-in of the web services."""


@sandbox.command()
@history_option
@click.option(
    "--catalogue",
    type=click.Path(path_type=Path),
    required=True,
    help="Parquet file of tracks: spotify_id, title, artist, ... with audio features and genres.",
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder to make; it must not exist.")
def build(history: Path, catalogue: Path, out: Path) -> None:
    """Make a world from a real listening history, to try with `spotify-ai demo --world FOLDER`.

    The history moves forward by whole weeks, so that it ends this week; weekdays and hours stay.
    """
    if out.exists():
        raise UserError(f"{out} exists already; remove it or choose another folder")
    from spotify_ai_pipeline.sandbox.errors import WorldError
    from spotify_ai_pipeline.sandbox.from_history import build as build_world

    with console.status(f"building {out} from {history.name}"):
        try:
            summary = build_world(history, catalogue, out)
        except WorldError as error:
            raise UserError(str(error)) from None
    counts = ", ".join(f"{count:,} {name}" for name, count in summary["counts"].items())
    console.print(f"{out}: {counts}; moved forward by {summary['shifted_weeks']} weeks")
    console.print(f"next: spotify-ai demo --world {out}")


@sandbox.command()
@click.option("--world", type=click.Path(path_type=Path), required=True, help="Folder that holds the world.")
@click.option("--port", type=int, required=True, help="Port on 127.0.0.1; 0 picks a free one.")
def serve(world: Path, port: int) -> None:
    """Serve a world on loopback until Ctrl-C."""
    sys.exit(subprocess.call(_serve_command(world, port)))


def free_port(world: Path, wished: int) -> int:
    """``wished``, where nothing listens there or a sandbox of this very world does; else a port that is free."""
    if _served_world(wished) == str(world):
        return wished
    for port in (wished, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return probe.getsockname()[1]
    raise UserError("no port is free on this machine; choose one with --port")


@contextmanager
def beside(workspace: Workspace) -> Generator[None]:
    """The services that ``workspace`` speaks to: nothing to do for real ones; a demo's sandbox runs until the end of the block,
    unless it runs already."""
    if not workspace.demo_file.exists():
        yield
        return
    demo = json.loads(workspace.demo_file.read_text())
    with running(Path(demo["world"]), demo["port"]):
        yield


@contextmanager
def running(world: Path, port: int) -> Generator[None]:
    """A sandbox that serves ``world`` on ``port``: the one that is there, else one of our own until the end of the block."""
    if (served := _served_world(port)) is not None:
        if served != str(world):
            raise UserError(
                f"port {port} is taken by another world ({served}); stop that one or choose another with --port"
            )
        yield
        return
    process = subprocess.Popen(
        [*_serve_command(world, port), "--with-parent"],
        stdin=subprocess.PIPE,  # it closes with this process, however that ends
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        _wait_until_ready(process, world, port)
        yield
    finally:
        process.terminate()
        process.wait()


def _serve_command(world: Path, port: int) -> list[str]:
    return [sys.executable, "-m", "spotify_ai_pipeline.sandbox", "--world", str(world), "--port", str(port)]


def _served_world(port: int) -> str | None:
    """The world that a sandbox on ``port`` serves; None where no sandbox answers."""
    try:
        return requests.get(f"http://127.0.0.1:{port}/sandbox", timeout=5).json()["world"]
    except (requests.RequestException, ValueError, KeyError):
        return None


def _wait_until_ready(process: subprocess.Popen[str], world: Path, port: int) -> None:
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            said = process.stderr.read().strip() if process.stderr else ""
            raise UserError(said.removeprefix("error: ") or f"the sandbox ended with code {process.returncode}")
        if _served_world(port) == str(world):
            return
        time.sleep(0.05)
    raise UserError(f"the sandbox did not answer on port {port} within {READY_SECONDS} s; is the machine very busy?")
