"""The warehouse: DuckDB in memory over the lake and the state, and never a DuckDB file."""

import re
from pathlib import Path

import duckdb
import polars as pl
import pytest
from upath import UPath

from spotify_ai_pipeline.settings import PROJECT_ROOT
from spotify_ai_pipeline.storage import datasets, duckdb_views, queue
from spotify_ai_pipeline.storage.lake import Dataset, Lake
from spotify_ai_pipeline.storage.state import State


def answers(lake: Lake, state: State, query: str) -> list[tuple[object, ...]]:
    with duckdb_views.connect(lake, state) as connection:
        return connection.sql(query).fetchall()


def test_datasets_and_state_are_joined_by_name(lake: Lake, state: State, frame: pl.DataFrame) -> None:
    lake.write(frame, datasets.SONGS)
    lake.write(frame.head(1), datasets.SCROBBLES, "2024-01")
    lake.write(frame.head(1), datasets.SCROBBLES, "2024-02")
    queue.say(state, [queue.Said("b", "reject", "1")], "test")
    found = answers(lake, state, "SELECT song_id, verdict FROM songs JOIN verdicts USING (song_id)")
    assert found == [("b", "reject")]
    assert answers(lake, state, "SELECT count(*) FROM scrobbles") == [(2,)]


def test_a_view_shows_the_version_that_was_current_and_no_other_column(
    lake: Lake, state: State, frame: pl.DataFrame
) -> None:
    lake.write(frame, datasets.SONGS, "month=2024-01")
    lake.write(frame.head(1), datasets.SONGS, "month=2024-01")
    with duckdb_views.connect(lake, state) as connection:
        assert connection.sql("SELECT * FROM songs").columns == frame.columns
        lake.write(frame, datasets.SONGS, "month=2024-01")
        assert connection.sql("SELECT * FROM songs").fetchall() == [("a", 1)]


def test_every_table_of_the_state_can_be_asked_even_empty(lake: Lake, state: State) -> None:
    with duckdb_views.connect(lake, state) as connection:
        tables = [row["name"] for row in state.rows("SELECT name FROM sqlite_master WHERE type = 'table'")]
        assert len(tables) >= 9
        for table in tables:
            assert connection.sql(f'SELECT count(*) FROM "{table}"').fetchall() is not None
        assert connection.sql("SELECT sum(calls) FROM api_calls WHERE day = '2024-01-01'").fetchall() == [(None,)]
        assert connection.sql("SELECT * FROM queue WHERE decided_at > 5").fetchall() == []


def test_paths_with_quotes_are_read(tmp_path: Path, state: State, frame: pl.DataFrame) -> None:
    lake = Lake(UPath(tmp_path / "it's"), "me")
    lake.write(frame, datasets.SONGS)
    assert answers(lake, state, "SELECT count(*) FROM songs") == [(2,)]


def test_times_are_utc(lake: Lake, state: State) -> None:
    at = pl.Series("at", [0], pl.Int64).cast(pl.Datetime("ms", "UTC"))
    lake.write(pl.DataFrame({"moment": at}), Dataset("ingest", "times"))
    assert answers(lake, state, "SELECT strftime(moment, '%H:%M') FROM times") == [("00:00",)]


def test_no_duckdb_file_is_opened(
    lake: Lake, state: State, frame: pl.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    connect = duckdb.connect

    def watched(database: str = ":memory:", *args: object, **options: object) -> duckdb.DuckDBPyConnection:
        opened.append(database)
        return connect(database, *args, **options)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(duckdb, "connect", watched)
    lake.write(frame, datasets.SONGS)
    assert answers(lake, state, "SELECT count(*) FROM songs") == [(2,)]
    assert opened == [":memory:"]
    assert not list(tmp_path.rglob("*.duckdb*"))


def test_the_warehouse_is_the_only_place_that_opens_duckdb() -> None:
    found = {
        path.relative_to(PROJECT_ROOT / "spotify_ai_pipeline").as_posix(): re.findall(
            r"duckdb\.connect\(([^,)]*)", text
        )
        for path in (PROJECT_ROOT / "spotify_ai_pipeline").rglob("*.py")
        if "duckdb.connect(" in (text := path.read_text())
    }
    assert found == {"storage/duckdb_views.py": ['":memory:"']}


@pytest.mark.parametrize("statement", ["COPY (SELECT 1) TO '{}'", "ATTACH '{}'"])
def test_a_question_writes_no_file(lake: Lake, state: State, tmp_path: Path, statement: str) -> None:
    out = tmp_path / "out.duckdb"
    with duckdb_views.connect(lake, state) as connection, pytest.raises(duckdb.Error):
        connection.sql(statement.format(out))
    assert not out.exists()
