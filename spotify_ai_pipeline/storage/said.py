"""All verdicts that were ever said and not taken back, as a table: for what is learned from how they follow each other."""

from __future__ import annotations

import polars as pl

from spotify_ai_pipeline.storage.state import State


def verdicts(state: State) -> pl.DataFrame:
    """song_id, verdict, said_at (UTC), in the order in which they were said."""
    rows = state.rows(
        "SELECT song_id, verdict, said_at FROM verdicts WHERE undone_at IS NULL ORDER BY said_at, verdict_id"
    )
    schema = {"song_id": pl.String, "verdict": pl.String, "said_at": pl.Float64}
    table = pl.DataFrame([tuple(row) for row in rows], schema=schema, orient="row")
    return table.with_columns((pl.col("said_at") * 1_000).cast(pl.Int64).cast(pl.Datetime("ms", "UTC")))
