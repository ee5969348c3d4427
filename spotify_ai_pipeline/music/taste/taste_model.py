"""The taste model: how many plays each known song will get in the coming week.

A Poisson regression on activations, fitted to the listener's own past: at each of the last weekly cuts, what was known
then, and what was played in the seven days after. Two of them, as two habits: one for songs in rotation, one for songs
quiet for longer than the cool-down. It is linear on a log scale, so that every forecast is a product of parts that can be
named, it needs NumPy alone, and it shrinks towards "no effect" where a listener has shown little. Its geometric mean with the
recency baseline (``combined``) is linear on the same scale; trees grown on top of it (``boosting``) may add what the line misses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from spotify_ai_pipeline.durations import DAY, WEEK
from spotify_ai_pipeline.music.plays.play_counts import Floats, Plays
from spotify_ai_pipeline.music.taste.activation import HALF_LIVES, Memory, near, spread
from spotify_ai_pipeline.music.taste.recency_baseline import baseline
from spotify_ai_pipeline.music.taste.trees import NODE, Trees
from spotify_ai_pipeline.settings import Cycling, Scoring

DECAY = 0.86
"""Of the power law of relistening, as published for Last.fm listeners."""

CUTS = 60
"""Weekly cuts that a model learns from: a little over a year, so that each season is in it once."""

CONTENDERS = 600
"""Songs of a habit that a cut teaches with, the strongest of it: the list is made at the head, not in the tail."""

FADING_CUTS = 26.0
"""Weekly cuts after which a lesson counts half: habits change within the year."""

SHRINKAGE = 10.0
_MOST_STEPS = 15

LOG_RANGE = (-12.0, 6.0)
"""Of the log of a forecast: beyond it lies nothing that a listener does in a week."""

OWN, ARTIST, COMPANY, AGE, TOGETHER = "by_plays", "by_artist", "by_company", "by_age", "by_together"
PARTS = (OWN, ARTIST, COMPANY, AGE, TOGETHER)
"""The parts of a forecast: the song's own past, its artist's, the songs heard beside it, how long known and quiet, and what
trees add for terms that count together (1 without trees)."""

_SONG_SPEEDS, _ARTIST_SPEEDS = (0, 1, 2, 3), (1, 2, 3)
TERMS = (
    *((f"plays, half-life {HALF_LIVES[speed]:g} d", OWN) for speed in _SONG_SPEEDS),
    ("plays in all", OWN),
    *((f"artist's plays, half-life {HALF_LIVES[speed]:g} d", ARTIST) for speed in _ARTIST_SPEEDS),
    ("artist's plays in all", ARTIST),
    ("days since the first play", AGE),
    ("days since the last play", AGE),
    ("played beside the songs of this week", COMPANY),
    ("base-level activation", OWN),
    ("played beside the songs of this month", COMPANY),
    ("the recency baseline", OWN),
)
"""The columns of ``terms``: name and part."""

ROTATION_TERMS = tuple(range(12))
DORMANT_TERMS = (12, 13, 6)
BASELINE = 14
RISING = frozenset({5, 6, 7, 11, 12, 13, 14})
"""Terms of which more never lowers what trees add: an artist, a company or a song that is more on the listener's mind."""


@dataclass(frozen=True)
class Moment:
    """What is known at ``now`` of the songs played before it: ``song`` numbers of shape (known,), ``terms`` of shape
    (known, len(TERMS)) on log scales, ``dormant`` of shape (known,)."""

    now: float
    song: NDArray[np.int64]
    terms: Floats
    dormant: NDArray[np.bool_]


def artist_numbers(artists: pl.Series) -> NDArray[np.int64]:
    """Numbers that are equal where the names in ``artists`` are, same shape."""
    names = artists.alias("name").to_frame()
    numbers = names.unique(maintain_order=True).with_columns(number=pl.int_range(pl.len()))
    return names.join(numbers, on="name", how="left", maintain_order="left", nulls_equal=True)["number"].to_numpy()


def moment(memory: Memory, plays: Plays, artist: NDArray[np.int64], cycling: Cycling, scoring: Scoring) -> Moment:
    """The terms of every song that ``memory`` knows. ``artist`` numbers the artist of each song, shape (songs,)."""
    song = np.flatnonzero(memory.plays)
    dormant = memory.days_quiet >= cycling.cooldown_days
    with np.errstate(divide="ignore"):
        recency = np.log(baseline(plays, memory, cycling, scoring))
    faded = memory.faded[song]
    artists = int(artist.max(initial=-1)) + 1
    whose = artist[song]
    company = near(plays.before(memory.now))
    of_artist = [np.bincount(whose, faded[:, speed], artists)[whose] for speed in _ARTIST_SPEEDS]
    plays_of_artist = np.bincount(whose, memory.plays[song], artists)[whose]
    columns = [
        *(np.log(faded[:, speed] + 0.02) for speed in _SONG_SPEEDS),
        np.log1p(memory.plays[song]),
        *(np.log(total + 0.05) for total in of_artist),
        np.log1p(plays_of_artist),
        np.log1p((memory.now - memory.first[song]) / DAY),
        np.log(memory.days_quiet[song] + 0.25),
        np.log(spread(plays, company, memory.now, 5)[song] + 0.01),
        np.log(memory.power_law(DECAY)[song] + 1e-4),
        np.log(spread(plays, company, memory.now, 20)[song] + 0.01),
        np.maximum(recency[song], LOG_RANGE[0]),
    ]
    return Moment(memory.now, song, np.column_stack(columns), dormant[song])


@dataclass(frozen=True)
class Lesson:
    """What one cut teaches one habit: all ``terms`` of its contenders, and their ``plays`` in the week after."""

    terms: Floats
    plays: NDArray[np.int64]


def lessons(then: Moment, plays: Plays) -> tuple[Lesson, Lesson]:
    """What the week after ``then`` teaches the habits of rotation and of return; ``plays`` must hold that whole week."""
    week = plays.since(then.now).before(then.now + WEEK)
    heard = week.count()[then.song]
    strength = then.terms[:, 12]

    def of(rows: NDArray[np.intp]) -> Lesson:
        if len(rows) > CONTENDERS:
            rows = rows[np.argpartition(-strength[rows], CONTENDERS)[:CONTENDERS]]
        return Lesson(then.terms[rows], heard[rows])

    return of(np.flatnonzero(~then.dormant)), of(np.flatnonzero(then.dormant))


@dataclass(frozen=True)
class Habit:
    """log(expected plays) = ``base`` + ``weights`` . (terms[``chosen``] - ``means``) + what the ``trees`` add."""

    chosen: tuple[int, ...]
    base: float
    weights: Floats
    means: Floats
    trees: Trees | None = None

    def line(self, terms: Floats) -> Floats:
        """The forecast of the regression alone, on the log scale. ``terms`` are the chosen ones, shape (songs, chosen)."""
        return np.clip(self.base + (terms - self.means) @ self.weights, *LOG_RANGE)

    def seen_by_trees(self, terms: Floats) -> Floats:
        """The features of the trees: the chosen ``terms`` and the line, shape (songs, chosen + 1)."""
        return np.column_stack([terms, self.line(terms)])

    def log_plays(self, terms: Floats) -> Floats:
        """``terms`` are all of ``TERMS``, shape (songs, terms)."""
        chosen = terms[:, self.chosen]
        return self.line(chosen) + self.added(chosen)

    def added(self, terms: Floats) -> Floats:
        """What the trees add to the line for the chosen ``terms``, shape (songs,)."""
        return np.zeros(len(terms)) if self.trees is None else self.trees.sum(self.seen_by_trees(terms))

    def effects(self, terms: Floats) -> Floats:
        """What each of ``TERMS`` adds to the line, against an average contender, same shape."""
        each = np.zeros_like(terms)
        each[:, self.chosen] = (terms[:, self.chosen] - self.means) * self.weights
        return each


def fading(taught: Sequence[Lesson], half_life: float = FADING_CUTS) -> Floats:
    """The weight of each row of ``taught``, oldest first: a lesson ``half_life`` lessons ago counts half."""
    ages = np.arange(len(taught))[::-1]
    return np.repeat(np.exp2(-ages / half_life), [len(lesson.plays) for lesson in taught])


def fit_habit(chosen: tuple[int, ...], taught: Sequence[Lesson], half_life: float = FADING_CUTS) -> Habit | None:
    """Ridge-penalised Poisson regression of plays on the ``chosen`` terms by Newton's method, fitted to ``taught``, oldest
    first; None where nothing was played.

    McCullagh & Nelder (1989), "Generalized linear models". Terms are brought to unit variance for the penalty.
    """
    heard = np.concatenate([np.zeros(0), *(lesson.plays for lesson in taught)])
    if not heard.any():
        return None
    terms = np.concatenate([lesson.terms[:, chosen] for lesson in taught])
    weight = fading(taught, half_life)
    means, spreads = terms.mean(axis=0), terms.std(axis=0) + 1e-9
    design = np.column_stack([np.ones(len(terms)), (terms - means) / spreads])
    penalty = np.diag([0.0] + [SHRINKAGE] * len(chosen))
    weights = np.zeros(design.shape[1])
    weights[0] = np.log(heard.mean())
    for _ in range(_MOST_STEPS):
        expected = np.exp(np.clip(design @ weights, *LOG_RANGE))
        slope = design.T @ ((heard - expected) * weight) - penalty @ weights
        curvature = (design * (expected * weight)[:, None]).T @ design + penalty
        step = np.linalg.solve(curvature, slope)
        weights += step * min(1.0, 2 / np.abs(step).max(initial=1e-9))
        if np.abs(step).max() < 1e-3:
            break
    return Habit(chosen, float(weights[0]), weights[1:] / spreads, means)


@dataclass(frozen=True)
class TasteModel:
    """The two habits; a missing one forecasts nothing."""

    rotation: Habit | None
    dormant: Habit | None

    def expected(self, at: Moment) -> Floats:
        """Plays expected in the week after ``at``, shape (known,); NaN where there is no habit to tell."""
        found = np.full(len(at.song), np.nan)
        for habit, rows in ((self.rotation, ~at.dormant), (self.dormant, at.dormant)):
            if habit is not None:
                found[rows] = np.exp(np.clip(habit.log_plays(at.terms[rows]), *LOG_RANGE))
        return found


def fit(taught: Sequence[tuple[Lesson, Lesson]]) -> TasteModel:
    """The model that the lessons in ``taught``, oldest first, make."""
    return TasteModel(
        fit_habit(ROTATION_TERMS, [rotation for rotation, _ in taught]),
        fit_habit(DORMANT_TERMS, [dormant for _, dormant in taught]),
    )


def combined(model: TasteModel, taught: Sequence[tuple[Lesson, Lesson]]) -> TasteModel:
    """The geometric mean of what ``model``, fitted to ``taught``, and the recency baseline forecast.

    Bates & Granger (1969), "The combination of forecasts": two that err apart err less together.
    """
    rotation, dormant = zip(*taught, strict=True)
    return TasteModel(
        model.rotation and _with_baseline(model.rotation, rotation),
        model.dormant and _with_baseline(model.dormant, dormant),
    )


def _with_baseline(habit: Habit, taught: Sequence[Lesson]) -> Habit:
    usual = float(np.concatenate([lesson.terms[:, BASELINE] for lesson in taught]).mean())
    return Habit(
        (*habit.chosen, BASELINE),
        (habit.base + usual) / 2,
        np.append(habit.weights, 1.0) / 2,
        np.append(habit.means, usual),
    )


TABLE = {
    "habit": pl.String(),
    "term": pl.String(),
    "part": pl.String(),
    "weight": pl.Float64(),
    "mean": pl.Float64(),
    "base": pl.Float64(),
    "trees": pl.List(pl.Struct(NODE)),
}
"""A model as a table: one row a term of a habit; its trees stand on its first row."""

_ROTATION, _DORMANT = "rotation", "dormant"


def to_table(model: TasteModel) -> pl.DataFrame:
    """``model`` as the table ``TABLE``."""
    rows: list[tuple[Any, ...]] = []
    for name, habit in ((_ROTATION, model.rotation), (_DORMANT, model.dormant)):
        if habit is None:
            continue
        trees = habit.trees.to_rows() if habit.trees else None
        for term, weight, mean in zip(habit.chosen, habit.weights.tolist(), habit.means.tolist(), strict=True):
            rows.append((name, *TERMS[term], weight, mean, habit.base, trees))
            trees = None
    return pl.DataFrame(rows, schema=TABLE, orient="row")


def of_table(table: pl.DataFrame) -> TasteModel:
    """The model that ``to_table`` wrote. Raises ``ValueError`` where it names a term that is not known."""
    names = [name for name, _ in TERMS]

    def habit(name: str) -> Habit | None:
        rows = table.filter(habit=name)
        if not rows.height:
            return None
        chosen = tuple(names.index(term) for term in rows["term"])
        grown = rows["trees"].to_list()[0]
        trees = Trees.of_rows(grown) if grown else None
        return Habit(chosen, rows["base"][0], rows["weight"].to_numpy(), rows["mean"].to_numpy(), trees)

    return TasteModel(habit(_ROTATION), habit(_DORMANT))


def forecast(model: TasteModel, at: Moment, songs: int) -> pl.DataFrame:
    """``expected`` plays of each of ``songs`` in the coming week, and what each part multiplies them by against an average
    contender (columns named after the parts); null for songs never played."""
    effects = {part: np.full(songs, np.nan) for part in PARTS}
    expected = np.full(songs, np.nan)
    expected[at.song] = model.expected(at)
    for habit, rows in ((model.rotation, ~at.dormant), (model.dormant, at.dormant)):
        if habit is not None:
            each = habit.effects(at.terms[rows])
            effects[TOGETHER][at.song[rows]] = np.exp(habit.added(at.terms[rows][:, habit.chosen]))
            for part in PARTS[:-1]:
                mine = [index for index, (_, owner) in enumerate(TERMS) if owner == part]
                effects[part][at.song[rows]] = np.exp(each[:, mine].sum(axis=1))
    return pl.DataFrame({"expected": expected, **effects}).fill_nan(None)
