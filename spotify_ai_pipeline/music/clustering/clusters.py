"""Dense groups of songs: HDBSCAN on the reduced space, and what is done where it finds none.

Campello, Moulavi and Sander (2013). A cluster holds at least ``min_cluster_size`` songs, or 0.75 % of the library where
that is more: a hundred groups can be looked at, named and kept, a thousand cannot. Songs in no dense group are assigned softly:
they join the cluster of the nearest song that is in one, and are marked as no part of its core.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spotify_ai_pipeline.music.clustering.reduce import Floats, Ids
from spotify_ai_pipeline.settings import Clustering

TOO_FEW = 50
"""Songs below which groups would be chance: all are one cluster."""
LEAST_SHARE = 0.0075
MOST_LOOSE = 0.5
"""Share of songs in no dense group above which the density says nothing, and the space is cut into equal parts instead."""
LARGEST = 0.8
"""Share of songs in one cluster above which it is a blob."""
A_PART = 200
"""Songs of a part where the space is cut evenly."""
MOST_PARTS = 30


@dataclass(frozen=True)
class Found:
    """The cluster of each song (0, 1, ...), whether the song is of its dense ``core``, and what was done, in words."""

    labels: Ids
    core: NDArray[np.bool_]
    how: str


def smallest(songs: int, settings: Clustering) -> int:
    """Songs that a cluster holds at least."""
    return max(settings.min_cluster_size, round(LEAST_SHARE * songs))


def find(coordinates: Floats, settings: Clustering) -> Found:
    """Clusters of the songs at ``coordinates`` (songs, dimensions). Each song gets one, whatever the songs are like."""
    songs = len(coordinates)
    if songs < TOO_FEW:
        return Found(
            np.zeros(songs, np.int64), np.ones(songs, bool), f"one cluster: fewer than {TOO_FEW} songs have a vector"
        )
    if not np.ptp(coordinates, axis=0).any():
        return Found(np.zeros(songs, np.int64), np.ones(songs, bool), "one cluster: all songs have the same vector")
    found = dense(coordinates, smallest(songs, settings), settings.min_samples, "eom")
    if _largest(found) > LARGEST or found.max() < 1:
        finer = dense(coordinates, smallest(songs, settings), settings.min_samples, "leaf")
        if finer.max() >= 1 and (finer < 0).mean() <= MOST_LOOSE:
            return _with_loose(coordinates, finer, "the finest dense groups: the broader ones ran into one")
    if found.max() < 1 or (found < 0).mean() > MOST_LOOSE or _largest(found) > LARGEST:
        parts = min(max(songs // A_PART, 2), MOST_PARTS)
        even = cut(coordinates, parts)
        return Found(even, np.ones(songs, bool), f"no dense groups: the space is cut into {even.max() + 1} equal parts")
    return _with_loose(coordinates, found, "dense groups")


def dense(coordinates: Floats, least: int, min_samples: int, selection: str) -> Ids:
    """HDBSCAN's labels; -1 is noise."""
    import hdbscan  # pyright: ignore[reportMissingTypeStubs]

    model: Any = hdbscan.HDBSCAN(
        min_cluster_size=least, min_samples=min_samples, cluster_selection_method=selection, core_dist_n_jobs=1
    )
    return np.asarray(model.fit_predict(coordinates.astype(np.float64)), np.int64)


def cut(coordinates: Floats, parts: int) -> Ids:
    """Halves the largest part at the median of its widest axis until there are ``parts``: no density needed, no chance."""
    labels = np.zeros(len(coordinates), np.int64)
    for label in range(1, parts):
        members = np.flatnonzero(labels == np.bincount(labels).argmax())
        axis = np.ptp(coordinates[members], axis=0).argmax()
        order = members[np.argsort(coordinates[members, axis], kind="stable")]
        labels[order[len(order) // 2 :]] = label
    return labels


def _with_loose(coordinates: Floats, labels: Ids, how: str) -> Found:
    """The songs in no group join that of the nearest song in one."""
    import scipy.spatial  # pyright: ignore[reportMissingTypeStubs]

    core = labels >= 0
    whole = labels.copy()
    if not core.all():
        tree: Any = scipy.spatial.KDTree(coordinates[core])
        nearest = tree.query(coordinates[~core])[1]
        whole[~core] = labels[core][nearest]
    return Found(whole, core, how)


def _largest(labels: Ids) -> float:
    return float(np.bincount(labels[labels >= 0], minlength=1).max() / len(labels))
