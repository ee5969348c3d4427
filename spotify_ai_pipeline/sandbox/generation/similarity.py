"""Who is near whom: nearest neighbours within groups, as crowds of listeners would have it."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

_BLOCK = 512


def neighbours(group: np.ndarray, vectors: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The `k` nearest rows of the same group by Euclidean distance.

    `group` (n,) of ints, `vectors` (n, d). Returns (others, match), both (n, k): row numbers, nearest first, -1 where
    the group is too small, and a match in 0..1 that falls with the distance.
    """
    n = len(group)
    others = np.full((n, k), -1, dtype=np.int64)
    match = np.zeros((n, k))
    order = np.argsort(group, kind="stable")
    bounds = np.flatnonzero(np.diff(group[order], prepend=-1, append=-1))
    vectors = vectors.astype(np.float32)
    norms = (vectors**2).sum(axis=1)
    for start, stop in pairwise(bounds.tolist()):
        members = order[start:stop]
        near = min(k, len(members) - 1)
        if near < 1:
            continue
        across = -2 * vectors[members].T
        for at in range(0, len(members), _BLOCK):
            rows = members[at : at + _BLOCK]
            # Squared distance less the row's own norm, which ranks the same; added again for the few that are kept.
            squared = vectors[rows] @ across
            squared += norms[members]
            squared[np.arange(len(rows)), np.arange(at, at + len(rows))] = np.inf
            best = np.argpartition(squared, near - 1, axis=1)[:, :near]
            distance = np.take_along_axis(squared, best, axis=1) + norms[rows, None]
            rank = np.argsort(distance, axis=1, kind="stable")
            others[rows, :near] = members[np.take_along_axis(best, rank, axis=1)]
            match[rows, :near] = 1 / (1 + np.sqrt(np.maximum(np.take_along_axis(distance, rank, axis=1), 0)))
    return others, np.round(match, 4)


def as_lists(others: np.ndarray, match: np.ndarray, ids: list[str]) -> tuple[list[list[str]], list[list[float]]]:
    """The arrays of `neighbours` as lists of ids and matches, without the padding."""
    counts = (others >= 0).sum(axis=1).tolist()
    names = [[ids[i] for i in row[:c]] for row, c in zip(others.tolist(), counts, strict=True)]
    return names, [row[:c] for row, c in zip(match.tolist(), counts, strict=True)]
