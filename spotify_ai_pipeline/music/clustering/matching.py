"""The matching of clusters with those of last time: by the songs that they share, so that names stay where the songs are."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spotify_ai_pipeline.music.clustering.reduce import Ids

SAME = 0.2
"""Jaccard overlap from which a cluster goes on as the one before: below, it is another one with some of its songs."""
UNKNOWN = -1


def match(before: Ids, now: Ids, next_id: int) -> Ids:
    """The lasting id of each song's cluster.

    ``before`` holds the ids of last time (``UNKNOWN`` for songs that had none), ``now`` labels 0, 1, ... Clusters are paired
    one to one so that the overlaps add up to the most (Kuhn 1955); one paired with none gets a fresh id from ``next_id`` on.
    """
    import scipy.optimize  # pyright: ignore[reportMissingTypeStubs]

    labels = np.unique(now)
    old = np.unique(before[before != UNKNOWN])
    ids = dict.fromkeys(labels.tolist(), UNKNOWN)
    if len(old):
        shared = overlap(before, now, old, labels)
        assignment: Any = scipy.optimize
        for row, column in np.transpose(assignment.linear_sum_assignment(-shared)):
            if shared[row, column] >= SAME:
                ids[int(labels[column])] = int(old[row])
    for label in labels.tolist():
        if ids[label] == UNKNOWN:
            ids[label], next_id = next_id, next_id + 1
    return np.array([ids[label] for label in now.tolist()], np.int64)


def overlap(before: Ids, now: Ids, old: Ids, labels: Ids) -> np.ndarray:
    """Jaccard overlap of each cluster of ``before`` with each of ``now``, over songs that were there before."""
    there = before != UNKNOWN
    table = np.zeros((len(old), len(labels)))
    np.add.at(table, (np.searchsorted(old, before[there]), np.searchsorted(labels, now[there])), 1.0)
    union = table.sum(axis=1, keepdims=True) + table.sum(axis=0, keepdims=True) - table
    return table / np.maximum(union, 1.0)


def keep(before: Ids, nearest: Ids, founded: Ids, next_id: int) -> Ids:
    """Ids where the songs are nearly those of last time: known songs stay where they were, because density flips between
    splitting a group and not on a handful of songs. Songs new since (``before`` is ``UNKNOWN``) take the cluster ``nearest`` to
    them, or a fresh one where they ``founded`` it (see ``founders``)."""
    ids = np.where(before == UNKNOWN, nearest, before)
    return np.where(founded == UNKNOWN, ids, next_id + founded)


def founders(fresh: NDArray[np.bool_], near: Ids, least: int) -> Ids:
    """Groups 0, 1, ... of new songs that belong together and with no others; ``UNKNOWN`` for all other songs.

    ``near`` holds the nearest songs of each song, itself first. A new song whose neighbours are new for the greater part may
    found; those that are neighbours of each other make a group, if they are ``least`` or more.
    """
    import scipy.sparse  # pyright: ignore[reportMissingTypeStubs]
    import scipy.sparse.csgraph as csgraph  # pyright: ignore[reportMissingTypeStubs]

    sparse: Any = scipy.sparse
    graphs: Any = csgraph
    able = fresh & (fresh[near[:, 1:]].mean(axis=1) > 0.5)
    one = np.repeat(np.arange(len(near)), near.shape[1])
    other = near.ravel()
    linked = able[one] & able[other]
    graph = sparse.coo_matrix((np.ones(linked.sum()), (one[linked], other[linked])), shape=(len(near), len(near)))
    group = np.asarray(graphs.connected_components(graph, directed=False)[1], np.int64)
    sizes = np.bincount(group[able], minlength=int(group.max()) + 1)
    large = np.flatnonzero(sizes >= least)
    number = np.full(len(sizes), UNKNOWN, np.int64)
    number[large] = np.arange(len(large))
    return np.where(able, number[group], UNKNOWN)
