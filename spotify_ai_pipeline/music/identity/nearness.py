"""Nearness: which of an artist's titles are like which, of all of them at once.

A title is compared with every other of its artist. One by one, each comparison waits for the memory that the other title lies
in; a block of titles against a block is several times as fast.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

NEAR = 80
"""Similarity (0 to 100, ``rapidfuzz.fuzz.ratio``) from which a title is a candidate: judged, and listed where refused."""

MANY = 64
"""Titles of one artist from which they are compared at once; fewer are as fast one by one."""

BLOCK = 256

Place = tuple[str, str]
"""Artist key and version: only titles of one place are compared."""

Nearest = Mapping[Place, Mapping[str, Sequence[str]]]
"""For places with many titles: each title and the others that are about as like it as ``NEAR``, in order."""


def nearest(titles: Iterable[tuple[str, str]]) -> Nearest:
    """``titles`` are (song key, title in words), in the order in which they become known."""
    places: defaultdict[Place, list[str]] = defaultdict(list)
    for key, words in titles:
        who, _, version = key.split("\t")
        places[who, version].append(words)
    return {place: _compared(theirs) for place, theirs in places.items() if len(theirs) >= MANY}


def _compared(titles: Sequence[str]) -> Mapping[str, Sequence[str]]:
    from rapidfuzz import fuzz, process

    near: defaultdict[str, list[str]] = defaultdict(list)
    for start in range(0, len(titles), BLOCK):
        some, known = titles[start : start + BLOCK], titles[: start + BLOCK]
        scores = process.cdist(some, known, scorer=fuzz.ratio, score_cutoff=NEAR - 1, dtype=np.uint8)
        earlier: list[list[int]] = np.argwhere(np.tril(scores, start - 1)).tolist()
        for row, column in earlier:
            near[some[row]].append(known[column])
            near[known[column]].append(some[row])
    return {title: near.get(title, ()) for title in titles}
