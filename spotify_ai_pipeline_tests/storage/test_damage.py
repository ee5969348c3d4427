"""Damaged files: a made thing falls back to the version before, a cache is made anew, and what was said is never guessed."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from spotify_ai_pipeline.errors import Corrupt
from spotify_ai_pipeline.interfaces.views.errors import explain
from spotify_ai_pipeline.storage import backup, datasets, duckdb_views, pins
from spotify_ai_pipeline.storage import lake as lakes
from spotify_ai_pipeline.storage.lake import LakeDamaged
from spotify_ai_pipeline.storage.response_cache import ResponseCache
from spotify_ai_pipeline.storage.sqlite_files import harm
from spotify_ai_pipeline.storage.state import State, StateLost
from spotify_ai_pipeline.storage.workspace import Workspace

PAGE = 4096
NUMBERS = pl.DataFrame({"n": range(50_000)})


def pages_of_zeros(path: Path, page: int, count: int = 1) -> None:
    """Gives what a bad block or a lost write leaves."""
    with path.open("r+b") as stream:
        stream.seek((page - 1) * PAGE)
        stream.write(bytes(PAGE * count))


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A home whose songs have two versions, of 1 and of 50,000 rows."""
    made = Workspace.open(tmp_path / "home")
    pins.pin(made.state, "song", pinned=True)
    made.lake.write(pl.DataFrame({"n": [7]}), datasets.SONGS)
    made.lake.write(NUMBERS, datasets.SONGS)
    return made


def place(workspace: Workspace) -> Path:
    return Path(str(workspace.lake.folder(datasets.SONGS)))


def newest(workspace: Workspace) -> Path:
    return sorted(place(workspace).glob("v=*/part-0.parquet"))[-1]


POINTERS: dict[str, bytes] = {
    "empty": b"",
    "zeros": bytes(300),
    "cut": b'{"version": "2026',
    "a list": b"[]",
    "null": b"null",
    "other keys": b'{"version": "x", "colour": 1}',
    "no files": b'{"version": "x", "files": null, "rows": 0, "schema": {}, "code_version": "1"}',
    "not text": b"\xff\xfe\x00",
}


@pytest.mark.parametrize("content", POINTERS.values(), ids=list(POINTERS))
def test_a_damaged_pointer_costs_nothing(
    workspace: Workspace, content: bytes, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    (place(workspace) / "current.json").write_bytes(content)
    assert workspace.lake.read(datasets.SONGS).equals(NUMBERS), "each version describes itself"
    assert len(caplog.messages) == 1
    assert "current.json is damaged" in caplog.text and "doctor --fix" in caplog.text
    assert workspace.lake.prune() == 0
    assert backup.save(workspace, tmp_path / "b.zip")["files"] > 2
    with duckdb_views.connect(workspace.lake, workspace.state) as connection:
        assert connection.execute("SELECT count(*) FROM songs").fetchone() == (50_000,)
    (damage,) = workspace.lake.damages()
    workspace.lake.repair([damage])
    assert list(workspace.lake.damages()) == []


def truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-100])


def empty(file: Path) -> None:
    file.write_bytes(b"")


def zeros_at_the_end(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-100] + bytes(100))


@pytest.mark.parametrize("harmful", [truncate, empty, zeros_at_the_end, Path.unlink])
def test_a_damaged_file_falls_back_to_the_version_before(
    workspace: Workspace, harmful: Callable[[Path], None], caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    harmful(newest(workspace))
    assert workspace.lake.read(datasets.SONGS)["n"].to_list() == [7]
    assert workspace.lake.read(datasets.SONGS)["n"].to_list() == [7]
    assert len(caplog.messages) == 1, "said once"
    other = Workspace.open(tmp_path / "other")
    backup.save(workspace, tmp_path / "b.zip")
    backup.restore(other, tmp_path / "b.zip")
    assert other.lake.read(datasets.SONGS)["n"].to_list() == [7]
    workspace.lake.write(NUMBERS, datasets.SONGS)
    assert workspace.lake.read(datasets.SONGS).equals(NUMBERS)


def test_damage_in_the_middle_is_found_by_who_reads_all(workspace: Workspace) -> None:
    content = newest(workspace).read_bytes()
    middle = len(content) // 2
    newest(workspace).write_bytes(content[: middle - 2_000] + bytes(4_000) + content[middle + 2_000 :])
    with pytest.raises(LakeDamaged, match=r"songs: a file of it cannot be read .*doctor --fix"):
        workspace.lake.read(datasets.SONGS)
    (damage,) = workspace.lake.damages()
    assert damage.instead is not None and damage.instead.rows == 1
    workspace.lake.repair([damage])
    assert workspace.lake.read(datasets.SONGS)["n"].to_list() == [7]


def test_where_nothing_whole_is_left_it_is_said_and_made_anew(workspace: Workspace, tmp_path: Path) -> None:
    for file in place(workspace).glob("v=*/part-0.parquet"):
        truncate(file)
    workspace.lake.write(NUMBERS, datasets.MIX)
    for look in (workspace.lake.read, workspace.lake.read_or_none, workspace.lake.current, workspace.lake.files):
        with pytest.raises(LakeDamaged, match=r"no whole version.*doctor --fix"):
            look(datasets.SONGS)
    assert isinstance(LakeDamaged(""), Corrupt)
    assert workspace.lake.prune() == 0, "nothing more is lost"
    backup.save(workspace, tmp_path / "b.zip")
    workspace.lake.repair(workspace.lake.damages())
    assert workspace.lake.read_or_none(datasets.SONGS) is None
    workspace.lake.write(NUMBERS, datasets.SONGS)
    assert workspace.lake.read(datasets.SONGS).equals(NUMBERS)


def test_pruning_keeps_the_version_in_use_however_many_killed_writers_left_newer_ones(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        (place(workspace) / f"v=29990101T00000000000{number}-dead").mkdir()
    monkeypatch.setattr(lakes, "KEEP_SECONDS", -(10.0**11))
    workspace.lake.prune()
    assert workspace.lake.read(datasets.SONGS).equals(NUMBERS)
    assert len(list(place(workspace).glob("v=*"))) == 2, (
        "what killed writers left is gone, and the version before stays"
    )


def test_pruning_keeps_the_fallback_of_a_damaged_version(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lakes, "KEEP_SECONDS", -1)
    monkeypatch.setattr(lakes, "KEEP_VERSIONS", 1)
    truncate(newest(workspace))
    workspace.lake.prune()
    assert workspace.lake.read(datasets.SONGS)["n"].to_list() == [7]


@pytest.mark.parametrize("page", [1, 2, 3])
def test_damaged_answers_are_put_aside_and_asked_for_again(
    tmp_path: Path, page: int, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "answers.sqlite"
    kept = {str(number): {"text": "x" * 200} for number in range(200)}
    other = ResponseCache(path)
    other.put("kind", kept)
    other._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    other._connection.close()
    pages_of_zeros(path, page)
    cache = ResponseCache(path)
    found = cache.get("kind", kept)
    assert found.items() <= kept.items()
    cache.put("kind", kept)
    assert cache.get("kind", kept) == kept
    if harmed := list(tmp_path.glob("answers.sqlite.damaged-*")):
        assert len(harmed) == 1 and len(caplog.messages) == 1
        assert str(path) in caplog.text and "asked for again" in caplog.text
    assert harm(path) == ""


def test_answers_that_are_no_database_are_put_aside_by_one_of_many_readers(tmp_path: Path) -> None:
    path = tmp_path / "answers.sqlite"
    path.write_text("no database " * 1000)
    first, second = ResponseCache(path), ResponseCache(path)
    for cache in (first, second):
        cache.put("kind", {"a": 1})
    assert first.get("kind", ["a"]) == {"a": 1}
    assert len(list(tmp_path.glob("*.damaged-*"))) == 1


@pytest.mark.parametrize("file", ["history/runs.db", "history/runs/index.db", "schedules/schedules.db"])
def test_a_damaged_history_of_runs_is_put_aside(
    workspace: Workspace, file: str, caplog: pytest.LogCaptureFixture
) -> None:
    from spotify_ai_pipeline.defs.automation.daemon import make_instance

    make_instance(workspace)
    path = workspace.dagster_storage / file
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    pages_of_zeros(path, 1)
    make_instance(workspace)
    assert harm(path) == ""
    assert len(list(path.parent.glob(f"{path.name}.damaged-*"))) == 1
    assert str(path) in caplog.text and "history of runs" in caplog.text


@pytest.mark.parametrize("left", [b"", None])
@pytest.mark.parametrize("beside", ["lake", "token"])
def test_an_empty_or_missing_state_beside_a_library_or_a_sign_in_is_no_new_listener(
    workspace: Workspace, left: bytes | None, beside: str
) -> None:
    root = workspace.root
    for file in root.glob("state.sqlite*"):
        file.unlink()
    if left is not None:
        (root / "state.sqlite").write_bytes(left)
    if beside == "token":
        workspace.lake.remove()
        workspace.token_file.write_text("{}")
    for _ in range(2):
        with pytest.raises(StateLost, match=r"state\.sqlite: (empty|missing).*spotify-ai restore --replace") as caught:
            _ = Workspace.open(root).settings
        assert "\n" not in str(caught.value)
    assert (root / "state.sqlite").exists() == (left is not None), "no new one was made"


def test_a_state_that_is_damaged_inside_is_told_in_a_line(tmp_path: Path) -> None:
    state = State(tmp_path / "state.sqlite")
    for number in range(500):
        pins.pin(state, f"song {number} {'x' * 50}", pinned=True)
    (page,) = state.connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'pins'").fetchone()
    state.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    state.connection.close()
    pages_of_zeros(state.path, page)
    with pytest.raises(sqlite3.DatabaseError) as caught:
        pins.pinned(State(state.path))
    line = explain(caught.value)
    assert line is not None and "doctor" in line
