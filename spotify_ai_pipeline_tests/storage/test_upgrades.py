"""Upgrades: what was said under the first schema is there under the newest, row for row."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from spotify_ai_pipeline.settings import PROJECT_ROOT
from spotify_ai_pipeline.storage import queue
from spotify_ai_pipeline.storage.state import State, migrations, newest_schema

ROWS = {
    "overrides": "('playlist.target_size', '50', 1.5)",
    "facts": "('first_month', '\"2019-03\"', 2.5)",
    "api_calls": "('2026-01-01', 'spotify', 'read', 7, 1)",
    "cooldowns": "('spotify', 9e9, 'too many requests')",
    "queue": "(1, 'resurface', 's1', 't1', 'Title''s', 'Artist', 0.5, 'quiet', 'pending', 3.5, NULL)",
    "verdicts": "(1, 's2', 'reject', 'cli', 4.5, NULL, 'n1')",
    "playlists": "('mix', 'p1', '[\"t1\"]', 5.5, NULL)",
    "refreshes": "(1, 'mix', 'run', 6.5, 100, 0, 'filled', '')",
    "alerts": "('a', 'message', 7.5)",
}


@pytest.fixture
def first(tmp_path: Path) -> Path:
    """A state as the first released schema made it, with a row in every table."""
    path = tmp_path / "state.sqlite"
    with closing(sqlite3.connect(path)) as database, database:
        database.executescript(migrations()[1].read_text(encoding="utf-8"))
        database.execute("PRAGMA user_version = 1")
        tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        assert tables == set(ROWS), "the first schema is released: it does not change"
        for table, row in ROWS.items():
            database.execute(f"INSERT INTO {table} VALUES {row}")
    return path


def rows(path: Path, columns: dict[str, list[str]]) -> dict[str, list[tuple[object, ...]]]:
    with closing(sqlite3.connect(path)) as database:
        return {
            table: database.execute(f"SELECT {', '.join(names)} FROM {table}").fetchall()
            for table, names in columns.items()
        }


def test_every_row_of_the_first_schema_is_there_under_the_newest(first: Path) -> None:
    with closing(sqlite3.connect(first)) as database:
        columns = {table: [row[1] for row in database.execute(f"PRAGMA table_info({table})")] for table in ROWS}
    before = rows(first, columns)
    state = State(first)
    assert state.rows("PRAGMA user_version")[0][0] == newest_schema() > 1
    assert rows(first, columns) == before
    assert state.overrides() == {"playlist.target_size": 50}
    question = queue.next_question(state)
    assert question is not None
    assert queue.decide(state, question.item_id, "approve", "cli")
    assert queue.standing(state, 0.0)["s2"] == "reject"


def test_two_processes_that_upgrade_at_once_both_go_on(first: Path) -> None:
    code = "import sys; from pathlib import Path; from spotify_ai_pipeline.storage.state import State; State(Path(sys.argv[1]))"
    both = [
        subprocess.Popen([sys.executable, "-c", code, str(first)], cwd=PROJECT_ROOT, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    said = [process.communicate()[1].decode() for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert State(first).fact("first_month") == "2019-03"
