"""Sessions: what will the next one hold? Simple rules and the learned ranker, side by side on a listener's past.

A session is what was played without 20 minutes of silence. Each with ten distinct songs or more is predicted from what was
played before it: ten songs, judged by NDCG@10 against its first ten distinct songs (the protocol of LFM-1b studies, as in
Tran et al. 2024). The learned ranker is the regression of ``taste_model`` on the activations, taught by the sessions before,
its order fused with that of the rule that has done best so far.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from spotify_ai_pipeline.durations import DAY
from spotify_ai_pipeline.music.plays.play_counts import SESSION_GAP, Floats, Plays, base_level
from spotify_ai_pipeline.music.taste.taste_model import DECAY, Lesson, Line, posterior

TEN = 10
REACH = 8
"""Places in a session within which two songs are heard together."""

HALF_LIVES = np.array([0.25, 1.0, 7.0, 30.0, 120.0, 480.0])
"""Days: within a day, a week (of a rule, too), a month (of a rule, too), seasons, years."""

MOST_PLAYED, WEEK_DECAY, MONTH_DECAY, BASE_LEVEL, SPREADING, LEARNED = (
    "most played",
    "7-day decay",
    "30-day decay",
    "base-level, d = 0.86",
    "spreading",
    "learned",
)
RULES = (MOST_PLAYED, WEEK_DECAY, MONTH_DECAY, BASE_LEVEL, SPREADING)

CONTENDERS = 200
"""Of each of the rules: the learned ranker chooses among the songs that one of them puts so high."""

LESSONS = 400
"""Sessions, the latest, that teach."""

REFIT_EVERY, FIRST_FIT = 50, 30

SHRINKAGE = 10.0
"""Precision of the prior of each weight, at unit variance of its term."""

FUSION = 10.0
"""Added to a song's place in each of two orders before its inverse is summed: reciprocal rank fusion (Cormack et al. 2009)."""


@dataclass(frozen=True)
class Session:
    """Plays ``begin`` to ``end`` (exclusive) of the listener's."""

    begin: int
    end: int


def session_numbers(plays: Plays) -> NDArray[np.int64]:
    """The session of each play, counted from 0, shape (plays,)."""
    return np.concatenate([[0], np.cumsum(np.diff(plays.at) > SESSION_GAP)])[: len(plays.at)]


def sessions(plays: Plays) -> list[Session]:
    """All sessions, in order of time."""
    number = session_numbers(plays)
    edges = np.concatenate([[0], np.flatnonzero(np.diff(number)) + 1, [len(number)]]) if len(number) else np.zeros(1)
    return [Session(int(begin), int(end)) for begin, end in itertools.pairwise(edges)]


def first_ten(plays: Plays, session: Session) -> NDArray[np.int64]:
    """The first ten distinct songs of ``session``; fewer where it has fewer."""
    song = plays.song[session.begin : session.end]
    _, first = np.unique(song, return_index=True)
    return song[np.sort(first)[:TEN]]


def gains(predicted: NDArray[np.int64], wanted: NDArray[np.int64]) -> float:
    """NDCG of ``predicted`` (best first) for the set ``wanted``, of which each is as good as another."""
    discounts = 1 / np.log2(np.arange(2, TEN + 2))
    hits = np.isin(predicted[:TEN], wanted)
    return float((hits * discounts[: len(hits)]).sum() / discounts[: min(len(wanted), TEN)].sum())


@dataclass
class Past:
    """The knowledge before a session; carried forward play by play. ``artist`` numbers each song's artist."""

    plays: Plays
    artist: NDArray[np.int64]
    _faded: Floats = field(init=False)
    _count: NDArray[np.int64] = field(init=False)
    _last: Floats = field(init=False)
    _now: float = 0.0
    _read: int = 0

    def __post_init__(self) -> None:
        songs = self.plays.songs
        self._faded = np.zeros((songs, len(HALF_LIVES)))
        self._count = np.zeros(songs, np.int64)
        self._last = np.full(songs, -np.inf)
        self._session: NDArray[np.int64] = session_numbers(self.plays)
        self._places = np.argsort(self.plays.song, kind="stable")
        self._starts = np.searchsorted(self.plays.song[self._places], np.arange(songs + 1))

    def until(self, session: Session) -> None:
        """Takes in the plays before ``session``, and lets all fade to its start."""
        song, at = self.plays.song[self._read : session.begin], self.plays.at[self._read : session.begin]
        now = float(self.plays.at[session.begin])
        self._faded *= np.exp2((self._now - now) / (HALF_LIVES * DAY))
        np.add.at(self._faded, song, np.exp2((at[:, None] - now) / (HALF_LIVES * DAY)))
        np.add.at(self._count, song, 1)
        self._last[song] = at
        self._now, self._read = now, session.begin

    def rules(self) -> dict[str, Floats]:
        """The score of every song by each of ``RULES``, each of shape (songs,)."""
        return {
            MOST_PLAYED: self._count.astype(np.float64),
            WEEK_DECAY: self._faded[:, 2],
            MONTH_DECAY: self._faded[:, 3],
            BASE_LEVEL: np.exp(base_level(self.plays, self._now, DECAY)),
            SPREADING: self._spread(),
        }

    def _spread(self) -> Floats:
        """Gives what each song gets from the songs of the last session, by how often they were heard together
        before."""
        gained = np.zeros(self.plays.songs)
        if not self._read:
            return gained
        last: int = self._session[self._read - 1].item()
        begin = int(np.searchsorted(self._session, last))
        givers = np.unique(self.plays.song[begin : self._read])
        numbers: list[int] = givers.tolist()
        places = [self._places[self._starts[song] : self._starts[song + 1]] for song in numbers]
        known = [place[place < self._read] for place in places]
        at = np.concatenate(known)
        share = np.repeat([1 / (len(place) + 3.0) for place in known], [len(place) for place in known])
        for step in (*range(-REACH, 0), *range(1, REACH + 1)):
            near = at + step
            together = (near >= 0) & (near < self._read)
            near, giver, weight = near[together], at[together], share[together]
            same = self._session[near] == self._session[giver]
            gained += np.bincount(self.plays.song[near[same]], weight[same], self.plays.songs)
        return gained

    def contenders(self, rules: dict[str, Floats]) -> NDArray[np.int64]:
        """Songs that a rule puts among its first ``CONTENDERS``."""
        tops = [np.argpartition(-score, min(CONTENDERS, len(score) - 1))[:CONTENDERS] for score in rules.values()]
        songs = np.unique(np.concatenate(tops))
        return songs[self._count[songs] > 0]

    def terms(self, rules: dict[str, Floats], songs: NDArray[np.int64]) -> Floats:
        """Activations of ``songs`` on log scales, shape (songs, 14)."""
        artists = int(self.artist.max()) + 1
        of_artist = [np.bincount(self.artist, self._faded[:, speed], artists) for speed in (0, 2, 3, 5)]
        columns = [
            *(np.log(self._faded[songs, speed] + 0.01) for speed in range(len(HALF_LIVES))),
            np.log1p(self._count[songs]),
            np.log(rules[BASE_LEVEL][songs] + 1e-4),
            np.log(rules[SPREADING][songs] + 0.01),
            np.log((self._now - self._last[songs]) / DAY + 0.05),
            *(np.log(total[self.artist[songs]] + 0.05) for total in of_artist),
        ]
        return np.column_stack(columns)


def fused(*scores: Floats) -> Floats:
    """Reciprocal rank fusion of ``scores``, each of shape (songs,), higher is better; same shape."""
    places = [np.argsort(np.argsort(-score, kind="stable")) for score in scores]
    return np.sum([1 / (FUSION + place) for place in places], axis=0)


def fitted(taught: list[Lesson]) -> Line:
    """The ridge-penalised Poisson regression of ``taught``, terms brought to unit variance."""
    terms = np.concatenate([lesson.terms for lesson in taught])
    heard = np.concatenate([lesson.plays for lesson in taught])
    means, spreads = terms.mean(axis=0), terms.std(axis=0) + 1e-9
    design = np.column_stack([np.ones(len(terms)), (terms - means) / spreads])
    start = np.zeros(design.shape[1])
    start[0] = np.log(heard.mean() + 1e-9)
    penalty = np.diag([0.0] + [SHRINKAGE] * terms.shape[1])
    weights, _ = posterior(design, heard, np.ones(len(heard)), np.zeros(len(start)), penalty, start)
    return Line(float(weights[0]), weights[1:] / spreads, means)


def predict_all(plays: Plays, artist: NDArray[np.int64], start: float) -> Iterator[list[dict[str, object]]]:
    """Gives, for each session from ``start`` (UTC seconds) on with ten distinct songs: one row a ranker, with ``ranker``, ``at``,
    ``ndcg``, ``repeat`` and ``new`` (NDCG for its songs heard before, and never heard; null where there are none).

    No row depends on a play at or after its session's start, but for what it is judged by.
    """
    past = Past(plays, artist)
    whole = [one for one in sessions(plays) if one.begin and len(first_ten(plays, one)) == TEN]
    begin = next((number for number, one in enumerate(whole) if plays.at[one.begin] >= start), len(whole))
    taught: deque[Lesson] = deque(maxlen=LESSONS)
    done = dict.fromkeys(RULES, 0.0)
    line: Line | None = None
    for number in range(max(begin - LESSONS, 0), len(whole)):
        session = whole[number]
        past.until(session)
        rules, wanted = past.rules(), first_ten(plays, session)
        songs = past.contenders(rules)
        terms = past.terms(rules, songs)
        if len(taught) >= FIRST_FIT and (line is None or number % REFIT_EVERY == 0):
            line = fitted(list(taught))
        orders = {name: np.argsort(-score, kind="stable")[:TEN] for name, score in rules.items()}
        best = rules[max(done, key=lambda name: done[name])][songs]
        learned = fused(line.log_plays(terms), best) if line else best
        orders[LEARNED] = songs[np.argsort(-learned, kind="stable")[:TEN]]
        if number >= begin:
            yield _judged(orders, wanted, np.isin(wanted, plays.song[: session.begin]), float(plays.at[session.begin]))
        for name in RULES:
            done[name] += gains(orders[name], wanted)
        taught.append(Lesson(terms, np.isin(songs, wanted).astype(np.float64)))


def _judged(
    orders: dict[str, NDArray[np.int64]], wanted: NDArray[np.int64], known: NDArray[np.bool_], at: float
) -> list[dict[str, object]]:
    return [
        {
            "ranker": name,
            "at": at,
            "ndcg": gains(order, wanted),
            "repeat": gains(order, wanted[known]) if known.any() else None,
            "new": gains(order, wanted[~known]) if not known.all() else None,
            "repeated": float(known.mean()),
        }
        for name, order in orders.items()
    ]


def summary(rows: pl.DataFrame) -> pl.DataFrame:
    """One row a ranker of ``predict_all``: mean figures, the best first, and the lead of the learned ranker over it with a
    95 % interval (``lead``, ``low``, ``high``), paired by session."""
    learned = rows.filter(ranker=LEARNED).select("at", learned="ndcg")
    leads = rows.join(learned, on="at", maintain_order="left").with_columns(ahead=pl.col("learned") - pl.col("ndcg"))
    error = pl.col("ahead").std() / pl.len().sqrt()
    return (
        leads.group_by("ranker")
        .agg(
            pl.mean("ndcg", "repeat", "new", "repeated"),
            pl.len().alias("sessions"),
            lead=pl.mean("ahead"),
            low=pl.mean("ahead") - 1.96 * error,
            high=pl.mean("ahead") + 1.96 * error,
        )
        .sort("ndcg", descending=True)
    )
