"""The state: many writers, whole transactions, migrations in order."""

import sqlite3
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

from spotify_ai_pipeline.settings import PROJECT_ROOT
from spotify_ai_pipeline.storage import alerts
from spotify_ai_pipeline.storage.state import State, StateError

PROCESSES, TRANSACTIONS = 8, 25
WRITER = f"""
import sys
from pathlib import Path
from spotify_ai_pipeline.storage.state import State
state = State(Path(sys.argv[1]))
for _ in range({TRANSACTIONS}):
    with state.transaction() as connection:
        connection.execute(
            "INSERT INTO api_calls VALUES ('2024-01-01', 'x', 'read', 1, 0)"
            " ON CONFLICT DO UPDATE SET calls = calls + 1"
        )
        connection.execute("INSERT INTO alerts VALUES (hex(randomblob(8)), ?, 0)", (sys.argv[2],))
"""


def test_no_transaction_of_many_processes_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), str(number)], cwd=PROJECT_ROOT, stderr=subprocess.PIPE
        )
        for number in range(PROCESSES)
    ]
    said = [writer.communicate()[1].decode() for writer in writers]
    assert [writer.returncode for writer in writers] == [0] * PROCESSES, said
    state = State(path)
    assert state.rows("SELECT calls FROM api_calls")[0]["calls"] == PROCESSES * TRANSACTIONS
    assert [row["n"] for row in state.rows("SELECT count(*) AS n FROM alerts GROUP BY message")] == [
        TRANSACTIONS
    ] * PROCESSES


def test_a_transaction_is_kept_whole_or_not_at_all(state: State) -> None:
    def broken() -> None:
        with state.transaction() as connection:
            connection.execute("INSERT INTO alerts VALUES ('a', 'b', 0)")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        broken()
    assert state.rows("SELECT * FROM alerts") == []
    state.set_fact("still", "works")
    assert state.fact("still") == "works"


def test_migrations_are_numbered_without_gaps_and_each_ran_once(state: State) -> None:
    names = sorted(item.name for item in files("spotify_ai_pipeline.storage").joinpath("migrations").iterdir())
    numbers = [int(name.split("_")[0]) for name in names if name.endswith(".sql")]
    assert numbers == list(range(1, len(numbers) + 1))
    assert state.connection.execute("PRAGMA user_version").fetchone()[0] == len(numbers)
    tables = {row["name"] for row in state.rows("SELECT name FROM sqlite_master WHERE type = 'table'")}
    wanted = {"overrides", "facts", "api_calls", "cooldowns", "queue", "verdicts", "playlists", "refreshes", "alerts"}
    assert wanted <= tables


def test_opening_again_keeps_everything(state: State) -> None:
    state.set_fact("month", "2024-01")
    state.set_override("playlist.target_size", 50)
    again = State(state.path)
    assert again.fact("month") == "2024-01"
    assert again.overrides() == {"playlist.target_size": 50}


def test_a_newer_schema_is_refused_and_left_alone(state: State) -> None:
    state.connection.execute("PRAGMA user_version = 999")
    state.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    state.connection.close()
    before = state.path.read_bytes()
    with pytest.raises(StateError, match=r"newer version \(schema 999.*upgrade"):
        State(state.path)
    assert state.path.read_bytes() == before


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    path.write_text("these are not the rows you are looking for\n" * 100)
    before = path.read_bytes()
    with pytest.raises(StateError, match="cannot be used as the state"):
        State(path)
    assert path.read_bytes() == before


def test_a_failing_migration_leaves_the_schema_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE verdicts (mine TEXT)")  # in the way of the first migration, half-way through
    with pytest.raises(StateError):
        State(path)
    with sqlite3.connect(path) as other:
        assert other.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall() == [("verdicts",)]
        assert other.execute("PRAGMA user_version").fetchone() == (0,)


def test_overrides_come_and_go(state: State) -> None:
    state.set_override("mood.window_size", 10)
    state.set_override("mood.window_size", 12)
    assert state.overrides() == {"mood.window_size": 12}
    assert state.unset_override("mood.window_size")
    assert not state.unset_override("mood.window_size")


def test_an_alert_is_one_until_it_is_resolved(state: State) -> None:
    alerts.raise_alert(state, "mix", "first")
    since = state.rows("SELECT raised_at FROM alerts")[0]["raised_at"]
    alerts.raise_alert(state, "mix", "second")
    (alert,) = state.rows("SELECT * FROM alerts")
    assert (alert["message"], alert["raised_at"]) == ("second", since)
    alerts.resolve_alert(state, "mix")
    assert state.rows("SELECT * FROM alerts") == []


def test_an_unknown_fact_is_none(state: State) -> None:
    assert state.fact("nobody said so") is None
