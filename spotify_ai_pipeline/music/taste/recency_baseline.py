"""The recency baseline: what listening that goes on as it faded would play of each song in the coming week."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spotify_ai_pipeline.durations import DAY, WEEK
from spotify_ai_pipeline.music.plays.play_counts import Floats, Plays, recency_weighted
from spotify_ai_pipeline.music.taste.activation import Memory
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
    momentum, activation = strengths(plays, memory, scoring)
    in_rotation = memory.days_quiet < cycling.cooldown_days
    return recency_forecast(momentum, activation, in_rotation, scoring.half_life_days)


def strengths(plays: Plays, memory: Memory, scoring: Scoring) -> tuple[Floats, Floats]:
    """Momentum (recency-weighted plays) and the log of base-level activation."""
    with np.errstate(divide="ignore"):
        activation = np.log(memory.power_law(scoring.resurfacing_decay))
    return recency_weighted(plays, memory.now, scoring.half_life_days), activation
