"""Championship: which ranker is in office, decided on the listener's own last months.

The taste model forecasts each past week as it would have then, fitted to the weeks before alone, and so does the recency
baseline. Each carries a list of its own from week to week under the rules of the mix; the share of the week's plays that
it holds is its score. The model leaves office where it is clearly behind.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from spotify_ai_pipeline.music import taste_model
from spotify_ai_pipeline.music.activation import Memory
from spotify_ai_pipeline.music.listening import DAY, WEEK, Floats, Plays
from spotify_ai_pipeline.music.mix import loyalty, select
from spotify_ai_pipeline.music.ranking import rank
from spotify_ai_pipeline.music.standing import statistics
from spotify_ai_pipeline.music.taste_model import CUTS, Lesson, Moment, TasteModel
from spotify_ai_pipeline.settings import Settings

RECENCY, LEARNED = "recency", "taste model"

TRIAL_WEEKS = 26
"""Weeks, the latest, on which the two are compared."""

DOUBT = 2.0
"""Standard errors by which the model must be behind to lose office."""

WALK_WEEKS = 156
"""Weeks of the past that are walked through before the first decision."""

ENOUGH_LESSONS, ENOUGH_WEEKS, ENOUGH_PLAYS = 8, 8, 20
"""Below these a model is not fitted, not put in office, a week not scored: too little to tell."""


@dataclass(frozen=True)
class Week:
    """What share of the plays of the week after ``cut`` (UTC seconds) each ranker's list held."""

    cut: float
    plays: int
    recency: float
    learned: float


@dataclass(frozen=True)
class _Stand:
    """What was known at a cut, forecast and listed, until its week is over."""

    at: Moment
    forecasts: dict[str, pl.Series]
    lists: dict[str, list[int]]


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
    memory: Memory = field(init=False)
    """What all plays before the last cut left behind."""
    _lessons: deque[tuple[Lesson, Lesson]] = field(default_factory=lambda: deque(maxlen=CUTS))
    _open: deque[_Stand] = field(default_factory=deque[_Stand])
    _lists: dict[str, list[int]] = field(default_factory=lambda: {RECENCY: [], LEARNED: []})

    def __post_init__(self) -> None:
        self.memory = Memory.empty(self.plays.songs)

    def prepare(self, now: float) -> None:
        """Walks the weekly cuts before ``now`` that lessons and comparison need."""
        first = float(self.plays.at[0]) if len(self.plays.at) else now
        weeks = min(WALK_WEEKS, int((now - first) / WEEK))
        for back in range(weeks, 0, -1):
            self.stand_at(now - back * WEEK)

    def stand_at(self, now: float) -> Moment:
        """The moment ``now``, after learning from every week that is over by then. Cuts must be visited in order of time."""
        past = self.plays.before(now)
        self.memory = self.memory.until(now, past)
        at = taste_model.moment(self.memory, past, self.artist, self.settings.cycling.cooldown_days)
        while self._open and self._open[0].at.now + WEEK <= now:
            self._learn(self._open.popleft())
        retrain = self.settings.taste_model.retrain_interval_days * DAY
        if len(self._lessons) >= ENOUGH_LESSONS and now - self._fitted >= retrain:
            self.model, self._fitted = taste_model.fit(self._lessons), now
        stats = statistics(past, self.memory, self.settings.cycling, self.settings.scoring)
        forecasts = {RECENCY: stats["expected"]}
        if self.model:
            forecasts[LEARNED] = whole(at.song, self.model.expected(at), self.plays.songs)
        for ranker, forecast in forecasts.items():
            self._lists[ranker] = self._next_list(stats.with_columns(forecast), self._lists[ranker])
        self._open.append(_Stand(at, forecasts, dict(self._lists)))
        return at

    def expected(self) -> pl.Series:
        """Plays of each song in the week after the last cut, by the ranker in office; null for songs never played."""
        return self._open[-1].forecasts[self.champion]

    @property
    def trial(self) -> list[Week]:
        """The weeks compared."""
        return self.weeks[-TRIAL_WEEKS:]

    @property
    def champion(self) -> str:
        """Who is in office: the taste model, once it was tried, unless it is clearly behind.

        Behind by more than ``DOUBT`` standard errors on the trial. Week by week the two differ by more than models do, and the
        model shrinks towards recency: a rule that waited for proof would hand the list to and fro on luck.
        """
        if len(self.trial) < ENOUGH_WEEKS:
            return RECENCY
        lead, error = self.lead
        return LEARNED if lead > -DOUBT * error else RECENCY

    @property
    def lead(self) -> tuple[float, float]:
        """How much more of a week's plays the taste model's list held over the trial, and the standard error of that."""
        leads = np.array([week.learned - week.recency for week in self.trial])
        return float(leads.mean()), float(leads.std(ddof=1) / np.sqrt(len(leads)))

    def _learn(self, stand: _Stand) -> None:
        week = self.plays.since(stand.at.now).before(stand.at.now + WEEK)
        self._lessons.append(taste_model.lessons(stand.at, self.plays))
        if LEARNED in stand.forecasts and len(week.song) >= ENOUGH_PLAYS:
            held = {ranker: float(np.isin(week.song, listed).mean()) for ranker, listed in stand.lists.items()}
            self.weeks.append(Week(stand.at.now, len(week.song), held[RECENCY], held[LEARNED]))

    def _next_list(self, stats: pl.DataFrame, current: list[int]) -> list[int]:
        """The list that follows ``current`` under the rules of the mix, as numbers of songs."""
        songs = stats.with_columns(song_id=pl.int_range(pl.len()), mood_match=pl.lit(None, pl.Float64))
        ranked = rank(
            songs.filter(pl.col("plays") > 0), self.settings.cycling, self.settings.scoring, np.random.default_rng(0)
        )
        chosen = select(ranked, current, self.settings.playlist, loyalty=loyalty(self.settings.cycling))
        return chosen["song_id"].to_list()


def whole(song: NDArray[np.int64], forecast: Floats, songs: int) -> pl.Series:
    """``forecast`` for the songs numbered ``song`` as a column ``expected`` of ``songs`` rows, null elsewhere."""
    found = np.full(songs, np.nan)
    found[song] = forecast
    return pl.Series("expected", found).fill_nan(None)
