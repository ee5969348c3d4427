"""Championship: which ranker is in office, decided on the listener's own last months.

A model forecasts each past week as it would have then, fitted to the weeks before alone, and so does the recency baseline.
Each carries a list of its own from week to week under the rules of the mix. A model ranks only while its lists held more
of what was played than those of the ranker it wants to follow: the baseline first, then the simpler model. On trial are the
regression, its geometric mean with the baseline, and trees on top of the regression where they are asked for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from spotify_ai_pipeline.durations import DAY, WEEK
from spotify_ai_pipeline.music.mix import RESURFACED_WORTH, loyalty, select
from spotify_ai_pipeline.music.plays.play_counts import Floats, Plays
from spotify_ai_pipeline.music.taste import taste_model
from spotify_ai_pipeline.music.taste.activation import Memory
from spotify_ai_pipeline.music.taste.boosting import boosted
from spotify_ai_pipeline.music.taste.ranking import EXPLORATION, rank
from spotify_ai_pipeline.music.taste.song_statistics import statistics
from spotify_ai_pipeline.music.taste.taste_model import CUTS, Lesson, Moment, TasteModel
from spotify_ai_pipeline.settings import Settings

RECENCY, POISSON, COMBINED, LIGHTGBM = "recency", "poisson", "combined", "lightgbm"

TRIAL_WEEKS = 26
"""Weeks, the latest, on which the two are compared."""

WALK_WEEKS = 156
"""Weeks of the past that are walked through before the first decision."""

ENOUGH_LESSONS, ENOUGH_WEEKS, ENOUGH_PLAYS = 8, 8, 20
"""Below these a model is not fitted, not put in office, a week not scored: too little to tell."""


@dataclass(frozen=True)
class Week:
    """What each ranker's list held of the plays of the week after ``cut`` (UTC seconds): their share, plays of songs
    brought back counted ``RESURFACED_WORTH`` times, as the mix counts them."""

    cut: float
    plays: int
    held: Mapping[str, float]


@dataclass(frozen=True)
class _List:
    songs: list[int]
    brought_back: list[int]


@dataclass(frozen=True)
class _Stand:
    """What was known at a cut, forecast and listed, until its week is over."""

    at: Moment
    forecasts: dict[str, pl.Series]
    lists: dict[str, _List]


@dataclass
class Championship:
    """Walks through a history in weekly cuts, teaching, fitting and comparing; never looks past the cut it stands at."""

    plays: Plays
    artist: NDArray[np.int64]
    """The number of each song's artist, shape (songs,)."""
    settings: Settings
    models: dict[str, TasteModel] = field(default_factory=dict[str, TasteModel])
    """The models fitted last, in the order in which they must prove themselves: the simplest first."""
    weeks: list[Week] = field(default_factory=list[Week])
    _fitted: float = -np.inf
    _trials_from: float = -np.inf
    memory: Memory = field(init=False)
    """What all plays before the last cut left behind."""
    _lessons: deque[tuple[Lesson, Lesson]] = field(default_factory=lambda: deque(maxlen=CUTS))
    _open: deque[_Stand] = field(default_factory=deque[_Stand])
    _lists: dict[str, _List] = field(default_factory=dict[str, _List])

    def __post_init__(self) -> None:
        self.memory = Memory.empty(self.plays.songs)

    def prepare(self, now: float) -> None:
        """Walks the weekly cuts before ``now`` that lessons and comparison need."""
        first = float(self.plays.at[0]) if len(self.plays.at) else now
        weeks = min(WALK_WEEKS, int((now - first) / WEEK))
        self._trials_from = now - (TRIAL_WEEKS + 1) * WEEK
        for back in range(weeks, 0, -1):
            self.stand_at(now - back * WEEK)

    def stand_at(self, now: float) -> Moment:
        """The moment ``now``, after learning from every week that is over by then. Cuts must be visited in order of time."""
        past = self.plays.before(now)
        self.memory = self.memory.until(now, past)
        at = taste_model.moment(self.memory, past, self.artist, self.settings.cycling, self.settings.scoring)
        while self._open and self._open[0].at.now + WEEK <= now:
            self._learn(self._open.popleft())
        retrain = self.settings.taste_model.retrain_interval_days * DAY
        if len(self._lessons) >= ENOUGH_LESSONS and now - self._fitted >= retrain:
            self._fit(now)
        stats = statistics(past, self.memory, self.settings.cycling, self.settings.scoring)
        forecasts = {RECENCY: stats["expected"]} | {
            name: whole(at.song, model.expected(at), self.plays.songs) for name, model in self.models.items()
        }
        for ranker, forecast in forecasts.items():
            before = self._lists[ranker].songs if ranker in self._lists else []
            self._lists[ranker] = self._next_list(stats.with_columns(forecast), before)
        self._open.append(_Stand(at, forecasts, dict(self._lists)))
        return at

    def expected(self) -> pl.Series:
        """Plays of each song in the week after the last cut, by the ranker in office; null for songs never played."""
        return self._open[-1].forecasts[self.champion]

    @property
    def model(self) -> TasteModel | None:
        """The model in office; where the baseline is, the one that stands next."""
        return self.models.get(self.champion) or self.models.get(POISSON)

    @property
    def champion(self) -> str:
        """Who is in office at the end of the ``matches``."""
        return next((challenger for challenger, _, won in reversed(self.matches) if won), RECENCY)

    @property
    def matches(self) -> list[tuple[str, str, bool]]:
        """(challenger, the ranker it would follow, whether it does) for each model, the simplest first.

        A model follows while it leads in the mean over the trial. A lead needs no proof beyond that: week by week two rankers
        differ by more than models do, and waiting for two standard errors would keep the better one out for years.
        """
        office, matches = RECENCY, list[tuple[str, str, bool]]()
        for challenger in self.models:
            tried = len(self.trial(challenger, office)) >= ENOUGH_WEEKS
            won = tried and self.lead(challenger, office)[0] > 0
            matches.append((challenger, office, won))
            office = challenger if won else office
        return matches

    def trial(self, challenger: str, office: str = RECENCY) -> list[Week]:
        """The latest weeks on which both had a list."""
        return [week for week in self.weeks if challenger in week.held and office in week.held][-TRIAL_WEEKS:]

    def lead(self, challenger: str, office: str = RECENCY) -> tuple[float, float]:
        """How much more of a week's plays the challenger's list held over the trial, and the standard error of that."""
        leads = np.array([week.held[challenger] - week.held[office] for week in self.trial(challenger, office)])
        return float(leads.mean()), float(leads.std(ddof=1) / np.sqrt(len(leads)))

    def _fit(self, now: float) -> None:
        self._fitted = now
        model = taste_model.fit(self._lessons)
        self.models |= {POISSON: model, COMBINED: taste_model.combined(model, self._lessons)}
        if self.settings.taste_model.model_type == LIGHTGBM and now >= self._trials_from:
            self.models[LIGHTGBM] = boosted(model, list(self._lessons))

    def _learn(self, stand: _Stand) -> None:
        week = self.plays.since(stand.at.now).before(stand.at.now + WEEK)
        self._lessons.append(taste_model.lessons(stand.at, self.plays))
        if len(week.song) >= ENOUGH_PLAYS:
            held = {ranker: worth(week, listed.songs, listed.brought_back) for ranker, listed in stand.lists.items()}
            self.weeks.append(Week(stand.at.now, len(week.song), held))

    def _next_list(self, stats: pl.DataFrame, current: list[int]) -> _List:
        """The list that follows ``current`` under the rules of the mix, as numbers of songs."""
        songs = stats.with_columns(song_id=pl.int_range(pl.len()), mood_match=pl.lit(None, pl.Float64))
        ranked = rank(
            songs.filter(pl.col("plays") > 0), self.settings.cycling, self.settings.scoring, np.random.default_rng(0)
        )
        chosen = select(ranked, current, self.settings.playlist, loyalty=loyalty(self.settings.cycling))
        return _List(chosen["song_id"].to_list(), chosen.filter(slot=EXPLORATION)["song_id"].to_list())


def worth(week: Plays, songs: list[int], brought_back: list[int]) -> float:
    """The share of a week's plays that a list of ``songs`` held, those ``brought_back`` counted ``RESURFACED_WORTH`` times."""
    held = np.isin(week.song, songs) + (RESURFACED_WORTH - 1) * np.isin(week.song, brought_back)
    return float(held.mean())


def whole(song: NDArray[np.int64], forecast: Floats, songs: int) -> pl.Series:
    """``forecast`` for the songs numbered ``song`` as a column ``expected`` of ``songs`` rows, null elsewhere."""
    found = np.full(songs, np.nan)
    found[song] = forecast
    return pl.Series("expected", found).fill_nan(None)
