"""Embeddings: blocks weighted and joined to one unit vector a song, by a fitted model that is kept with them.

A block that a song lacks is inferred from those it has: linear regression on the library's songs that have both, brought to
the length of a known block. So a song with one block has a place among songs with all of them, as far from the middle as
they are. Zeros instead would halve its likeness to every fuller song; the mean would make all such songs alike.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

import numpy as np
import polars as pl

from spotify_ai_pipeline.music.embedding.feature_blocks import (
    AUDIO_COLUMNS,
    CENTRE,
    AudioSpace,
    Matrix,
    TagSpace,
    VectorSpace,
    unit,
)
from spotify_ai_pipeline.music.embedding.inputs import ARTIST, AUDIO, BLOCKS, CLAP, LYRICS, TAGS, Inputs
from spotify_ai_pipeline.settings import Features

MODEL_FILE = "model.npz"
"""The name under which it is kept beside the embeddings."""

LAYOUT = "1"
"""Changes with the meaning of a model's arrays: an older model is fitted anew."""

SHRINKAGE = 0.02
"""Ridge of the regression between blocks, as a share of a unit block's variance, so that few songs teach little."""


SONGS_AT_ONCE = 100_000
"""Songs whose blocks are in memory at once: as numbers of double length, several times over, they take the most room."""


@dataclass(frozen=True)
class Model:
    """A model that was learned from a library: the spaces of the blocks, each artist's mean tags, and how blocks go
    together."""

    audio: AudioSpace
    tags: TagSpace
    artists: list[str]
    profiles: Matrix
    """Unit mean of the tags of each artist's songs, shape (artists, tag dimensions)."""
    lyrics: VectorSpace
    clap: VectorSpace
    moments: Matrix
    """Mean products of the blocks' columns over the songs that have both, shape (columns, columns)."""
    counts: dict[str, int]
    """Songs with audio, tags, lyrics and CLAP when it was fitted."""
    config: dict[str, float]
    """Settings under which it was fitted."""

    @classmethod
    def fit(cls, known: Inputs, features: Features) -> Model:
        """Learned from all that is known; the order of songs does not matter."""
        tags = TagSpace.fit(known.of_songs, features.tag_dimensions)
        rows = tags.block(known.of_songs, known.songs["song_id"])
        artists, profiles = _profiles(rows, known.songs["artist_key"])
        spaces = cls(
            AudioSpace.fit(known.audio_rows),
            tags,
            artists,
            profiles,
            VectorSpace.fit(known.vectors(LYRICS), features.lyrics_dimensions),
            VectorSpace.fit(known.vectors(CLAP), features.clap_dimensions),
            np.zeros((0, 0)),
            known.counts(),
            _fitting(features),
        )
        return replace(spaces, moments=_moments(list(spaces.blocks(known).values())))

    def blocks(self, known: Inputs) -> dict[str, Matrix]:
        """Each block of the songs by its name, before anything is inferred."""
        places = {artist: place for place, artist in enumerate(self.artists)}
        rows = [places.get(artist, -1) for artist in known.songs["artist_key"]]
        profiles = np.vstack([self.profiles, np.zeros((1, self.profiles.shape[1]))])
        return {
            AUDIO: self.audio.block(known.audio_rows),
            TAGS: self.tags.block(known.of_songs, known.songs["song_id"]),
            ARTIST: profiles[rows],
            LYRICS: self._foreign(self.lyrics, known.vectors(LYRICS)),
            CLAP: self._foreign(self.clap, known.vectors(CLAP)),
        }

    def embed(self, known: Inputs, features: Features) -> pl.DataFrame:
        """Vectors (song_id, vector: unit length, float32; has_<block>: whether the block is known or was inferred; model) of
        the songs of which any block is known. Each row depends on its own song alone."""
        starts = range(0, max(known.songs.height, 1), SONGS_AT_ONCE)
        parts = [replace(known, songs=known.songs.slice(start, SONGS_AT_ONCE)) for start in starts]
        table = pl.concat([self._embedded(part, features) for part in parts])
        return table.with_columns(model=pl.lit(self.version(features)))

    def _embedded(self, known: Inputs, features: Features) -> pl.DataFrame:
        blocks = self.blocks(known)
        present = {name: block.any(axis=1) for name, block in blocks.items()}
        filled = self.fill(list(blocks.values()))
        vectors = unit(
            np.hstack([self._weight(name, features) * block for name, block in zip(BLOCKS, filled, strict=True)])
        )
        table = pl.DataFrame(
            {
                "song_id": known.songs["song_id"],
                "vector": pl.Series(vectors.astype(np.float32), dtype=pl.Array(pl.Float32, vectors.shape[1])),
                **{f"has_{name}": rows for name, rows in present.items()},
            }
        )
        return table.filter(pl.Series(np.asarray(vectors.any(axis=1))))

    def fill(self, blocks: list[Matrix]) -> list[Matrix]:
        """The blocks, those that a song lacks inferred from those it has; where it has none all stay zeros."""
        whole = np.hstack(blocks)
        edges: list[int] = [0, *accumulate(block.shape[1] for block in blocks)]
        lacks = np.column_stack([~block.any(axis=1) for block in blocks])
        columns_of = [np.arange(start, end, dtype=np.int64) for start, end in pairwise(edges)]
        for pattern in np.unique(lacks, axis=0):
            if not pattern.any() or pattern.all():
                continue
            rows = (lacks == pattern).all(axis=1)
            seen = np.concatenate([columns_of[block] for block in np.flatnonzero(~pattern)])
            for block in np.flatnonzero(pattern):
                columns = columns_of[block]
                ridge = SHRINKAGE * np.eye(len(seen)) / max(len(seen), 1)
                slopes = np.linalg.solve(self.moments[np.ix_(seen, seen)] + ridge, self.moments[np.ix_(seen, columns)])
                whole[np.ix_(rows, columns)] = unit(whole[np.ix_(rows, seen)] @ slopes)
        return [whole[:, columns] for columns in columns_of]

    def columns(self, name: str) -> slice:
        """The columns of a block in a vector."""
        widths = [
            len(self.audio.knots) + 1,
            self.tags.axes.shape[1],
            self.profiles.shape[1],
            self.lyrics.axes.shape[1],
            self.clap.axes.shape[1],
        ]
        edges = np.cumsum([0, *widths])
        place = BLOCKS.index(name)
        return slice(int(edges[place]), int(edges[place + 1]))

    def direction(
        self,
        axes: Mapping[str, float],
        tags: Mapping[str, float],
        features: Features,
        texts: Mapping[str, Matrix] | None = None,
    ) -> Matrix:
        """The direction in which songs of a kind lie: a unit vector, shape (dimensions,), zeros where nothing is known of it.

        ``axes`` are features from -1 to 1, ``tags`` weights (negative: away from it), ``texts`` a text's vector in the space of
        ``LYRICS`` and of ``CLAP``. Blocks that nothing is said of stay zeros: they neither attract nor repel.
        """
        sounds = np.zeros((1, len(AUDIO_COLUMNS) + 1))
        sounds[0, [AUDIO_COLUMNS.index(axis) for axis in axes]] = list(axes.values())
        words = np.zeros((1, self.tags.axes.shape[1]))
        for sign in (1, -1):
            rows = [("", tag, abs(weight)) for tag, weight in tags.items() if weight * sign > 0]
            table = pl.DataFrame(rows, {"song_id": pl.String, "tag": pl.String, "weight": pl.Float64}, orient="row")
            words += sign * self.tags.block(table, pl.Series([""]))
        unsaid, texts = np.full((1, 0), np.nan), texts or {}
        blocks = {
            AUDIO: unit(sounds),
            TAGS: unit(words),
            ARTIST: unit(words),
            LYRICS: self._foreign(self.lyrics, np.atleast_2d(texts.get(LYRICS, unsaid))),
            CLAP: self._foreign(self.clap, np.atleast_2d(texts.get(CLAP, unsaid))),
        }
        return unit(np.hstack([self._weight(name, features) * block for name, block in blocks.items()]))[0]

    def sound(self, vector: Matrix) -> dict[str, float]:
        """The audio features in a vector, in standard deviations from the library's median."""
        block = vector[self.columns(AUDIO)]
        return dict(zip(AUDIO_COLUMNS, (block[:-1] / (block[-1] or np.inf) * CENTRE).tolist(), strict=True))

    def version(self, features: Features) -> str:
        """Vectors may be compared if and only if they bear the same version: that of the model and of the blocks' weights."""
        weights = [self._weight(name, features) for name in BLOCKS]
        return hashlib.sha256(self.to_bytes() + json.dumps(weights).encode()).hexdigest()[:12]

    def outgrown(self, known: Inputs, features: Features) -> str:
        """Says why the model no longer fits what is known, in words; empty while it does.

        It is fitted anew where the settings changed, where another model hears the songs, and where the songs with any block
        became more or fewer by the share ``features.refit_growth``: until then new songs are placed in the space as it is.
        """
        if self.config != _fitting(features):
            return "the settings of the features changed"
        if len({0, len(self.clap.mean), known.vectors(CLAP).shape[1]}) == 3:
            return "another model hears the songs"
        for name, count in known.counts().items():
            before = self.counts[name]
            if abs(count - before) > features.refit_growth * max(before, 1):
                return f"{name}: {before:,} at the last fit, {count:,} now"
        return ""

    def to_bytes(self) -> bytes:
        """The model as an ``.npz`` file; the same model gives the same bytes."""
        stream = io.BytesIO()
        said = json.dumps([LAYOUT, self.tags.vocabulary, self.artists, self.counts, self.config])
        np.savez(
            stream,
            said=np.frombuffer(said.encode(), np.uint8),
            knots=self.audio.knots,
            idf=self.tags.idf,
            tag_axes=self.tags.axes,
            tag_mean=self.tags.mean,
            profiles=self.profiles.astype(np.float32),
            lyrics_mean=self.lyrics.mean,
            lyrics_axes=self.lyrics.axes,
            clap_mean=self.clap.mean,
            clap_axes=self.clap.axes,
            moments=self.moments,
        )
        return stream.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> Model | None:
        """The model that ``to_bytes`` kept; None where its layout is another."""
        kept = np.load(io.BytesIO(content), allow_pickle=False)
        layout, vocabulary, artists, counts, config = json.loads(kept["said"].tobytes())
        if layout != LAYOUT:
            return None
        return cls(
            AudioSpace(kept["knots"]),
            TagSpace(vocabulary, kept["idf"], kept["tag_axes"], kept["tag_mean"]),
            artists,
            kept["profiles"].astype(np.float64),
            VectorSpace(kept["lyrics_mean"], kept["lyrics_axes"]),
            VectorSpace(kept["clap_mean"], kept["clap_axes"]),
            kept["moments"],
            counts,
            config,
        )

    def _weight(self, block: str, features: Features) -> float:
        return getattr(features, f"{block}_weight")

    def _foreign(self, space: VectorSpace, vectors: Matrix) -> Matrix:
        """A block of vectors of the kind that the model knows; those of another length are of another kind, so unknown."""
        if vectors.shape[1] != len(space.mean):
            return np.zeros((len(vectors), space.axes.shape[1]))
        return space.block(vectors)


def _profiles(tags: Matrix, artists: pl.Series) -> tuple[list[str], Matrix]:
    """(artist keys, unit mean of the tag rows of each one's songs) for the artists that have any."""
    known = tags.any(axis=1)
    keys, place = np.unique(artists.to_numpy()[known].astype(str), return_inverse=True)
    sums = np.zeros((len(keys), tags.shape[1]))
    np.add.at(sums, place, tags[known])
    return keys.tolist(), unit(sums).astype(np.float32).astype(np.float64)  # as it is kept


def _moments(blocks: list[Matrix]) -> Matrix:
    """Mean products of columns, each pair of blocks over the songs that have both."""
    present = [block.any(axis=1) for block in blocks]
    return np.vstack(
        [
            np.hstack(
                [
                    one.T @ other / max(int((has_one & has_other).sum()), 1)  # a row without either is zeros
                    for other, has_other in zip(blocks, present, strict=True)
                ]
            )
            for one, has_one in zip(blocks, present, strict=True)
        ]
    )


def _fitting(features: Features) -> dict[str, float]:
    """The settings that the fit depends on; weights are not among them."""
    names = ("tag_dimensions", "lyrics_dimensions", "clap_dimensions")
    return {name: getattr(features, name) for name in names}
