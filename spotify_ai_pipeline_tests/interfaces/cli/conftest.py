"""The command line as a person has it: a project folder of its own, and every command a process."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.interfaces.cli import main
from spotify_ai_pipeline.paths import CONFIG_FILE
from spotify_ai_pipeline.sandbox import testing
from spotify_ai_pipeline.settings import PROJECT_ROOT
from spotify_ai_pipeline.storage.home_files import DEMO_FILE
from spotify_ai_pipeline_tests.conftest import Place
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
    shutil.copytree(PROJECT_ROOT / "spotify_ai_pipeline", root / "spotify_ai_pipeline")  # with its bytecode
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


def here(*args: object, typed: str = "", **environment: object) -> subprocess.CompletedProcess[str]:
    """The same command in this process, for tests to which a process says nothing more."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, str(value))
        ran = CliRunner().invoke(main, command := [str(word) for word in args], input=typed, prog_name="spotify-ai")
    broken = ran.exception if not isinstance(ran.exception, SystemExit) else None
    said = ran.stderr + "".join(traceback.format_exception(broken) if broken else [])
    return subprocess.CompletedProcess(command, ran.exit_code, ran.stdout, said)


@dataclass(frozen=True)
class Demo:
    """A project in which the demo ran once, where its data lie, and what it printed."""

    project: Project
    data: Path
    printed: str

    def here(self, *args: object, typed: str = "", **environment: object) -> subprocess.CompletedProcess[str]:
        """A command on the demo's data, in this process."""
        return here(*args, typed=typed, **{"SPOTIFY_AI_DATA": self.data} | environment)


@pytest.fixture(scope="session")
def demo(once: Place, small_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The demo is run once for all workers; each has a copy, and a sandbox of its own for it."""
    port = str(free_port())

    def make(place: Path) -> None:
        ran = copy_project(place)("demo", "--world", shutil.copytree(small_world, place / "some-world"), "--port", port)
        assert ran.returncode == 0, ran.stderr
        assert ran.stderr == ""
        (place / "made").write_text(json.dumps({"place": str(place), "port": port, "printed": ran.stdout}))

    root = Path(shutil.copytree(once("demo", make), tmp_path_factory.mktemp("demo") / "project"))
    made = json.loads((root / "made").read_text())
    (data,) = [path for path in (root / "data" / "demo").iterdir() if path.is_dir()]
    with testing.running(root / "some-world") as url:
        for file in (data / DEMO_FILE, data / CONFIG_FILE):
            moved = file.read_text().replace(made["place"], str(root)).replace(made["port"], url.rpartition(":")[2])
            file.write_text(moved)
        yield Demo(Project(root), data, made["printed"].replace(made["place"], str(root)))
