"""Mood: what the listener is in the middle of, as a direction in the space of embeddings."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from spotify_ai_pipeline.settings import Mood


def recent_mood(listens: pl.DataFrame, embeddings: pl.DataFrame, mood: Mood) -> pl.DataFrame:
    """The decayed mean of the last ``window_size`` listens, as one row, or none where no recent song has a vector.

    Weights are decay_rate^i for the i-th latest listen (the plan's formula). Columns: vector (unit length), listens
    (how many had a vector), since, until (UTC).
    """
    latest = (
        listens.filter(pl.col("played_at") >= pl.col("played_at").top_k(mood.window_size).min())
        .sort("played_at", "song_id", descending=True)
        .head(mood.window_size)
        .with_row_index("age")
        .join(embeddings.select("song_id", "vector"), on="song_id", maintain_order="left")
    )
    if not latest.height:
        return pl.DataFrame(
            schema={
                "vector": pl.List(pl.Float32),
                "listens": pl.Int64,
                "since": listens.schema["played_at"],
                "until": listens.schema["played_at"],
            }
        )
    weights = mood.decay_rate ** latest["age"].to_numpy().astype(float)
    mean = weights @ latest["vector"].to_numpy()
    unit = mean / (np.linalg.norm(mean) or 1.0)
    return pl.DataFrame(
        {
            "vector": pl.Series([unit.astype(np.float32).tolist()], dtype=pl.List(pl.Float32)),
            "listens": [latest.height],
            "since": latest["played_at"].min(),
            "until": latest["played_at"].max(),
        }
    )


def mood_match(vectors: NDArray[np.float32], mood: NDArray[np.float32]) -> NDArray[np.floating]:
    """Nearness of each row of ``vectors`` (unit length, shape (songs, d)) to ``mood`` (shape (d,)): cosine, moved to 0..1."""
    return (vectors @ mood + 1) / 2
