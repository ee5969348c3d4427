"""Seeds: the songs, artists and tags that sources are asked about, drawn anew for each run."""

from __future__ import annotations

import numpy as np
import polars as pl

LIKED_COUNTS = 2.0
"""A liked song has at least so much activation, as if played half a day ago: what is loved and at rest leads to new songs."""


def draw(liking: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """``liking`` (song_id, artist, title, artist_key, track_id, mbid, weight) in a random order in which songs come early in
    proportion to their weight, one song an artist first.

    Weighted sampling without replacement by exponential keys (Efraimidis and Spirakis, 2006).
    """
    known = liking.filter(pl.col("weight") > 0)
    key = rng.exponential(size=known.height) / known["weight"].to_numpy()
    return (
        known.with_columns(key=pl.Series(key, dtype=pl.Float64))
        .sort("key")
        .with_columns(turn=pl.int_range(pl.len()).over("artist_key"))
        .sort("turn", "key")
        .drop("key", "turn")
    )
