"""Song statistics: the plays and the staleness of each song at one moment."""

from __future__ import annotations

import polars as pl

from spotify_ai_pipeline.durations import DAY
from spotify_ai_pipeline.music.plays.play_counts import Plays
from spotify_ai_pipeline.music.taste.activation import Memory
from spotify_ai_pipeline.music.taste.staleness import Heard, staleness
from spotify_ai_pipeline.music.taste.taste_model import DECAY
from spotify_ai_pipeline.settings import Cycling


def statistics(plays: Plays, memory: Memory, cycling: Cycling, heard: Heard | None = None) -> pl.DataFrame:
    """Tells how each song stands at the moment of ``memory``, a row a song in the order of their numbers; times and
    days are null for a song never played. ``heard`` is what is known of skips.

    Columns: plays, recent_plays (in the staleness window), first_played, last_played (UTC), days_quiet, staleness,
    activation (sum over plays of a power of their age in days, ``taste_model.DECAY``).
    """
    now = memory.now
    recent = plays.before(now).since(now - cycling.staleness_window_days * DAY).count()
    return pl.DataFrame(
        {
            "plays": memory.plays,
            "recent_plays": recent,
            "first_played": memory.first,
            "last_played": memory.last,
            "days_quiet": memory.days_quiet,
            "staleness": staleness(plays, now, cycling, heard),
            "activation": memory.power_law(DECAY),
        }
    ).with_columns(
        _time_or_null("first_played"),
        _time_or_null("last_played"),
        pl.when(pl.col("days_quiet").is_finite()).then("days_quiet").alias("days_quiet"),
    )


def _time_or_null(column: str) -> pl.Expr:
    seconds = pl.when(pl.col(column).is_finite()).then(column)
    return (seconds * 1_000).cast(pl.Int64).cast(pl.Datetime("ms", "UTC")).alias(column)
