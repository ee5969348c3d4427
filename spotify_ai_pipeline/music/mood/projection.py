"""The place of a wish in the space of embeddings."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from spotify_ai_pipeline.music.embedding.model import Model
from spotify_ai_pipeline.music.mood.parser import MoodQuery
from spotify_ai_pipeline.settings import Features

LEAST_SONGS = 5
"""Songs that a cluster or an era needs for its direction to be its own, not that of a song."""

Vector = NDArray[np.float64]


def towards(
    wish: MoodQuery,
    model: Model,
    features: Features,
    embeddings: pl.DataFrame,
    clusters: pl.DataFrame,
    years: pl.DataFrame,
) -> Vector:
    """A unit vector, shape (dimensions,); zeros where the library has nothing by which to find the wish.

    What is said of sound and tags is one part; each cluster (``clusters``: song_id, name) and the eras together (``years``:
    song_id, year) are one more: the mean direction of their songs less that of all songs.
    """
    parts: list[Vector] = [model.direction(wish.axes, wish.tags, features)]
    parts += [_apart(embeddings, clusters.filter(name=name)["song_id"]) for name in wish.clusters]
    if wish.eras:
        within = pl.any_horizontal(pl.col("year").is_between(first, last) for first, last in wish.eras)
        parts.append(_apart(embeddings, years.filter(within)["song_id"]))
    whole: Vector = np.stack(parts).sum(axis=0)
    length = float(np.linalg.norm(whole))
    return whole / (length if length > 1e-9 else np.inf)


def _apart(embeddings: pl.DataFrame, songs: pl.Series) -> Vector:
    vectors: Vector = embeddings["vector"].to_numpy().astype(np.float64)
    rows = embeddings["song_id"].is_in(songs.to_list()).to_numpy()
    if rows.sum() < LEAST_SONGS:
        return 0.0 * vectors[0]
    away: Vector = vectors[rows].mean(axis=0) - vectors.mean(axis=0)
    length = float(np.linalg.norm(away))
    return away / (length if length > 1e-9 else np.inf)
