"""The wheel, installed beside the locked dependencies: what a person has who never saw the project's folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest
import yaml

from spotify_ai_pipeline import clock, settings

UV = [str(Path(sys.executable).parent / "uv"), "pip", "install", "--quiet", "--offline", "--no-config", "--no-deps"]
DEFAULTS = ("config/config.yaml", "dagster.yaml", "workspace.yaml", ".env.example")

Command = Callable[..., str]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=settings.PROJECT_ROOT, check=True, capture_output=True, timeout=120)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the wheel. It sees the dependencies of this one, but not the project's folder."""
    folder = tmp_path_factory.mktemp("installed") / "venv"
    venv.create(folder)
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    subprocess.run([*UV, "--python", str(folder / "bin" / "python"), str(wheel)], check=True, timeout=120)
    return folder


@pytest.fixture
def command(environment: Path, tmp_path: Path) -> Command:
    """Runs the installed ``spotify-ai`` for a person whose home is empty, in a folder that is no checkout."""
    ours = ("SPOTIFY_AI", "PYTHON", "XDG_")
    kept = {name: said for name, said in os.environ.items() if name == clock.SHIFT or not name.startswith(ours)}
    workspace, folder = tmp_path / "home", tmp_path / "elsewhere"
    workspace.mkdir()
    folder.mkdir()

    def run(*arguments: object) -> str:
        ended = subprocess.run(
            [environment / "bin" / "spotify-ai", *map(str, arguments)],
            cwd=folder,
            env=kept | {"HOME": str(workspace)},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
        assert ended.stderr == ""
        assert not list(folder.iterdir()), "left something in the folder it was called from"
        return ended.stdout

    return run


def test_the_wheel_carries_what_a_checkout_has_at_its_top_level(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as held:
        for name in DEFAULTS:
            assert held.read(f"spotify_ai_pipeline/defaults/{name}") == (settings.PROJECT_ROOT / name).read_bytes()
        names = held.namelist()
    assert "spotify_ai_pipeline/py.typed" in names
    assert not [name for name in names if name.startswith(("spotify_ai_pipeline_tests", "bench", "config"))]


def test_the_installed_command_says_what_it_is_and_reads_its_own_settings(command: Command, tmp_path: Path) -> None:
    assert metadata.version("spotify-ai") in command("--version")
    assert str(tmp_path / "home" / ".config" / "spotify-ai" / ".env") in "".join(command("--help").split())
    default = yaml.safe_load((settings.PROJECT_ROOT / "config" / "config.yaml").read_text())["playlist"]["target_size"]
    (shown,) = (line for line in command("config").splitlines() if "playlist.target_size" in line)
    assert f" {default} " in shown
    assert (tmp_path / "home" / ".local" / "share" / "spotify-ai").is_dir()


def test_the_installed_demo_makes_a_mix(command: Command, tmp_path: Path, world: Path, free_port: int) -> None:
    printed = command("demo", "--world", world, "--port", free_port)
    assert re.search(r"2,[345]\d\d listens", printed), "nearly every one of the 2,500 plays is a listen"
    data = tmp_path / "home" / ".local" / "share" / "spotify-ai"
    (made,) = (data / "demo").glob("world-*")
    assert (made / "dagster" / "history" / "runs.db").exists()
