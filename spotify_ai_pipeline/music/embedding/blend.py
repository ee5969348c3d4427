"""Songs put together: like these and unlike those, and the way from one song to another."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from spotify_ai_pipeline.music.embedding import index as indexes
from spotify_ai_pipeline.music.embedding.index import Index, Vectors

AWAY = 0.5
"""How much the songs that are not wanted push, beside those that are."""
LOOKED_AT = 200
"""Songs near each step of a way that are looked at."""


def towards(like: Vectors, unlike: Vectors) -> Vectors:
    """The direction of ``like`` away from ``unlike``, both of shape (songs, d), of length 1."""
    direction = like.mean(0) if len(like) else np.zeros(unlike.shape[1], np.float32)
    if len(unlike):
        direction = direction - (AWAY if len(like) else 1.0) * unlike.mean(0)
    return (direction / (np.linalg.norm(direction) or 1.0)).astype(np.float32)


def way(
    index: Index, start: int, end: int, songs: int, artists: Sequence[object], allowed: Collection[int] | None = None
) -> list[int]:
    """Rows of the index that lead from row ``start`` to row ``end``, both included, at most ``songs`` of them.

    The steps lie evenly on the arc between the two. At each the nearest song comes that was not there yet and is not of the
    artist before or of the last (``artists``, of each row); ``allowed`` are the rows that may come between (None: all). A step
    near which nothing is left is passed over.
    """
    first, last = indexes.vector_of(index, start), indexes.vector_of(index, end)
    steps = _between(first, last, songs - 2)
    _, near = indexes.search(index, steps, LOOKED_AT if allowed is None else index.ntotal)
    found, seen = [start], {start, end}
    for rows in near:
        shunned = {artists[found[-1]], artists[end]}
        free = (row for row in map(int, rows) if row not in seen and (allowed is None or row in allowed))
        step = next((row for row in free if artists[row] not in shunned), None)
        if step is not None:
            found.append(step)
            seen.add(step)
    return [*found, end]


def _between(first: Vectors, last: Vectors, count: int) -> Vectors:
    """``count`` points on the arc from ``first`` to ``last``, without its ends, shape (count, d)."""
    angle = float(np.arccos(np.clip(first @ last, -1, 1)))
    share = np.linspace(0, 1, count + 2)[1:-1, None]
    if angle < 1e-3:
        return ((1 - share) * first + share * last).astype(np.float32)
    return ((np.sin((1 - share) * angle) * first + np.sin(share * angle) * last) / np.sin(angle)).astype(np.float32)
