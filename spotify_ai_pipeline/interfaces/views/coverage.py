"""What is known of the listening, from which source, and what is not."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from spotify_ai_pipeline.music.plays.coverage import ANY, by_month, still_unknown
from spotify_ai_pipeline.music.plays.records import SPOTIFY_RECENT
from spotify_ai_pipeline.storage import datasets, exclusions
from spotify_ai_pipeline.storage.workspace import Workspace


def count_by_month(listens: pl.LazyFrame) -> pl.DataFrame:
    """month, source, plays: the plays of each month that each source told of, and those of ``ANY`` source."""
    return by_month(listens.select("played_at", "sources").collect())


def find_silent_months(months: pl.DataFrame) -> list[str]:
    """The months without a play from any source. ``months`` comes from ``count_by_month``."""
    return months.filter((pl.col("source") == ANY) & (pl.col("plays") == 0))["month"].to_list()


def find_forgotten_spans(workspace: Workspace) -> list[tuple[datetime, datetime]]:
    """The spans (begin, end) of which Spotify may have forgotten plays, and no other source told of any."""
    listens = workspace.lake.scan(datasets.LISTENS).select("played_at", "sources").collect()
    return still_unknown(exclusions.gaps(workspace.state, SPOTIFY_RECENT.name), listens, SPOTIFY_RECENT.name)
