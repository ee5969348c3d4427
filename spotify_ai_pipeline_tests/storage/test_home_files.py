"""The files of a data root: private at every start, without litter, and gone when the listener is forgotten."""

from __future__ import annotations

import fcntl
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from spotify_ai_pipeline import settings
from spotify_ai_pipeline.interfaces.cli import main
from spotify_ai_pipeline.settings import PROJECT_ROOT
from spotify_ai_pipeline.storage import datasets, home_files
from spotify_ai_pipeline.storage.workspace import Workspace

LITTER = ("restoring-abc", "backing-up-abc", "spotify_token.0badcafe.new", "tmpab12cd34")
OURS = (
    "state.sqlite", "state.sqlite-wal", "state.sqlite-shm", "answers.sqlite", "answers.sqlite-wal",
    "answers.sqlite.damaged-20260101T000000", "config.yaml", ".env", "spotify_token.json", "demo.json", "location.py",
    "library_map.png", "library_map.html", "playlist.lock", "bot.lock",
)  # fmt: skip
FOLDERS = (
    "lake",
    "dagster",
    "inbox",
    "world",
    "numba",
    "replaced-20260101T000000",
    "__pycache__",
    *LITTER[:2],
    LITTER[3],
)


@pytest.fixture(autouse=True)
def umask() -> Iterator[None]:
    """A start changes the umask of the process: this one begins with the usual one."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def start(root: Path) -> Workspace:
    """The home as the next process finds it."""
    home_files.prepare.cache_clear()
    return Workspace.open(root)


def plant(root: Path) -> None:
    """One of each kind that the program makes or leaves, as an older version or a killed process had it: open to others."""
    for folder in FOLDERS:
        (root / folder / "deep").mkdir(parents=True)
        (root / folder / "deep" / "file").write_text("secret")
    for file in (*OURS, LITTER[2]):
        (root / file).write_text("")


def modes(root: Path) -> set[int]:
    return {stat.S_IMODE(path.stat().st_mode) for path in (root, *root.rglob("*"))}


def test_each_start_takes_the_rights_of_others_away(tmp_path: Path) -> None:
    root = tmp_path / "home"
    plant(root)
    assert 0o644 in modes(root) and 0o755 in modes(root)
    start(root)
    assert modes(root) == {0o600, 0o700}
    (root / "lake" / "deep" / "file").chmod(0o644)
    start(root)
    assert modes(root) == {0o600, 0o700}


def test_what_is_made_after_a_start_is_private_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "DATA", tmp_path / "data")
    (tmp_path / "data").mkdir()
    workspace = start(tmp_path / "data" / "demo" / "mine")
    workspace.lake.write(pl.DataFrame({"n": [1]}), datasets.SONGS)
    workspace.answers.put("kind", {"a": 1})
    workspace.name_to_dagster()
    assert modes(tmp_path / "data") == {0o600, 0o700}, "the folders above that are ours as well"


def test_a_file_that_another_process_removes_meanwhile_stops_no_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "home"
    start(root)
    (root / "lake" / "one").mkdir(parents=True)
    left, gone = root / "lake" / "left", root / "backing-up-abc"
    left.touch()
    left.chmod(0o644)
    gone.mkdir()
    (root / "lake" / "one" / "gone").touch()
    look = os.scandir

    @contextmanager
    def late(folder: str) -> Iterator[Iterator[os.DirEntry[str]]]:
        """A folder as it was when its list was read; two things in the home go before they are looked at."""
        with look(folder) as entries:
            names = sorted(entries, key=lambda entry: entry.name)
        (root / "lake" / "one" / "gone").unlink(missing_ok=True)
        yield iter(names)

    kept = home_files.kept(root)
    monkeypatch.setattr(home_files, "kept", lambda _root: kept)
    monkeypatch.setattr(os, "scandir", late)
    gone.rmdir()
    (root / "lake" / "one" / "left").touch()
    (root / "lake" / "one" / "left").chmod(0o644)
    assert set(home_files.open_to_others(root)) >= {left, root / "lake" / "one" / "left"}


def test_links_and_the_files_of_others_are_left_alone(tmp_path: Path) -> None:
    elsewhere = tmp_path / "music"
    elsewhere.mkdir()
    (elsewhere / "export.json").write_text("")
    root = tmp_path / "home"
    root.mkdir()
    (root / "inbox").symlink_to(elsewhere)
    (root / "notes.txt").write_text("mine")
    start(root)
    assert stat.S_IMODE(elsewhere.stat().st_mode) == 0o755
    assert stat.S_IMODE((elsewhere / "export.json").stat().st_mode) == 0o644
    assert stat.S_IMODE((root / "notes.txt").stat().st_mode) == 0o644


@pytest.mark.parametrize("name", LITTER)
def test_litter_of_the_dead_is_cleared_after_a_day_and_not_before(tmp_path: Path, name: str) -> None:
    root = tmp_path / "home"
    plant(root)
    start(root)
    assert (root / name).exists()
    os.utime(root / name, times=(0, 0))
    start(root)
    assert not (root / name).exists()
    assert all((root / other).exists() for other in (*OURS, *FOLDERS) if other != name)


def test_what_a_living_process_holds_is_no_litter_however_old(tmp_path: Path) -> None:
    root = tmp_path / "home"
    plant(root)
    held = root / "backing-up-abc"
    os.utime(held, times=(0, 0))
    handle = os.open(held, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    start(root)
    assert held.exists()
    os.close(handle)
    start(root)
    assert not held.exists()


def test_forgetting_leaves_nothing_of_ours_and_nothing_that_is_not_ours_is_touched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "home"
    plant(root)
    for file in root.glob("state.sqlite*"):
        file.unlink()
    (root / "notes.txt").write_text("mine")
    monkeypatch.setenv("SPOTIFY_AI_DATA", str(root))
    told = CliRunner().invoke(main, ["forget", "--yes"])
    assert told.exit_code == 0, told.output
    assert [path.name for path in root.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize("harm", [b"", b"no database at all" * 300, None])
def test_a_listener_whose_state_is_damaged_or_lost_can_be_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, harm: bytes | None
) -> None:
    root = tmp_path / "home"
    Workspace.open(root).lake.write(pl.DataFrame({"n": [1]}), datasets.SONGS)
    for file in root.glob("state.sqlite*"):
        file.unlink()
    if harm is not None:
        (root / "state.sqlite").write_bytes(harm)
    monkeypatch.setenv("SPOTIFY_AI_DATA", str(root))
    told = CliRunner().invoke(main, ["forget"], input="everything\n")
    assert told.exit_code == 0, told.output
    assert list(root.iterdir()) == []


def test_a_killed_backup_leaves_litter_that_the_next_ones_clear(tmp_path: Path) -> None:
    root = tmp_path / "home"
    Workspace.open(root).lake.write(pl.DataFrame({"n": [1]}), datasets.SONGS)
    script = (
        "import os, sys; from pathlib import Path; from spotify_ai_pipeline.storage import backup;"
        "from spotify_ai_pipeline.storage.workspace import Workspace;"
        "backup._manifest = lambda *_: os.kill(os.getpid(), 9);"
        "backup.save(Workspace.open(Path(sys.argv[1])), Path(sys.argv[2]))"
    )
    command = [sys.executable, "-c", script, str(root), str(tmp_path / "b.zip")]
    assert subprocess.run(command, env=os.environ | {"PYTHONPATH": str(PROJECT_ROOT)}, check=False).returncode == -9
    left = [*root.glob("backing-up-*"), *tmp_path.glob("b.zip*")]
    assert len(left) == 2
    for path in left:
        os.utime(path, times=(0, 0))
    from spotify_ai_pipeline.storage import backup

    backup.save(start(root), tmp_path / "c.zip")
    assert not any(path.exists() for path in left)
