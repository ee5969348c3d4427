"""Listening: how often, how lately and in what rhythm each song was played, as of a moment.

Every function takes the moment ``now`` (UTC seconds) and looks at no play at or after it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from spotify_ai_pipeline.settings import Cycling, Scoring

DAY = 86_400.0
WEEK = 7 * DAY
NEVER = -np.inf
"""The time of the last play, and the activation, of a song that was never played."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Plays:
    """Plays in order of time: ``song`` (index of a song, below ``songs``) and ``at`` (UTC seconds), both of shape (plays,)."""

    song: NDArray[np.int64]
    at: Floats
    songs: int

    @classmethod
    def of(cls, listens: pl.DataFrame, song_ids: pl.Series) -> Plays:
        """The plays of ``listens`` (song_id, played_at) with songs numbered as in ``song_ids``; others are left out."""
        numbers = pl.DataFrame({"song_id": song_ids}).with_row_index("song")
        known = listens.join(numbers, on="song_id").sort("played_at")
        at = known["played_at"].dt.epoch("ms").to_numpy() / 1_000
        return cls(known["song"].to_numpy().astype(np.int64), at, len(song_ids))

    def before(self, now: float) -> Plays:
        """The plays that started before ``now``: a view, not a copy."""
        end = np.searchsorted(self.at, now)
        return Plays(self.song[:end], self.at[:end], self.songs)

    def since(self, start: float) -> Plays:
        begin = np.searchsorted(self.at, start)
        return Plays(self.song[begin:], self.at[begin:], self.songs)

    def count(self) -> NDArray[np.int64]:
        """Plays of each song, shape (songs,)."""
        return np.bincount(self.song, minlength=self.songs)


def first_and_last(plays: Plays, now: float) -> tuple[Floats, Floats]:
    """UTC seconds of each song's first and last play, ``-NEVER`` and ``NEVER`` without one, each of shape (songs,)."""
    past = plays.before(now)
    first, last = np.full(past.songs, -NEVER), np.full(past.songs, NEVER)
    first[past.song[::-1]] = past.at[::-1]  # in order of time: the last assignment to a song wins
    last[past.song] = past.at
    return first, last


def recency_weighted(plays: Plays, now: float, half_life_days: float) -> Floats:
    """Play counts in which a play ``half_life_days`` ago counts half, shape (songs,)."""
    past = plays.before(now)
    weight = np.exp2((past.at - now) / (half_life_days * DAY))
    return np.bincount(past.song, weight, past.songs).astype(np.float64)


def base_level(plays: Plays, now: float, decay: float) -> Floats:
    """Base-level activation, the log of the sum over past plays of age^-decay (age in days), shape (songs,).

    Anderson & Schooler (1991), "Reflections of the environment in memory". Ages under an hour count as an hour.
    """
    past = plays.before(now)
    age = np.maximum((now - past.at) / DAY, 1 / 24)
    with np.errstate(divide="ignore"):
        return np.log(np.bincount(past.song, age**-decay, past.songs))


def staleness(recent_plays: NDArray[np.int64], cycling: Cycling) -> Floats:
    """1 - exp(-lambda * plays in the window), and 0 for songs barely heard: the plan's formula, same shape."""
    stale = 1 - np.exp(-cycling.staleness_lambda * recent_plays)
    return np.where(recent_plays >= cycling.min_plays_for_staleness, stale, 0.0)


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


def statistics(plays: Plays, now: float, cycling: Cycling, scoring: Scoring) -> pl.DataFrame:
    """One row a song, in the order of their numbers; times and days are null for a song never played.

    Columns: plays, recent_plays (in the staleness window), first_played, last_played (UTC), days_quiet, staleness,
    momentum (recency-weighted plays), activation (base-level), expected (plays in the coming week, by the baseline).
    """
    past = plays.before(now)
    recent = past.since(now - cycling.staleness_window_days * DAY).count()
    first, last = first_and_last(past, now)
    momentum = recency_weighted(past, now, scoring.half_life_days)
    activation = base_level(past, now, scoring.resurfacing_decay)
    in_rotation = (now - last) / DAY < cycling.cooldown_days
    return pl.DataFrame(
        {
            "plays": past.count(),
            "recent_plays": recent,
            "first_played": first,
            "last_played": last,
            "days_quiet": (now - last) / DAY,
            "staleness": staleness(recent, cycling),
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
