"""Two levels: clusters, and families of clusters that sound alike.

Families come from Ward's method (1963) on the clusters' centres, cut where about the square root of twice the clusters are
left: 8 clusters make 4 families, 50 make 10.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from spotify_ai_pipeline.music.clustering.reduce import Floats, Ids

FEWEST = 4
"""Clusters below which a second level says nothing."""


def centres(vectors: Floats, clusters: Ids) -> tuple[Ids, Floats]:
    """(ids in rising order, mean direction of each: unit length)."""
    ids, rows = np.unique(clusters, return_inverse=True)
    sums = np.zeros((len(ids), vectors.shape[1]))
    np.add.at(sums, rows, vectors.astype(np.float64))
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    return ids, (sums / np.where(lengths > 0, lengths, 1)).astype(np.float32)


def families(vectors: Floats, clusters: Ids) -> Ids:
    """The family (0, 1, ...) of each song's cluster; all 0 where there are fewer than ``FEWEST`` clusters."""
    import scipy.cluster.hierarchy  # pyright: ignore[reportMissingTypeStubs]

    ids, middles = centres(vectors, clusters)
    if len(ids) < FEWEST:
        return np.zeros(len(clusters), np.int64)
    trees: Any = scipy.cluster.hierarchy
    family = trees.fcluster(trees.ward(middles), round((2 * len(ids)) ** 0.5), criterion="maxclust") - 1
    return np.asarray(family, np.int64)[np.searchsorted(ids, clusters)]
