"""Championship: which ranker is in office, decided on the listener's own last months.

The taste model forecasts each past week as it would have then, fitted to the weeks before alone, and so does the recency
baseline. Each forecast makes an ideal list; the share of the week's plays that it holds is its score. The challenger takes
office only where it scored better.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from spotify_ai_pipeline.music import taste_model
from spotify_ai_pipeline.music.activation import Memory
from spotify_ai_pipeline.music.listening import DAY, WEEK, Floats, Plays, statistics
from spotify_ai_pipeline.music.taste_model import CUTS, Lesson, Moment, TasteModel
from spotify_ai_pipeline.settings import Settings

RECENCY, LEARNED = "recency", "taste model"

TRIAL_WEEKS = 26
"""Weeks, the latest, on which the two are compared."""

ENOUGH_LESSONS, ENOUGH_WEEKS, ENOUGH_PLAYS = 8, 8, 20
"""Below these a model is not fitted, not put in office, a week not scored: too little to tell."""


@dataclass(frozen=True)
class Week:
    """What share of the plays of the week after ``cut`` (UTC seconds) each ranker's ideal list held."""

    cut: float
    recency: float
    learned: float


@dataclass
class Championship:
    """Walks through a history in weekly cuts, teaching, fitting and comparing; never looks past the cut it stands at."""

    plays: Plays
    artist: NDArray[np.int64]
    """The number of each song's artist, shape (songs,)."""
    settings: Settings
    model: TasteModel | None = None
    weeks: list[Week] = field(default_factory=list[Week])
    _fitted: float = -np.inf
    _memory: Memory = field(init=False)
    _lessons: deque[tuple[Lesson, Lesson]] = field(default_factory=lambda: deque(maxlen=CUTS))
    _open: deque[tuple[Moment, Floats, Floats | None]] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self._memory = Memory.empty(self.plays.songs)

    def prepare(self, now: float) -> None:
        """Walks the weekly cuts before ``now`` that lessons and comparison need."""
        first = float(self.plays.at[0]) if len(self.plays.at) else now
        weeks = min(CUTS + TRIAL_WEEKS, int((now - first) / WEEK))
        for back in range(weeks, 0, -1):
            self.stand_at(now - back * WEEK)

    def stand_at(self, now: float) -> Moment:
        """The moment ``now``, after learning from every week that is over by then. Cuts must be visited in order of time."""
        self._memory = self._memory.until(now, self.plays)
        at = taste_model.moment(self._memory, self.plays, self.artist, self.settings.cycling.cooldown_days)
        while self._open and self._open[0][0].now + WEEK <= now:
            self._learn(*self._open.popleft())
        retrain = self.settings.taste_model.retrain_interval_days * DAY
        if len(self._lessons) >= ENOUGH_LESSONS and now - self._fitted >= retrain:
            self.model, self._fitted = taste_model.fit(self._lessons), now
        baseline = self._baseline(now)[at.song]
        self._open.append((at, baseline, self.model.expected(at) if self.model else None))
        return at

    def expected(self) -> pl.Series:
        """Plays of each song in the week after the last cut, by the ranker in office; null for songs never played."""
        at, baseline, learned = self._open[-1]
        forecast = np.full(self.plays.songs, np.nan)
        forecast[at.song] = baseline if self.champion == RECENCY or learned is None else learned
        return pl.Series("expected", forecast).fill_nan(None)

    @property
    def trial(self) -> list[Week]:
        """The weeks compared."""
        return self.weeks[-TRIAL_WEEKS:]

    @property
    def champion(self) -> str:
        """Who is in office."""
        if len(self.trial) < ENOUGH_WEEKS:
            return RECENCY
        lead = np.mean([week.learned - week.recency for week in self.trial])
        return LEARNED if lead > 0 else RECENCY

    def _baseline(self, now: float) -> Floats:
        stats = statistics(self.plays, now, self.settings.cycling, self.settings.scoring)
        return stats["expected"].fill_null(np.nan).to_numpy()

    def _learn(self, then: Moment, baseline: Floats, learned: Floats | None) -> None:
        self._lessons.append(taste_model.lessons(then, self.plays))
        week = self.plays.since(then.now).before(then.now + WEEK)
        if learned is None or len(week.song) < ENOUGH_PLAYS:
            return
        scores = (self._held(then, forecast, week) for forecast in (baseline, learned))
        self.weeks.append(Week(then.now, *scores))

    def _held(self, then: Moment, forecast: Floats, week: Plays) -> float:
        """The share of ``week``'s plays on the ideal list of ``forecast``, uncapped."""
        playlist = self.settings.playlist
        brought_back = round(playlist.target_size * playlist.exploration_fraction)
        listed = np.zeros(self.plays.songs, bool)
        for rows, places in _slots(then, brought_back, playlist.target_size):
            best = rows[np.argsort(-np.nan_to_num(forecast[rows]), kind="stable")[:places]]
            listed[then.song[best]] = True
        return float(listed[week.song].mean())


def _slots(then: Moment, brought_back: int, size: int) -> Iterator[tuple[NDArray[np.intp], int]]:
    dormant, rotation = np.flatnonzero(then.dormant), np.flatnonzero(~then.dormant)
    brought_back = min(brought_back, len(dormant))
    yield rotation, size - brought_back
    yield dormant, brought_back
