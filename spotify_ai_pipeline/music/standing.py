"""Standing: how each song stands with the listener at a moment, and what the recency baseline expects of it."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from spotify_ai_pipeline.music.activation import Memory
from spotify_ai_pipeline.music.listening import DAY, WEEK, Floats, Plays, recency_weighted
from spotify_ai_pipeline.music.staleness import Heard, staleness
from spotify_ai_pipeline.settings import Cycling, Scoring


def recency_forecast(
    momentum: Floats, activation: Floats, in_rotation: NDArray[np.bool_], half_life_days: float
) -> Floats:
    """Plays that each song gets in the coming week if listening goes on as it faded in, same shape: the baseline.

    Songs in rotation go on at the rate of their recency-weighted plays. Dormant ones share that week's plays by their part
    in all activation (``activation`` is its log): the power law of relistening.
    """
    rate = momentum * (np.log(2) / half_life_days) * (WEEK / DAY)
    strength = np.exp(activation)
    dormant = strength * (float(rate.sum()) / (float(strength.sum()) or 1.0))
    return np.where(in_rotation, rate, dormant)


def baseline(plays: Plays, memory: Memory, cycling: Cycling, scoring: Scoring) -> Floats:
    """``recency_forecast`` of every song at the moment of ``memory``, shape (songs,)."""
    momentum, activation = _strengths(plays, memory, scoring)
    in_rotation = memory.days_quiet < cycling.cooldown_days
    return recency_forecast(momentum, activation, in_rotation, scoring.half_life_days)


def _strengths(plays: Plays, memory: Memory, scoring: Scoring) -> tuple[Floats, Floats]:
    """Momentum (recency-weighted plays) and the log of base-level activation."""
    with np.errstate(divide="ignore"):
        activation = np.log(memory.power_law(scoring.resurfacing_decay))
    return recency_weighted(plays, memory.now, scoring.half_life_days), activation


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
    momentum, activation = _strengths(plays, memory, scoring)
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
