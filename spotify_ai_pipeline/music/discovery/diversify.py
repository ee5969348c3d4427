"""Diversify: the best that differ from each other, by maximal marginal relevance (Carbonell and Goldstein, 1998)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

RELEVANCE = 0.7
"""Weight of a candidate's own value against its likeness to what was picked before."""


def pick(
    draw: Callable[[], Floats],
    vectors: Floats,
    artists: Sequence[str],
    count: int,
    per_artist: int,
    waiting: Sequence[str] = (),
) -> list[int]:
    """Indices of up to ``count`` candidates, in the order of picking. ``draw`` gives what each looks like now, shape (n,),
    between 0 and 1, anew for every pick; from it goes the greatest likeness to any picked before (cosine of ``vectors``,
    shape (n, d), rows of unit length or zero; 1 for the same artist). No artist more than ``per_artist`` times, those that
    are ``waiting`` counted, even where fewer come out."""
    names, taken, picked = np.array(artists), Counter(waiting), list[int]()
    likeness = np.zeros(len(artists))
    open_ = np.array([taken[artist] < per_artist for artist in artists], bool)
    while len(picked) < count and open_.any():
        worth = np.where(open_, RELEVANCE * draw() - (1 - RELEVANCE) * likeness, -np.inf)
        best = int(worth.argmax())
        picked.append(best)
        open_[best] = False
        taken[artists[best]] += 1
        same = names == artists[best]
        if taken[artists[best]] >= per_artist:
            open_ &= ~same
        likeness = np.maximum(likeness, np.where(same, 1.0, vectors @ vectors[best]))
    return picked


def unit_vectors(tags: Sequence[Sequence[dict[str, float]] | None]) -> Floats:
    """Tags of each candidate as rows of unit length, shape (n, distinct tags); a row of zeros where there are none."""
    column = {
        name: number for number, name in enumerate(sorted({str(tag["tag"]) for row in tags for tag in row or ()}))
    }
    vectors = np.zeros((len(tags), max(len(column), 1)))
    for place, row in enumerate(tags):
        for tag in row or ():
            vectors[place, column[str(tag["tag"])]] = tag["weight"]
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths > 0, lengths, 1.0)
