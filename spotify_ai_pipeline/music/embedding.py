"""What a song is like: a vector from its audio features and its tags.

Each block is scaled robustly, brought to unit length and weighted, so that hundreds of tags do not drown eleven audio
features. A missing block is left at zero before the whole is brought to unit length: it neither attracts nor repels.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from spotify_ai_pipeline.settings import Features

Matrix = NDArray[np.float64]

AUDIO_COLUMNS = (
    "danceability",
    "energy",
    "valence",
    "acousticness",
    "instrumentalness",
    "speechiness",
    "liveness",
    "loudness",
    "tempo",
)
"""The features that are magnitudes; key and mode are names of notes and scales, not more or less of something."""

MOST_TAGS = 1_000
"""The tags that most songs share; the long tail beyond them would cost memory and says little."""


def embed(audio: pl.DataFrame, tags: pl.DataFrame, song_ids: pl.Series, features: Features) -> pl.DataFrame:
    """Vectors (song_id, vector: unit length, float32, has_audio, has_tags) for the songs that have audio or tags.

    ``audio`` is a row a song (song_id, the audio columns, null where unknown), ``tags`` a row a tag of a song
    (song_id, tag, weight).
    """
    sounds = audio_block(
        pl.DataFrame({"song_id": song_ids}).join(audio, on="song_id", how="left", maintain_order="left")
    )
    words = tag_block(tags, song_ids, features.tag_dimensions)
    whole = np.hstack([features.audio_weight * _unit(sounds), features.tag_weight * _unit(words)])
    known = np.linalg.norm(whole, axis=1) > 0
    vectors = _unit(whole).astype(np.float32)
    table = pl.DataFrame({"song_id": song_ids, "has_audio": sounds.any(axis=1), "has_tags": words.any(axis=1)})
    return table.with_columns(vector=pl.Series(vectors, dtype=pl.Array(pl.Float32, vectors.shape[1]))).filter(known)


def audio_block(audio: pl.DataFrame) -> Matrix:
    """Robust z-scores (median and interquartile range, clipped to ±3), shape (songs, 9); a song without features is 0."""
    if not audio.height:
        return np.zeros((0, len(AUDIO_COLUMNS)))
    values = audio.select(pl.col(AUDIO_COLUMNS).cast(pl.Float64)).to_numpy()
    known = ~np.isnan(values)
    if not known.any():
        return np.zeros((audio.height, len(AUDIO_COLUMNS)))
    quarter, middle, three = np.nanpercentile(np.where(known.any(axis=0), values, 0.0), [25, 50, 75], axis=0)
    spread = np.where(three > quarter, three - quarter, 1.0) / 1.349  # of a normal distribution: one standard deviation
    return np.where(known, np.clip((values - middle) / spread, -3, 3), 0.0)


def tag_block(tags: pl.DataFrame, song_ids: pl.Series, dimensions: int) -> Matrix:
    """Latent semantic analysis of the tags, shape (songs, dimensions): TF-IDF, then a truncated SVD.

    Deerwester et al. (1990). The SVD comes from the Gram matrix of the most shared tags; a tag that one song alone has
    relates it to nothing and is left out.
    """
    places = pl.DataFrame({"song_id": song_ids}).with_row_index("row")
    shared = tags.filter(pl.col("weight") > 0).filter(pl.len().over("tag") > 1)
    vocabulary = (
        shared.group_by("tag")
        .len("songs")
        .sort("songs", "tag", descending=[True, False])
        .head(MOST_TAGS)
        .with_row_index("column")
    )
    entries = shared.join(places, on="song_id").join(vocabulary, on="tag")
    block = np.zeros((len(song_ids), dimensions))
    if not entries.height:
        return block
    weights = np.zeros((len(song_ids), vocabulary.height), np.float32)
    idf = np.log(len(song_ids) / entries["songs"].to_numpy()) + 1
    weights[entries["row"].to_numpy(), entries["column"].to_numpy()] = entries["weight"].to_numpy() * idf
    weights = _unit(weights).astype(np.float32)
    _, axes = np.linalg.eigh(weights.T @ weights)  # eigenvalues rise: the strongest axes are the last
    strongest = axes[:, ::-1][:, :dimensions]
    signs = np.sign(strongest[np.abs(strongest).argmax(axis=0), np.arange(strongest.shape[1])])
    block[:, : strongest.shape[1]] = weights @ (strongest * signs)
    return block


def _unit(rows: NDArray[np.floating]) -> Matrix:
    """Rows of length one; rows of zeros stay."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(lengths > 0, lengths, 1.0)
