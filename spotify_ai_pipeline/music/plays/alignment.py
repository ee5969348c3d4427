"""Alignment: which records of two sources tell of the same play.

Each record says within which span of time a play of a song began. Two records can be one play where their spans meet. Among
all ways to pair them in order of time, the one with the most pairs is taken, and of those the one with the least distance:
that two sources told of one play is likelier than that each of them missed a play of the other's. True repeats stay apart,
because each record is paired at most once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Indices = NDArray[np.signedinteger[Any]]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Stamps:
    """Records in order of song and time, each array of shape (records,): the play began at ``at`` (seconds), at most
    ``early`` seconds before and ``late`` after. ``brief``: known to be under 30 s; ``long``: known to be 30 s or more."""

    song: Indices
    at: Floats
    early: Floats
    late: Floats
    brief: Mask
    long: Mask

    def __getitem__(self, index: Indices | Mask) -> Stamps:
        return Stamps(
            self.song[index], self.at[index], self.early[index], self.late[index], self.brief[index], self.long[index]
        )

    def order(self) -> Indices:
        return np.lexsort((self.at, self.song))


def align(first: Stamps, second: Stamps) -> tuple[Indices, Indices]:
    """The pairs of records that are one play, as indices into ``first`` and ``second``, both in order of song and time."""
    i, j = _candidates(first, second)
    if not len(i):
        return i, j
    alone = (np.bincount(i)[i] == 1) & (np.bincount(j)[j] == 1)
    several_i, several_j = i[~alone], j[~alone]
    chosen = _best_chain(several_i, several_j, np.abs(first.at[several_i] - second.at[several_j]))
    return np.concatenate([i[alone], several_i[chosen]]), np.concatenate([j[alone], several_j[chosen]])


def _candidates(first: Stamps, second: Stamps) -> tuple[Indices, Indices]:
    """All pairs of one song whose spans meet; a play known to be brief is none that is known to be long."""
    none = np.empty(0, np.int64)
    if not len(first.at) or not len(second.at):
        return none, none
    widest = float(max(second.early.max(), second.late.max(), first.early.max(), first.late.max()))
    start = min(first.at.min(), second.at.min())
    span = (
        max(first.at.max(), second.at.max()) - start + 4 * widest + 1
    )  # songs lie further apart than any span reaches
    place, other = first.song * span + first.at - start, second.song * span + second.at - start
    low = _place(other, place - first.early - second.late.max(), "left")
    high = _place(other, place + first.late + second.early.max(), "right")
    count = high - low
    i = np.repeat(np.arange(len(place)), count)
    j = np.arange(len(i)) - np.repeat(np.cumsum(count) - count, count) + np.repeat(low, count)
    apart = second.at[j] - first.at[i]
    meets = (apart - second.early[j] <= first.late[i]) & (-apart - second.late[j] <= first.early[i])
    agree = ~(first.brief[i] & second.long[j]) & ~(first.long[i] & second.brief[j])
    return i[meets & agree], j[meets & agree]


def _place(among: Floats, values: Floats, side: Literal["left", "right"]) -> Indices:
    return np.searchsorted(among, values, side)


def _best_chain(i: Indices, j: Indices, cost: Floats) -> Indices:
    """Finds the cheapest of the longest chains of pairs (i, j) in which both rise, by a Fenwick tree of maxima: n log n."""
    if not len(i):
        return np.empty(0, np.int64)
    order = np.lexsort((-j, i))
    size = int(j.max()) + 1
    tree: list[tuple[int, float, int]] = [(0, 0.0, -1)] * (size + 1)
    before = [-1] * len(i)
    best = (0, 0.0, -1)
    places, costs = cast(list[int], j.tolist()), cast(list[float], cost.tolist())
    for pair in cast(list[int], order.tolist()):
        node, reached = places[pair], (0, 0.0, -1)
        while node > 0:
            reached = max(reached, tree[node])
            node -= node & -node
        before[pair] = reached[2]
        now = (reached[0] + 1, reached[1] - costs[pair], pair)
        best = max(best, now)
        node = places[pair] + 1
        while node <= size and tree[node] < now:
            tree[node] = now
            node += node & -node
    chain: list[int] = []
    pair = best[2]
    while pair >= 0:
        chain.append(pair)
        pair = before[pair]
    return np.array(chain[::-1], np.int64)
