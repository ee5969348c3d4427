"""Ranking: what each song is worth to the mix now, in parts that a person can read.

A song is a candidate for one slot. Songs in rotation compete for *core*, dormant ones for *exploration*. Both are ranked by a
weighted sum of taste, mood and freshness on one scale, where taste is how many plays a week are expected of the song.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from spotify_ai_pipeline.settings import Cycling, Scoring

if TYPE_CHECKING:
    import numpy as np

CORE, EXPLORATION, DISCOVERY = "core", "exploration", "discovery"
SLOTS = (CORE, EXPLORATION, DISCOVERY)

TIRED = 0.5
"""The staleness at which a song rests for the cool-down: with the plan's lambda, 14 plays in its window."""

PARTS = ("from_taste", "from_mood", "from_freshness", "from_chance")
"""What each term, weighed, and the exploration noise add to the score."""


def rank(songs: pl.DataFrame, cycling: Cycling, scoring: Scoring, rng: np.random.Generator) -> pl.DataFrame:
    """Adds ``slot``, ``tired``, the terms ``taste``, ``mood`` and ``freshness``, and ``score`` as the sum of ``PARTS`` to
    ``songs``.

    ``songs`` are rows of ``song_statistics.statistics``, with the plays ``expected`` and a column ``mood_match`` (0..1, null
    where unknown). Taste is the expected plays on a log scale, 1 for the song of which most are expected. A song is tired at
    ``TIRED`` staleness, where freshness counts at all. An unknown mood match counts as the mean of the known
    ones. ``rng`` draws the exploration noise.
    """
    import numpy as np  # the names of the slots are asked for by commands that need none of it

    most = float(songs["expected"].max() or 0)  # pyright: ignore[reportArgumentType]
    taste = pl.col("expected").log1p() / np.log1p(most) if most else pl.lit(0.0)
    mood = pl.col("mood_match").fill_null(pl.col("mood_match").mean()).fill_null(0.0)
    dormant = pl.col("days_quiet").is_null() | (pl.col("days_quiet") >= cycling.dormant_days)
    terms = songs.with_columns(
        taste=taste,
        mood=mood,
        freshness=1 - pl.col("staleness"),
        tired=(pl.col("staleness") >= TIRED) & (scoring.freshness_weight > 0),
        slot=pl.when(dormant).then(pl.lit(EXPLORATION)).otherwise(pl.lit(CORE)),
    )
    return weigh(terms, scoring, rng)


def weigh(terms: pl.DataFrame, scoring: Scoring, rng: np.random.Generator) -> pl.DataFrame:
    """``PARTS`` and ``score`` of songs whose terms are known, by the weights of ``scoring``."""
    total = (scoring.taste_weight + scoring.mood_weight + scoring.freshness_weight) or 1.0
    noise = pl.Series("noise", rng.uniform(0, scoring.exploration_noise, terms.height))
    parts = {
        "from_taste": scoring.taste_weight / total * pl.col("taste"),
        "from_mood": scoring.mood_weight / total * pl.col("mood"),
        "from_freshness": scoring.freshness_weight / total * pl.col("freshness"),
    }
    return terms.with_columns(from_chance=noise, **parts).with_columns(
        score=pl.sum_horizontal(*PARTS, ignore_nulls=False)
    )
