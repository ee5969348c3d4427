"""The forecast as it rolls forward in time: weekly lessons, the model that they make, and what it expects at each moment."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from spotify_ai_pipeline.durations import DAY, WEEK
from spotify_ai_pipeline.music.plays.play_counts import Floats, Plays
from spotify_ai_pipeline.music.taste import taste_model
from spotify_ai_pipeline.music.taste.activation import Memory, near
from spotify_ai_pipeline.music.taste.population import Population
from spotify_ai_pipeline.music.taste.taste_model import CUTS, Habit, Lesson, Line, Moment, TasteModel
from spotify_ai_pipeline.music.taste.unheard import calibrated

HELD_BACK = 8
"""The latest cuts, on which the card says how well each forecast did."""


@dataclass
class RollingForecast:
    """Walks through a history, and never looks past the moment it stands at.

    ``artist`` numbers the artist of each song, shape (songs,); a song is dormant after ``dormant_days``; the model is fitted
    anew every ``retrain_days``.
    """

    plays: Plays
    artist: NDArray[np.int64]
    population: Population
    dormant_days: float
    retrain_days: float
    added: Floats | None = None
    """When each song came into the library (UTC seconds), shape (songs,); NaN for songs that are not in it."""
    model: TasteModel = field(init=False)
    memory: Memory = field(init=False)
    """What all plays before the last moment left behind."""
    at: Moment = field(init=False)
    _cuts: deque[Moment] = field(init=False)
    _fitted: float = -np.inf
    _first: Memory | None = None
    """The memory at the first moment of all: walking there from nothing takes as long as all the weeks since."""
    _company: NDArray[np.int32] = field(init=False)

    def __post_init__(self) -> None:
        self.memory = Memory.empty(self.plays.songs)
        self._company = near(self.plays)
        self.model = self.population.model
        self._cuts = deque(maxlen=CUTS + self.population.dormant.horizon)

    def prepare(self, now: float) -> None:
        """Walks the weekly cuts before ``now`` that lessons need."""
        first = float(self.plays.at[0]) if len(self.plays.at) else now
        for back in range(min(self._cuts.maxlen or 0, int((now - first) / WEEK)), 0, -1):
            self._stand_at(now - back * WEEK, taste_model.strongest)

    def stand_at(self, now: float) -> pl.Series:
        """Plays a week that each song is expected to get after ``now``; null for songs never played. Moments must be visited
        in order of time."""
        self._stand_at(now)
        if now - self._fitted >= self.retrain_days * DAY:
            self._fitted, self.model = now, self.fit()
        expected = np.full(self.plays.songs, np.nan)
        expected[self.at.song] = self.model.expected(self.at)
        return pl.Series("expected", expected).fill_nan(None)

    def fit(self) -> TasteModel:
        """The model that the weeks up to now make."""
        return TasteModel(
            *(Line.from_habit(habit, habit.fit(self.lessons(habit)[-CUTS:])) for habit in self.population.habits)
        )

    def lessons(self, habit: Habit) -> list[Lesson]:
        """Gives what the cuts whose horizon is over teach ``habit``, oldest first."""
        dormant = habit is self.population.dormant
        over = [cut for cut in self._cuts if cut.now + habit.horizon * WEEK <= self.memory.now]
        taught = [habit.lesson(cut, cut.dormant == dormant, self.plays) for cut in over]
        return [lesson for lesson in taught if len(lesson.plays)]

    def held_back(self, habit: Habit, taught: Sequence[Lesson]) -> dict[str, float]:
        """Mean Poisson deviance on the latest cuts of ``taught`` of what other listeners taught and of what the own weeks before
        made of it, for the card; empty where there are too few."""
        if len(taught) < 2 * HELD_BACK:
            return {}
        earlier, latest = taught[:-HELD_BACK][-CUTS:], taught[-HELD_BACK:]
        return {
            "others": deviance(Line.from_habit(habit, habit.mean), latest),
            "own": deviance(Line.from_habit(habit, habit.fit(earlier)), latest),
        }

    @property
    def unheard_factor(self) -> float:
        """Plays that songs of the library got which were never heard before, as a multiple of those expected."""
        expected = heard = 0.0
        memory, horizon = self._first or Memory.empty(self.plays.songs), self.population.dormant.horizon
        for cut in list(self._cuts)[::horizon] if self.added is not None else ():
            if cut.now + horizon * WEEK > self.memory.now:
                break
            memory = memory.until(cut.now, self.plays)
            at = taste_model.moment(
                memory,
                self.plays.before(cut.now),
                self.artist,
                self.dormant_days,
                self.added,
                self._company,
                taste_model.never_played(memory),
            )
            after = self.plays.since(cut.now).before(cut.now + horizon * WEEK).count()[at.song]
            heard += float(after.sum())
            expected += horizon * float(self.population.model.expected(at).sum())
        return calibrated(expected, heard)

    def _stand_at(self, now: float, pick: taste_model.Pick | None = None) -> None:
        self.memory = self.memory.until(now, self.plays)
        self._first = self._first or self.memory
        self.at = taste_model.moment(
            self.memory, self.plays.before(now), self.artist, self.dormant_days, None, self._company, pick
        )
        if not self._cuts or now - self._cuts[-1].now >= WEEK:
            self._cuts.append(self.at.contenders())


def deviance(line: Line, taught: Sequence[Lesson]) -> float:
    """Mean Poisson deviance of ``line`` over all rows of ``taught`` (McCullagh & Nelder, 1989): lower is better, 0 is right."""
    heard = np.concatenate([lesson.plays for lesson in taught])
    return deviance_of(heard, np.concatenate([line.log_plays(lesson.terms) for lesson in taught]))


def deviance_of(heard: Floats, log_plays: Floats) -> float:
    """Mean Poisson deviance of the forecasts ``log_plays`` of the counts ``heard``, both of shape (rows,)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        exact = np.where(heard > 0, heard * np.log(heard), 0.0)
    return float(2 * (exact - heard * log_plays - heard + np.exp(log_plays)).mean())
