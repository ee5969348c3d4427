"""Change points: has the mood of the last sessions left that of the weeks before?

A two-sample test on the sessions' mean vectors: the distance between the mean of the latest few and the mean of those before
them, against the same distance where the order of all of them is drawn at random (a permutation test: Good, *Permutation,
Parametric and Bootstrap Tests of Hypotheses*, 2005). Sessions are drawn, not listens: songs of one session are alike, and would
make every new album an alarm.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

RECENT, BEFORE = 5, 40
"""Sessions of the mood now, and of the one that it is held against."""
LEAST_SONGS = 3
"""Songs with a vector that make a session count: one song is no mood."""
DRAWS = 999
SEED = 20_260_101

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Sessions:
    """A row a session, in order: its mean direction (shape (sessions, d), unit length) and its last listen (UTC seconds)."""

    means: Matrix
    ended: Matrix


@dataclass(frozen=True)
class Shift:
    """A test's finding: ``chance`` that sessions in random order lie as far apart, and the two mean moods."""

    chance: float
    recent: Matrix
    before: Matrix


def sessions(at: Matrix, vectors: Matrix, gap: float) -> Sessions:
    """Sessions of listens at ``at`` (UTC seconds, in order) with ``vectors`` (shape (listens, d)), parted by ``gap`` seconds of
    silence."""
    if not len(at):
        return Sessions(np.zeros((0, vectors.shape[1])), np.zeros(0))
    number = np.concatenate([[0], np.cumsum(np.diff(at) > gap)])
    count = np.bincount(number)
    sums = np.zeros((len(count), vectors.shape[1]))
    np.add.at(sums, number, vectors)
    lengths = np.linalg.norm(sums, axis=1)
    kept = (count >= LEAST_SONGS) & (lengths > 0)
    last = np.flatnonzero(np.diff(number, append=number[-1] + 1))
    return Sessions(sums[kept] / lengths[kept, None], at[last][kept])


def latest_shift(means: Matrix) -> Shift | None:
    """The test at the last of the sessions ``means``; None where there are too few."""
    if len(means) < RECENT + BEFORE:
        return None
    window = means[-RECENT - BEFORE :]
    return Shift(chance(window), window[-RECENT:].mean(axis=0), window[:-RECENT].mean(axis=0))


def chance(window: Matrix) -> float:
    """The p-value of a window of ``BEFORE`` and then ``RECENT`` sessions, between 1 / (DRAWS + 1) and 1. The draws are the same
    each time, so that the same sessions give the same answer."""
    own, drawn = _picks(len(window))
    found = _apart(window, own)[0]
    return float((1 + (_apart(window, drawn) >= found - 1e-12).sum()) / (1 + DRAWS))


def alarms(means: Matrix, false_alarms: float) -> list[int]:
    """The sessions after which an alarm is given, over a whole history; after one, ``RECENT`` sessions pass before the next."""
    found, place = list[int](), RECENT + BEFORE
    while place <= len(means):
        if chance(means[place - RECENT - BEFORE : place]) <= false_alarms:
            found.append(place - 1)
            place += RECENT
        else:
            place += 1
    return found


def _apart(window: Matrix, picks: Matrix) -> Matrix:
    """The distance between the mean of the picked sessions (1 in ``picks``, shape (draws, sessions)) and that of the others."""
    sums = picks @ window
    rest = window.sum(axis=0) - sums
    return np.linalg.norm(sums / RECENT - rest / (len(window) - RECENT), axis=1)


@cache
def _picks(length: int) -> tuple[Matrix, Matrix]:
    """The latest sessions, and the draws, as ones among zeros."""
    own, drawn = np.zeros((1, length)), np.zeros((DRAWS, length))
    own[:, -RECENT:] = 1.0
    order = np.argsort(np.random.default_rng(SEED).random((DRAWS, length)), axis=1)
    np.put_along_axis(drawn, order[:, :RECENT], 1.0, axis=1)
    return own, drawn
