"""The parts of an embedding: audio features, tags, artist context, and vectors of other models (lyrics, CLAP).

A block is a matrix with a row a song: unit length where the song is known by it, zeros where it is not. What a block needs
to know of the whole library (quantiles, tag weights, axes) is learned once by ``fit`` and then applied to any song.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import polars as pl
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Mask = NDArray[np.bool_]

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
"""The features that are magnitudes. Key (on the circle of fifths) and mode bring songs of a session no nearer: left out."""

KNOTS = 101
"""Quantiles kept of each feature, both ends included."""

CENTRE = 1.5
"""A constant beside the nine scores: the song at every median has a direction too, and small deviations stay small."""

MOST_TAGS = 1_000
"""The tags that most songs share; the long tail beyond them would cost memory and says little."""

CHUNK = 20_000
"""Songs whose tags are in memory as a dense matrix at once."""

_PLACES = np.linspace(0, KNOTS - 1, 2 * KNOTS - 1)
_SCORES = np.array([NormalDist().inv_cdf((place + 0.5) / KNOTS) for place in _PLACES])


@dataclass(frozen=True)
class AudioSpace:
    """Quantiles of each feature in the library, shape (9, KNOTS): rank scores have no outliers and no units."""

    knots: Matrix

    @classmethod
    def fit(cls, audio: pl.DataFrame) -> AudioSpace:
        values = _columns(audio)
        known = ~np.isnan(values)
        knots = [
            np.quantile(values[known[:, place], place], np.linspace(0, 1, KNOTS))
            if known[:, place].any()
            else np.zeros(KNOTS)
            for place in range(len(AUDIO_COLUMNS))
        ]
        return cls(np.array(knots))

    def block(self, audio: pl.DataFrame) -> Matrix:
        """Normal scores (van der Waerden) of the features and the constant, shape (songs, 10). A single unknown feature
        counts as the median, a song without any is zeros."""
        values = _columns(audio)
        known = ~np.isnan(values)
        scores = np.zeros_like(values)
        for place, knots in enumerate(self.knots):
            rows = known[:, place]
            scores[rows, place] = _normal_scores(values[rows, place], knots)
        whole = np.hstack([scores, np.full((len(scores), 1), CENTRE)])
        return unit(np.where(known.any(axis=1, keepdims=True), whole, 0.0))


@dataclass(frozen=True)
class TagSpace:
    """Latent semantic analysis of the tags, Deerwester et al. (1990): TF-IDF, then a truncated SVD.

    ``idf`` has shape (tags,), ``axes`` (tags, dimensions), ``mean`` (dimensions,): songs are seen from the library's middle.
    """

    vocabulary: list[str]
    idf: Matrix
    axes: Matrix
    mean: Matrix

    @classmethod
    def fit(cls, tags: pl.DataFrame, dimensions: int) -> TagSpace:
        """Axes of the most shared tags (song_id, tag, weight); a tag that one song alone has relates it to nothing."""
        songs = tags["song_id"].unique().sort()
        common = (
            tags.group_by("tag")
            .agg(pl.col("song_id").n_unique().alias("songs"))
            .filter(pl.col("songs") > 1)
            .sort("songs", "tag", descending=[True, False])
            .head(MOST_TAGS)
        )
        idf = np.log(len(songs) / common["songs"].to_numpy()) + 1 if common.height else np.zeros(0)
        bare = cls(common["tag"].to_list(), idf, np.zeros((common.height, 0)), np.zeros(0))
        gram = np.zeros((common.height, common.height))
        for _, weights in bare._weights(tags, songs):
            gram += weights.T @ weights
        axes = _strongest(gram, dimensions)
        found: int = axes.shape[1]
        whole = cls(bare.vocabulary, idf, axes, np.zeros(found))
        placed = whole.block(tags, songs)
        known = placed.any(axis=1)
        return cls(bare.vocabulary, idf, axes, _mean(placed[known]) if known.any() else whole.mean)

    def block(self, tags: pl.DataFrame, song_ids: pl.Series) -> Matrix:
        """Songs on the axes, seen from the library's mean, shape (songs, dimensions)."""
        block = np.zeros((len(song_ids), self.axes.shape[1]))
        for start, weights in self._weights(tags, song_ids):
            placed = unit(weights @ self.axes)
            apart = np.where(placed.any(axis=1, keepdims=True), placed - self.mean, 0.0)
            central = np.linalg.norm(apart, axis=1, keepdims=True) < 1e-6  # as where all songs bear the same tags
            block[start : start + len(weights)] = unit(np.where(central, placed, apart))
        return block

    def _weights(self, tags: pl.DataFrame, song_ids: pl.Series) -> Iterator[tuple[int, Matrix]]:
        """(first row, TF-IDF rows of unit length) for each chunk of songs."""
        places = pl.DataFrame({"song_id": song_ids}).with_row_index("row")
        words = pl.DataFrame({"tag": self.vocabulary}, schema={"tag": pl.String}).with_row_index("column")
        entries = tags.filter(pl.col("weight") > 0).join(places, on="song_id").join(words, on="tag")
        entries = entries.group_by("row", "column").agg(pl.max("weight")).sort("row", "column")
        row, column = (entries[name].to_numpy().astype(np.int64) for name in ("row", "column"))
        value = entries["weight"].to_numpy() * self.idf[column]
        for start in range(0, len(song_ids), CHUNK):
            here = slice(*np.searchsorted(row, [start, start + CHUNK]))
            weights = np.zeros((min(CHUNK, len(song_ids) - start), len(words)))
            weights[row[here] - start, column[here]] = value[here]
            yield start, unit(weights)


@dataclass(frozen=True)
class VectorSpace:
    """Principal axes of another model's vectors: ``mean`` (d,), ``axes`` (d, dimensions)."""

    mean: Matrix
    axes: Matrix

    @classmethod
    def fit(cls, vectors: Matrix, dimensions: int) -> VectorSpace:
        """Fits the known rows of ``vectors`` (songs, d); no axes where there are fewer than two."""
        length: int = vectors.shape[1]
        vectors = unit(vectors[complete(vectors)])
        if len(vectors) < 2:
            return cls(np.zeros(length), np.zeros((length, 0)))
        mean = _mean(vectors)
        return cls(mean, _strongest((vectors - mean).T @ (vectors - mean), min(dimensions, len(vectors) - 1)))

    def block(self, vectors: Matrix) -> Matrix:
        """Shape (songs, dimensions); rows with NaN are unknown."""
        known = complete(vectors)
        block = np.zeros((len(vectors), self.axes.shape[1]))
        block[known] = unit((unit(vectors[known]) - self.mean) @ self.axes)
        return block


def complete(vectors: Matrix) -> Mask:
    """Says which rows are known: hold numbers, and no NaN, shape (songs,)."""
    return ~np.isnan(vectors).any(axis=1) & (vectors.shape[1] > 0)


def unit(rows: Matrix) -> Matrix:
    """Rows of length one; rows of zeros stay."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(lengths > 1e-9, lengths, np.inf)


def _strongest(gram: Matrix, dimensions: int) -> Matrix:
    """The eigenvectors of the largest eigenvalues, as columns, each with its largest number positive."""
    axes: Matrix = np.linalg.eigh(gram)[1][:, ::-1][:, :dimensions]  # eigenvalues rise: the strongest are the last
    if not axes.size:
        return axes
    return axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])


def _mean(rows: Matrix) -> Matrix:
    """The mean row."""
    return rows.sum(axis=0) / len(rows)


def _columns(audio: pl.DataFrame) -> Matrix:
    """The features, shape (songs, 9), NaN where unknown."""
    return audio.select(pl.col(AUDIO_COLUMNS).cast(pl.Float64)).to_numpy().reshape(-1, len(AUDIO_COLUMNS))


def _normal_scores(values: Matrix, knots: Matrix) -> Matrix:
    """The normal quantile at each value's place among the knots; a value that many share is in the middle of its share."""
    low, high = np.searchsorted(knots, values, "left"), np.searchsorted(knots, values, "right")
    before, after = knots[np.maximum(low - 1, 0)], knots[np.minimum(low, len(knots) - 1)]
    between = low - 1 + (values - before) / np.where(after > before, after - before, 1.0)
    place = np.where(high > low, (low + high - 1) / 2, between)
    return np.interp(place, _PLACES, _SCORES)
