"""Staleness and rotation: how tired the listener is of what, and how fast the mix turns over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import polars as pl

from spotify_ai_pipeline.storage.playlists import Refresh

STEPS = 10
NEVER, RESTING, ROTATION = "never heard", "quiet", "in rotation"


def standing(stats: pl.LazyFrame, songs: pl.LazyFrame, dormant_days: int) -> pl.DataFrame:
    """state, songs: how many songs of the library are in rotation, quiet for the cool-down, or were never heard."""
    state = (
        pl.when(pl.col("days_quiet").is_null())
        .then(pl.lit(NEVER))
        .when(pl.col("days_quiet") < dormant_days)
        .then(pl.lit(ROTATION))
        .otherwise(pl.lit(RESTING))
    )
    library = songs.filter("in_library").select("song_id")
    counted = stats.join(library, on="song_id").group_by(state=state).agg(songs=pl.len()).collect()
    order = pl.DataFrame({"state": [ROTATION, RESTING, NEVER]})
    return order.join(counted, on="state", how="left", maintain_order="left").with_columns(pl.col("songs").fill_null(0))


def staleness(stats: pl.LazyFrame) -> pl.DataFrame:
    """staleness (the lower bound of its tenth), songs: of the songs of which the listener is tired at all."""
    step = (pl.col("staleness") * STEPS).floor().clip(0, STEPS - 1) / STEPS
    return (
        stats.filter(pl.col("staleness") > 0)
        .group_by(staleness=step.round(1))
        .agg(songs=pl.len())
        .sort("staleness")
        .collect()
    )


def stalest(stats: pl.LazyFrame, songs: pl.LazyFrame, most: int = 50) -> pl.DataFrame:
    """artist, title, staleness, recent_plays, days_quiet: the songs of which the listener is most tired."""
    tired = stats.filter(pl.col("staleness") > 0).top_k(most, by="staleness")
    named = tired.join(songs.select("song_id", "artist", "title"), on="song_id")
    return (
        named.select("artist", "title", "staleness", "recent_plays", "days_quiet")
        .sort("staleness", "artist", "title", descending=[True, False, False])
        .collect()
    )


def turnover(refreshes: Sequence[Refresh], zone: ZoneInfo) -> pl.DataFrame:
    """at (in ``zone``, as text), direction (in, out), songs of each refresh that was not taken back, oldest first; the
    first fill is left out."""
    rows = [
        (f"{datetime.fromtimestamp(one.refreshed_at, zone):%Y-%m-%d %H:%M}", way, count)
        for one in reversed(refreshes)
        if one.outcome != "filled" and one.undone_at is None
        for way, count in (("in", one.added), ("out", -one.removed))
    ]
    return pl.DataFrame(rows, schema={"at": pl.String, "direction": pl.String, "songs": pl.Int64}, orient="row")
