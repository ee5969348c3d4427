"""Boosting: trees grown by LightGBM on top of the regression, where they forecast the latest weeks better than it alone.

The regression's forecast is both the score that the trees start from and one of their features; so they hold what it
cannot: steps, and terms that count only together. How many trees are grown is found on the latest weekly cuts after
fitting to the earlier ones; where none helps there, none is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from spotify_ai_pipeline.music.plays.play_counts import Floats
from spotify_ai_pipeline.music.taste.taste_model import RISING, Habit, Lesson, TasteModel, fading, fit_habit
from spotify_ai_pipeline.music.taste.trees import Trees

HELD_BACK = 8
"""The latest cuts, on which the number of trees is found."""

MOST_TREES = 100
PATIENCE = 10
"""Trees that may go by without a better forecast before growing stops."""

PARAMETERS: dict[str, object] = {
    "objective": "poisson",
    "learning_rate": 0.05,
    "num_leaves": 8,
    "min_data_in_leaf": 200,
    "lambda_l2": 10.0,
    "num_threads": 1,
    "deterministic": True,
    "seed": 1,
    "verbosity": -1,
}
"""Small slow trees: a listener's year is few data. One thread: the same lessons make the same trees."""


def boosted(model: TasteModel, taught: Sequence[tuple[Lesson, Lesson]]) -> TasteModel:
    """``model`` with trees on the habits that they help, grown on ``taught``, oldest first. Imports LightGBM."""
    return TasteModel(
        model.rotation and _with_trees(model.rotation, [rotation for rotation, _ in taught]),
        model.dormant and _with_trees(model.dormant, [dormant for _, dormant in taught]),
    )


def _with_trees(habit: Habit, taught: Sequence[Lesson]) -> Habit:
    earlier, latest = taught[:-HELD_BACK], taught[-HELD_BACK:]
    then = fit_habit(habit.chosen, earlier)
    if then is None or not any(lesson.plays.any() for lesson in latest):
        return habit
    trees = _best_number(then, earlier, latest)
    return replace(habit, trees=_grow(habit, taught, trees)) if trees else habit


def _best_number(habit: Habit, earlier: Sequence[Lesson], latest: Sequence[Lesson]) -> int:
    """Trees, grown on ``earlier``, that forecast ``latest`` best; 0 where the regression alone does."""
    import lightgbm

    terms, heard, _ = _stacked(habit, latest)
    start = habit.line(terms)
    train = _dataset(habit, earlier)
    held = lightgbm.Dataset(habit.seen_by_trees(terms), heard, init_score=start, reference=train)
    grown = lightgbm.train(  # pyright: ignore[reportUnknownMemberType]
        PARAMETERS | {"monotone_constraints": _monotone(habit)},
        train,
        MOST_TREES,
        valid_sets=[held],
        callbacks=[lightgbm.early_stopping(PATIENCE, verbose=False)],
    )
    gained = np.asarray(
        grown.predict(habit.seen_by_trees(terms), raw_score=True, num_iteration=grown.best_iteration), np.float64
    )
    return grown.best_iteration if _loss(heard, start + gained) < _loss(heard, start) else 0


def _grow(habit: Habit, taught: Sequence[Lesson], trees: int) -> Trees:
    import lightgbm

    parameters = PARAMETERS | {"monotone_constraints": _monotone(habit)}
    grown = lightgbm.train(parameters, _dataset(habit, taught), trees)  # pyright: ignore[reportUnknownMemberType]
    return Trees.of_lightgbm(grown.dump_model()["tree_info"])


def _dataset(habit: Habit, taught: Sequence[Lesson]):  # pyright: ignore[reportUnknownParameterType]
    import lightgbm

    terms, heard, weight = _stacked(habit, taught)
    return lightgbm.Dataset(habit.seen_by_trees(terms), heard, weight=weight, init_score=habit.line(terms))


def _stacked(habit: Habit, taught: Sequence[Lesson]) -> tuple[Floats, NDArray[np.float64], Floats]:
    """(terms of the habit, plays, weights) of all rows of ``taught``."""
    heard = np.concatenate([lesson.plays for lesson in taught]).astype(np.float64)
    return np.concatenate([lesson.terms[:, habit.chosen] for lesson in taught]), heard, fading(taught)


def _monotone(habit: Habit) -> list[int]:
    """More of the terms in ``RISING``, or a higher forecast of the regression, never lowers what the trees add."""
    return [int(term in RISING) for term in habit.chosen] + [1]


def _loss(heard: Floats, log_expected: Floats) -> float:
    """Mean Poisson deviance, up to what does not depend on the forecast."""
    return float((np.exp(log_expected) - heard * log_expected).mean())
