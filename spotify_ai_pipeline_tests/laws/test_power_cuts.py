"""Power cuts: after each call of a writer, in every order that a file system may keep them, nothing that was told is lost and
what is there is whole. Programs that are a little less careful do not pass."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from spotify_ai_pipeline.storage import backup, datasets, home_files, pins
from spotify_ai_pipeline.storage.workspace import Workspace
from spotify_ai_pipeline_tests.laws import power

WRITER = """
import os, sys
from pathlib import Path
root, told = Path(sys.argv[1]), os.open(sys.argv[2], os.O_WRONLY)
import polars as pl
from spotify_ai_pipeline.storage import backup, datasets, durable, lake, pins, state
from spotify_ai_pipeline.storage.workspace import Workspace
{careless}
home = Workspace.open(root)
home.lake
pins.pin(home.state, "one", pinned=True)
os.write(told, b"pinned one")
home.lake.write(pl.DataFrame({{"n": [2] * 100}}), datasets.SONGS)
os.write(told, b"wrote 2")
pins.pin(home.state, "two", pinned=True)
os.write(told, b"pinned two")
lake.KEEP_VERSIONS, lake.KEEP_SECONDS = 1, -1e11
(Path(str(home.lake.folder(datasets.SONGS))) / "v=29990101T000000000000-dead").mkdir()
home.lake.prune()
home.lake.write(pl.DataFrame({{"n": [3] * 100}}), datasets.SCROBBLES, "2026-01")
os.write(told, b"wrote a month")
"""

RESTORER = """
import os, sys
from pathlib import Path
root, told = Path(sys.argv[1]), os.open(sys.argv[2], os.O_WRONLY)
from spotify_ai_pipeline.storage import backup, durable, restoring
from spotify_ai_pipeline.storage.workspace import Workspace
{careless}
backup.restore(Workspace.open(root), root.with_name("theirs.zip"), replace=True)
os.write(told, b"restored")
"""

CARELESS = {
    "a pointer that is written in place": "lake.swap = lambda path, text: Path(str(path)).write_text(text)",
    "no file is synced": "os.fsync = lambda handle: None",
    "no folder is synced": "lake.sync_folder = durable.sync_folder = state.sync_folder = lambda folder: None",
    "a word that is not synced": "state.State.said = state.State.transaction",
    "a database that is never synced": """
real = state.sqlite3.connect
def connect(*given, **named):
    made = real(*given, **named)
    class Off(state.sqlite3.Connection):
        def execute(self, query, *values):
            return super().execute("PRAGMA synchronous = OFF" if query.startswith("PRAGMA synchronous") else query, *values)
    made.close()
    return real(*given, **named, factory=Off)
state.sqlite3 = type("Sqlite", (), {**vars(state.sqlite3), "connect": staticmethod(connect)})
""",
    "pruning that does not look what is in use": """
def prune(self, place, keep):
    for version in sorted(place.glob("v=*"), key=str)[:-1]:
        lake.remove(version)
    return 0
lake.Lake._prune = prune
""",
}

pytestmark = pytest.mark.skipif(not power.usable(), reason="needs strace, and the right to use it")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A home whose songs have a version of one row."""
    workspace = Workspace.open(tmp_path / "home")
    workspace.lake.write(pl.DataFrame({"n": [1]}), datasets.SONGS)
    workspace.state.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    workspace.state.connection.close()
    for side in ("-wal", "-shm"):
        (workspace.root / f"state.sqlite{side}").unlink(missing_ok=True)
    return workspace.root


def trouble(root: Path, told: set[str]) -> str:
    """Gives what is wrong with the home after a power cut; empty where nothing is."""
    home_files.prepare.cache_clear()
    try:
        workspace = Workspace.open(root)
        songs, pinned = workspace.lake.read(datasets.SONGS)["n"].to_list(), pins.pinned(workspace.state)
        month = workspace.lake.read_or_none(datasets.SCROBBLES)
        workspace.state.connection.close()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    if songs not in ([1], [2] * 100) or ("wrote 2" in told and songs == [1]):
        return f"songs are {songs[:3]} after {told}"
    if ("pinned one" in told and "one" not in pinned) or ("pinned two" in told and "two" not in pinned):
        return f"a word is lost: {pinned} after {told}"
    if (month is not None and month["n"].to_list() != [3] * 100) or ("wrote a month" in told and month is None):
        return "a month is lost or half"
    return ""


def half(root: Path, told: set[str]) -> str:
    """Gives what is wrong with a home whose restore met a power cut: it is the old one or the new one."""
    home_files.prepare.cache_clear()
    try:
        workspace = Workspace.open(root)
        songs, pinned = workspace.lake.read(datasets.SONGS)["n"].to_list(), pins.pinned(workspace.state)
        token = workspace.token_file.exists()
        workspace.state.connection.close()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    found = (songs, pinned, token)
    if found not in (([1], set(), False), ([9], {"theirs"}, True)):
        return f"half: {found}"
    return "the new home is lost" if "restored" in told and not token else ""


def troubles(
    root: Path, tmp_path: Path, script: str, careless: str, look: Callable[[Path, set[str]], str] = trouble
) -> tuple[int, list[str]]:
    """The number of disks that were looked at, and what was wrong with them: at most one, for it is enough."""
    record = power.record(script.format(careless=careless), root, tmp_path / "log")
    looked = 0
    for looked, (told, disk) in enumerate(record.states(), start=1):
        place = tmp_path / "cut"
        disk.lay_out(place)
        wrong = look(place, told)
        shutil.rmtree(place)
        if wrong:
            return looked, [wrong]
    return looked, []


def test_a_power_cut_after_any_call_loses_nothing_that_was_told(root: Path, tmp_path: Path) -> None:
    looked, wrong = troubles(root, tmp_path, WRITER, "")
    assert wrong == []
    assert looked > 100
    print(f"{looked:,} disks after a power cut")  # noqa: T201  # for the table in docs/operation.md


@pytest.mark.parametrize("careless", CARELESS.values(), ids=list(CARELESS))
def test_a_program_that_is_less_careful_is_found_out(root: Path, tmp_path: Path, careless: str) -> None:
    looked, wrong = troubles(root, tmp_path, WRITER, careless)
    assert wrong
    print(f"after {looked:,} disks: {wrong[0]}")  # noqa: T201


@pytest.fixture
def theirs(tmp_path: Path, root: Path) -> Path:
    """A backup of another home, beside ``root``."""
    other = Workspace.open(tmp_path / "theirs")
    pins.pin(other.state, "theirs", pinned=True)
    other.lake.write(pl.DataFrame({"n": [9]}), datasets.SONGS)
    other.token_file.write_text("{}")
    backup.save(other, tmp_path / "theirs.zip")
    return tmp_path / "theirs.zip"


def test_a_power_cut_during_a_restore_leaves_the_old_home_or_the_new(root: Path, tmp_path: Path, theirs: Path) -> None:
    looked, wrong = troubles(root, tmp_path, RESTORER, "", half)
    assert wrong == []
    print(f"{looked:,} disks after a power cut during a restore")  # noqa: T201


@pytest.mark.parametrize("careless", ["os.fsync = lambda handle: None", "restoring.sync_folder = lambda folder: None"])
def test_a_restore_that_is_less_careful_is_found_out(root: Path, tmp_path: Path, theirs: Path, careless: str) -> None:
    assert troubles(root, tmp_path, RESTORER, careless, half)[1]
