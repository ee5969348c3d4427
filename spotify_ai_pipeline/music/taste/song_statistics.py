"""Song statistics: the plays, staleness, momentum and activation of each song at one moment."""

from __future__ import annotations

import polars as pl

from spotify_ai_pipeline.durations import DAY
from spotify_ai_pipeline.music.plays.play_counts import Plays
from spotify_ai_pipeline.music.taste.activation import Memory
from spotify_ai_pipeline.music.taste.recency_baseline import recency_forecast, strengths
from spotify_ai_pipeline.music.taste.staleness import Heard, staleness
from spotify_ai_pipeline.settings import Cycling, Scoring


def statistics(
    plays: Plays, memory: Memory, cycling: Cycling, scoring: Scoring, heard: Heard | None = None
) -> pl.DataFrame:
    """How each song stands at the moment of ``memory``, a row a song in the order of their numbers; times and days are null
    for a song never played. ``heard`` is what is known of skips.

    Columns: plays, recent_plays (in the staleness window), first_played, last_played (UTC), days_quiet, staleness,
    momentum (recency-weighted plays), activation (base-level), expected (plays in the coming week, by the baseline).
    """
    now = memory.now
    recent = plays.before(now).since(now - cycling.staleness_window_days * DAY).count()
    momentum, activation = strengths(plays, memory, scoring)
    in_rotation = memory.days_quiet < cycling.cooldown_days
    return pl.DataFrame(
        {
            "plays": memory.plays,
            "recent_plays": recent,
            "first_played": memory.first,
            "last_played": memory.last,
            "days_quiet": memory.days_quiet,
            "staleness": staleness(plays, now, cycling, heard),
            "momentum": momentum,
            "activation": activation,
            "expected": recency_forecast(momentum, activation, in_rotation, scoring.half_life_days),
        }
    ).with_columns(
        _time_or_null("first_played"),
        _time_or_null("last_played"),
        pl.when(pl.col("days_quiet").is_finite()).then("days_quiet").alias("days_quiet"),
        pl.when(pl.col("activation").is_finite()).then("activation").alias("activation"),
        pl.when(pl.col("plays") > 0).then("expected").alias("expected"),
    )


def _time_or_null(column: str) -> pl.Expr:
    seconds = pl.when(pl.col(column).is_finite()).then(column)
    return (seconds * 1_000).cast(pl.Int64).cast(pl.Datetime("ms", "UTC")).alias(column)
