"""Questions: DuckDB in memory over the current versions of the lake and the tables of the state.

No DuckDB file is ever opened: a view names the Parquet files of each dataset's current version, and the state's tables,
small by nature, are copied in when a connection is made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from spotify_ai_pipeline.storage.durable import Place, is_local
from spotify_ai_pipeline.storage.lake import Lake
from spotify_ai_pipeline.storage.state import State

if TYPE_CHECKING:
    import duckdb


def connect(lake: Lake, state: State) -> duckdb.DuckDBPyConnection:
    """A connection on which every dataset and every state table is a name in ``FROM``."""
    import duckdb

    connection = duckdb.connect(":memory:", config={"threads": 2})
    connection.execute("SET TimeZone = 'UTC'")
    if not is_local(lake.base):
        connection.register_filesystem(lake.base.fs)
    readable: list[str] = []
    for dataset in lake.datasets():
        files = [_quoted(_named(file)) for file in lake.files(dataset)]
        readable += files
        connection.execute(
            f'CREATE VIEW "{dataset.name}" AS SELECT * FROM read_parquet([{", ".join(files)}], hive_partitioning = false)'
        )
    for (table,) in state.rows("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"):
        cursor = state.connection.execute(f'SELECT * FROM "{table}"')
        columns = [column[0] for column in cursor.description]
        rows = pl.DataFrame([tuple(row) for row in cursor], schema=columns, orient="row", infer_schema_length=None)
        connection.register("copied", rows)
        connection.execute(f'CREATE TABLE "{table}" AS SELECT * FROM copied')
        connection.unregister("copied")
    connection.execute(f"SET allowed_paths = [{', '.join(readable)}]")
    connection.execute("SET enable_external_access = false")  # a question reads the lake and touches nothing else
    return connection


def _named(file: Place) -> str:
    """The name by which DuckDB finds it: by the path on disk, or by the address in a bucket."""
    return str(file) if is_local(file) else file.fs.unstrip_protocol(file.path)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
