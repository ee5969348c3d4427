"""Activation: what is on the listener's mind, from the plays up to a moment.

A ``Memory`` holds what all plays left behind, a row a song. Every fading sum is exponential and kept as it stood at the
song's last play, so that a new play touches its own row alone, and yesterday's memory with today's plays is today's memory
to the last bit, whatever lies before. The power law of forgetting is a weighted sum of the same fadings (``power_law``).
``spread`` adds what a song gains from its neighbours in past sessions.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from math import gamma, log

import numpy as np
from numpy.typing import NDArray

from spotify_ai_pipeline.durations import DAY
from spotify_ai_pipeline.music.plays.play_counts import NEVER, SESSION_GAP, Floats, Plays
from spotify_ai_pipeline.music.tables import SPEEDS

RATIO = 4.0
HALF_LIVES = 2 * RATIO ** np.arange(SPEEDS)
"""Days in which a play fades to half: 2, 8, 32, 128, 512, 2048, 8192, 32768."""

_ARRAYS = ("kept", "plays", "first", "last")
_BLOCK = 500_000
"""Plays learned at a time, so that a long history needs no more room than a short one."""


@dataclass(frozen=True)
class Memory:
    """The remains of all plays before ``now`` (UTC seconds): arrays of shape (songs,) unless said otherwise.

    ``kept[s, h]`` is the sum over plays of song s of 2^(-age / HALF_LIVES[h]), as it was at the song's last play, shape
    (songs, 8); ``first`` and ``last`` are UTC seconds.
    """

    now: float
    kept: Floats
    plays: NDArray[np.int64]
    first: Floats
    last: Floats

    @classmethod
    def empty(cls, songs: int) -> Memory:
        return cls(
            now=-np.inf,
            kept=np.zeros((songs, len(HALF_LIVES))),
            plays=np.zeros(songs, np.int64),
            first=np.full(songs, -NEVER),
            last=np.full(songs, NEVER),
        )

    def until(self, now: float, plays: Plays) -> Memory:
        """This memory carried to ``now`` with those of ``plays`` since; this one stays as it is.

        ``plays`` may be the whole history; what this memory holds already is not read. Raises ``ValueError`` for a
        ``now`` before this memory's, as what was learned cannot be taken back.
        """
        if now < self.now:
            raise ValueError(f"a memory of {self.now:.0f} cannot be taken back to {now:.0f}")
        after = replace(self, now=now, **{name: getattr(self, name).copy() for name in _ARRAYS})
        after.learn(plays.before(now).since(self.now))
        return after

    def learn(self, new: Plays) -> None:
        """Adds plays, later than those that are known and before ``now``, in place: the cost grows with them alone."""
        for start in range(0, len(new.song), _BLOCK):
            self._learn(new.song[start : start + _BLOCK], new.at[start : start + _BLOCK])

    def _learn(self, song: NDArray[np.int64], at: Floats) -> None:
        order = np.argsort(song, kind="stable")
        song, at = song[order], at[order]
        begins = np.flatnonzero(np.diff(song, prepend=-1))
        counts = np.diff(begins, append=len(song))
        whose = song[begins]
        before = np.concatenate([[0.0], at[:-1]])
        before[begins] = self.last[whose]
        gap = (at - before) / DAY
        faded = fadings(gap)
        most_first = np.argsort(-counts, kind="stable")
        descending = -counts[most_first]
        for nth in range(int(counts.max(initial=0))):  # the nth play of each song that has as many
            rows = most_first[: np.searchsorted(descending, -nth)]
            self.kept[whose[rows]] = self.kept[whose[rows]] * faded[begins[rows] + nth] + 1
        self.first[whose] = np.minimum(self.first[whose], at[begins])
        self.last[whose] = at[begins + counts - 1]
        self.plays[whose] += counts

    @cached_property
    def faded(self) -> Floats:
        """The sums over plays of 2^(-age / HALF_LIVES), as of ``now``, shape (songs, 8)."""
        return self.kept * fadings(self.days_quiet)

    @property
    def days_quiet(self) -> Floats:
        """Days since the last play; infinite for a song never played."""
        return (self.now - self.last) / DAY

    def power_law(self, decay: float) -> Floats:
        """The sum over plays of age^-decay (age in days), shape (songs,)."""
        return power_law(self.faded, self.plays, decay)


def fadings(days: Floats) -> Floats:
    """2^(-days / HALF_LIVES), shape (n, 8): each is the fourth power (``RATIO``) of the next slower one."""
    left = np.empty((len(HALF_LIVES), len(days)))
    left[-1] = np.exp2(-days / HALF_LIVES[-1])
    for speed in range(len(HALF_LIVES) - 2, -1, -1):
        left[speed] = np.square(np.square(left[speed + 1]))
    return left.T


def power_law(faded: Floats, plays: NDArray[np.int64] | Floats, decay: float) -> Floats:
    """The sum over plays of age^-decay (age in days) from their fadings, shape (n, 8), and their number, shape (n,).

    Within 3 % for decays of 0.05 to 1.1 and within 10 % up to 2, for ages of ten days to ten years.

    Anderson & Schooler (1991). age^-d is the integral of s^(d-1) exp(-s age) ds / Gamma(d): with the rates of
    ``HALF_LIVES`` as a geometric grid, its trapezoid sum; the rates too slow to fade in a life are summed in one term.
    """
    rates = log(2) / HALF_LIVES
    slowest = rates[-1] ** decay / (RATIO**decay - 1)
    return (faded @ rates**decay + plays * slowest) * (log(RATIO) / gamma(decay))


def near(plays: Plays, reach: int = 8) -> NDArray[np.int32]:
    """The first place within ``reach`` of each play in its session, and one past the last, shape (2, plays).

    A session ends where ``SESSION_GAP`` seconds pass without a play.
    """
    place = np.arange(len(plays.at), dtype=np.int32)
    begins = np.concatenate([[0], np.flatnonzero(np.diff(plays.at) > SESSION_GAP) + 1])[: len(place)].astype(np.int32)
    lengths = np.diff(begins, append=np.int32(len(place)))
    left = np.maximum(place - np.int32(reach), np.repeat(begins, lengths))
    right = np.minimum(place + np.int32(reach + 1), np.repeat(begins + lengths, lengths))
    return np.stack([left, right])


def spread(
    plays: Plays,
    near: NDArray[np.int32],
    now: float,
    half_life_days: float,
    counts: NDArray[np.int64] | None = None,
    asked: NDArray[np.int64] | None = None,
    doubt: float = 3.0,
) -> Floats:
    """Activation that songs get from what was played lately through shared sessions, shape (songs,).

    Each song played lately (weight 2^(-age / half-life)) gives to the songs that stood ``near`` it in any past session, in
    proportion to how often they did. ``doubt`` plays are added to the divisor: a single meeting proves little. ``counts`` are
    the plays of each song before ``now``, where they are known already; where songs are ``asked`` about, the others get 0.
    Spreading activation of ACT-R (Anderson, 1983) on sessions.
    """
    past = plays.before(now)
    recent = past.since(now - 4 * half_life_days * DAY)
    source = np.bincount(recent.song, np.exp2((recent.at - now) / (half_life_days * DAY)), past.songs)
    given = (source / ((past.count() if counts is None else counts) + doubt))[past.song]
    upto = np.concatenate([[0.0], np.cumsum(given)])
    song, left, right = past.song, near[0, : len(given)], near[1, : len(given)]
    if asked is not None:
        wanted = np.zeros(past.songs, np.bool_)
        wanted[asked] = True
        rows = np.flatnonzero(wanted[song])
        song, left, right, given = song[rows], left[rows], right[rows], given[rows]
    taken = upto[np.minimum(right, len(upto) - 1)]
    taken -= upto[left]
    taken -= given
    return np.maximum(np.bincount(song, taken, past.songs), 0.0)
