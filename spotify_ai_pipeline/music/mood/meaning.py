"""The meaning of a phrase where the lexicon has no word of it: energy and valence from its vector, fitted on anchor
phrases.

The fit is a ridge regression with a Gaussian kernel (Saunders et al., 1998): a phrase is read by the anchors that lie near it.
``spotify-ai evaluate mood --fit`` makes the file with the anchors' vectors.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

FILE = "anchors.npz"
READ = ("energy", "valence")
WIDTH = 2.5
"""How fast an anchor's say falls with its distance."""
RIDGE = 0.3
GAIN = 1.3
"""The regression draws towards the middle; this takes part of that back."""

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Anchors:
    """Phrases whose mood is known: unit vectors around ``centre``, shape (phrases, d), and what each weighs on ``READ``."""

    centre: Floats
    vectors: Floats
    weights: Floats

    @classmethod
    def fitted(cls, vectors: Floats, moods: Floats) -> Anchors:
        """``vectors`` of phrases, shape (phrases, d), and their ``moods``, shape (phrases, 2)."""
        centre = vectors.mean(axis=0)
        near = _rounded(_unit(vectors - centre))
        kernel = _kernel(near, near).astype(np.float64)
        weights = np.linalg.solve(kernel + RIDGE * np.eye(len(near)), moods.astype(np.float64))
        return cls(centre, near, weights.astype(np.float32))

    @classmethod
    def shipped(cls) -> Anchors:
        """The anchors that come with the program."""
        kept = np.load(BytesIO(files("spotify_ai_pipeline.music.mood").joinpath(FILE).read_bytes()))
        return cls(kept["centre"], kept["vectors"].astype(np.float32) / 127, kept["weights"])

    def as_bytes(self) -> bytes:
        """The file: vectors in whole numbers of a byte."""
        file = BytesIO()
        whole = np.rint(self.vectors * 127).astype(np.int8)
        np.savez_compressed(file, centre=self.centre, vectors=whole, weights=self.weights)
        return file.getvalue()

    def read(self, vector: Floats) -> dict[str, float]:
        """Energy and valence of the phrase with ``vector``, each from -1 to 1."""
        found = GAIN * _kernel(_unit(vector - self.centre)[None], self.vectors) @ self.weights
        return {axis: float(np.clip(value, -1, 1)) for axis, value in zip(READ, found[0], strict=True)}


def _kernel(left: Floats, right: Floats) -> Floats:
    return np.exp(np.float32(-WIDTH) * (1 - left @ right.T)).astype(np.float32)


def _unit(rows: Floats) -> Floats:
    lengths: Floats = np.linalg.norm(rows, axis=-1, keepdims=True).astype(np.float32)
    return (rows / np.maximum(lengths, np.float32(1e-9))).astype(np.float32)


def _rounded(rows: Floats) -> Floats:
    return (np.rint(rows * 127) / 127).astype(np.float32)
