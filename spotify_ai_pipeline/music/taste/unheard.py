"""Unheard: what to expect of songs of the library that were never played.

Adding a song counts as hearing it once, on the day it was added or ``dormant_days`` ago: the model knows such songs. So it has a
forecast as any other: its age, its artist as the listener plays them, nobody beside it. ``calibrated`` corrects the level by how
many plays such songs really got from this listener, and ``recency`` prefers what was added lately.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from spotify_ai_pipeline.durations import DAY
from spotify_ai_pipeline.music.plays.play_counts import Floats
from spotify_ai_pipeline.music.taste.activation import Memory

UNKNOWN_AGE = 365 * DAY
"""Seconds since a song was added, where that is unknown."""

DOUBT = 10.0
"""Plays expected at which what this listener really played counts as much as what the model says."""

NEIGHBOURLY = 0.3
"""How much the log of a forecast rises with a standard deviation of likeness to what is expected to be played."""


JUST_ADDED, FADES_DAYS = 2.0, 14.0
"""What is added to the factor of a song on the day it was added, and the days in which that halves."""


def with_additions(memory: Memory, added: Floats, dormant_days: float) -> Memory:
    """``memory`` in which every song that was never played and was ``added`` (UTC seconds, shape (songs,); NaN for songs that
    are not in the library) by its moment was heard once, when it was added, or ``dormant_days`` ago where that is later."""
    new = (memory.plays == 0) & (added < memory.now)
    heard = np.minimum(added[new], memory.now - dormant_days * DAY)
    kept, plays, first, last = memory.kept.copy(), memory.plays.copy(), memory.first.copy(), memory.last.copy()
    kept[new], plays[new], first[new], last[new] = 1.0, 1, heard, heard
    return replace(memory, kept=kept, plays=plays, first=first, last=last)


def recency(added: Floats, now: float) -> Floats:
    """Factors of songs by how lately they were ``added`` (UTC seconds, NaN where they are not in the library), same shape."""
    days = (now - np.where(np.isnan(added), -np.inf, added)) / DAY
    return 1 + JUST_ADDED * np.exp2(-np.maximum(days, 0) / FADES_DAYS)


def calibrated(expected: float, heard: float) -> float:
    """The factor by which plays of unheard songs differ from those ``expected``, drawn towards 1: the mean of a gamma
    distribution (Gelman et al., "Bayesian data analysis")."""
    return (heard + DOUBT) / (expected + DOUBT)


def likeness(vectors: Floats, expected: Floats, unheard: np.ndarray) -> Floats:
    """Factors by how near each unheard song lies to what is expected to be played: shape (songs,), 1 for songs that were heard.

    ``vectors`` have unit length, shape (songs, d), NaN where unknown; ``expected`` plays, shape (songs,).
    """
    known = ~np.isnan(vectors).any(axis=1)
    heard = known & ~unheard & (expected > 0)
    factors, asked = np.ones(len(vectors)), known & unheard
    if not heard.any() or not asked.any():
        return factors
    centre = expected[heard] @ vectors[heard]
    near = vectors[asked] @ (centre / (np.linalg.norm(centre) or 1.0))
    usual = vectors[heard] @ (centre / (np.linalg.norm(centre) or 1.0))
    factors[asked] = np.exp(NEIGHBOURLY * np.clip((near - usual.mean()) / (usual.std() + 1e-9), -2, 2))
    return factors
