"""The command line as a person has it: a project folder of its own, and every command a process."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.settings import PROJECT_ROOT
from spotify_ai_pipeline_tests.ports import free_port

ENTRY = [sys.executable, "-c", "from spotify_ai_pipeline.interfaces.cli import main; main(prog_name='spotify-ai')"]
PATIENCE_S = 600  # a guard against a hang, not a measure: a busy machine takes its time


@dataclass(frozen=True)
class Project:
    """A copy of the project without its data, so that demos and configuration are the test's own."""

    root: Path

    def __call__(self, *args: object, typed: str = "", **environment: object) -> subprocess.CompletedProcess[str]:
        """Runs ``spotify-ai ARGS`` with ``typed`` on a pipe."""
        dropped = ("SPOTIFY_AI", "PYTHON")  # compile the copy once
        kept = [name for name in os.environ if not name.startswith(dropped) or name == clock.SHIFT]
        shell = {name: os.environ[name] for name in kept}
        more = {name: str(value) for name, value in environment.items()}
        return subprocess.run(
            [*ENTRY, *map(str, args)],
            cwd=self.root,
            env=shell | {"PYTHONPATH": str(self.root)} | more,
            input=typed,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )


def copy_project(root: Path) -> Project:
    skipped = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PROJECT_ROOT / "spotify_ai_pipeline", root / "spotify_ai_pipeline", ignore=skipped)
    shutil.copytree(PROJECT_ROOT / "config", root / "config")
    for name in ("pyproject.toml", "dagster.yaml", "workspace.yaml"):
        shutil.copy(PROJECT_ROOT / name, root / name)
    return Project(root)


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project in which nothing was made yet. Give each command a data root (``SPOTIFY_AI_DATA``) of its own."""
    return copy_project(tmp_path_factory.mktemp("project"))


@pytest.fixture(name="free_port")
def port_of_this_test() -> int:
    return free_port()


@pytest.fixture(scope="session")
def taken_port() -> Iterator[int]:
    """Taken by a program that does not answer yet."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        yield other.getsockname()[1]


@dataclass(frozen=True)
class Demo:
    """A project in which the demo ran once, and what it printed."""

    project: Project
    printed: str


@pytest.fixture(scope="session")
def demo(small_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Demo:
    root = tmp_path_factory.mktemp("demo")
    project, world = copy_project(root), shutil.copytree(small_world, root / "some-world")
    ran = project("demo", "--world", world, "--port", free_port())
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr == ""
    return Demo(project, ran.stdout)
