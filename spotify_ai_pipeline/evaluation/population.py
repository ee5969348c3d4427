"""The fit of what ships: the population of listeners behind the taste model, from many histories to a file of numbers.

    python -m spotify_ai_pipeline.evaluation.population HISTORIES.parquet

HISTORIES has one row a play: listener, ts (UTC seconds), artist, track[, ms_played]. No history leaves the machine: the file
holds means and covariances of weights alone.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from importlib.resources import files
from pathlib import Path

import numpy as np
import polars as pl

from spotify_ai_pipeline.durations import DAY, WEEK
from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.evaluation.backtest import Listener, clean_history
from spotify_ai_pipeline.music.plays.play_counts import Floats
from spotify_ai_pipeline.music.taste import population, taste_model
from spotify_ai_pipeline.music.taste.activation import Memory
from spotify_ai_pipeline.music.taste.population import Population
from spotify_ai_pipeline.music.taste.rolling_forecast import deviance, deviance_of
from spotify_ai_pipeline.music.taste.taste_model import TERMS, Habit, Lesson, Line, Moment, posterior

HORIZONS = {"rotation": 1, "dormant": 6}
"""Weeks that each habit forecasts. Rotation: one; two, four and six held less. Dormant: six brought back more than one."""
MOST = {"rotation": 6.0, "dormant": 3.0}
DOUBT = {"rotation": 10.0, "dormant": 40.0}
"""Own weeks helped listeners that were left out most at these values: 3, 10, 30 and 100 were tried for rotation, 10 and 40 for
dormant songs."""

ROUNDS = 6
_PULL = 0.3
"""Share of the covariances that is taken away: 38 listeners tell little of how two weights go together."""
FIRST_CUT = 3 * DAY
ENOUGH_PLAYS = 20
DORMANT_DAYS = 60.0


def cuts(listener: Listener) -> list[Moment]:
    """Gives what was known at each weekly cut of a history, from its third day on."""
    plays, memory = listener.plays, Memory.empty(listener.plays.songs)
    found: list[Moment] = []
    for now in np.arange(plays.at[0] + FIRST_CUT, plays.at[-1] - WEEK, WEEK).tolist():
        memory = memory.until(now, plays)
        found.append(taste_model.moment(memory, plays, listener.artist, DORMANT_DAYS).contenders())
    return found


def lessons(listener: Listener, habit: str, known: Sequence[Moment]) -> Lesson:
    """All that a history teaches a habit, as one lesson."""
    rule = _untaught(habit)
    end = float(listener.plays.at[-1])
    over = [cut for cut in known if cut.now + rule.horizon * WEEK <= end]
    taught = [rule.lesson(cut, cut.dormant == (habit == "dormant"), listener.plays) for cut in over]
    empty = Lesson(np.zeros((0, len(TERMS))), np.zeros(0))
    return Lesson(
        np.concatenate([lesson.terms for lesson in [empty, *taught]]),
        np.concatenate([lesson.plays for lesson in [empty, *taught]]),
    )


def fit(taught: Sequence[Lesson], habit: str) -> Habit:
    """The mean and covariance of the weights among the listeners, one lesson each.

    Empirical Bayes by expectation and maximisation with Laplace's approximation (Gelman et al., "Bayesian data analysis"):
    each listener's weights given the population, then the population given those and their uncertainty.
    """
    taught = [lesson for lesson in taught if lesson.plays.sum() >= ENOUGH_PLAYS]
    if not taught:
        raise UserError(f"no listener with {ENOUGH_PLAYS} plays to learn the {habit} habit from; add longer histories")
    all_terms = np.concatenate([lesson.terms for lesson in taught])
    rule = _untaught(habit, all_terms.mean(axis=0), all_terms.std(axis=0) + 1e-6)
    designs = [rule.design(lesson.terms) for lesson in taught]
    weights = len(TERMS) + 1
    heard = [lesson.plays for lesson in taught]
    alike = np.concatenate([np.full(len(plays), 1_000 / plays.sum() / rule.doubt) for plays in heard])
    mean = np.zeros(weights)
    mean[0] = np.log(np.average(np.concatenate(heard), weights=alike))
    flat = np.diag([1e-6] + [1.0] * (weights - 1))
    mean, _ = posterior(np.concatenate(designs), np.concatenate(heard), alike, mean, flat)
    covariance: Floats = np.diag([0.5] + [0.05] * (weights - 1))
    own = [mean] * len(taught)
    for _ in range(ROUNDS):
        precision = np.linalg.inv(covariance).astype(np.float64)
        found = [
            posterior(design, plays, np.full(len(plays), 1 / rule.doubt), mean, precision, start)
            for design, plays, start in zip(designs, heard, own, strict=True)
        ]
        own = [weights for weights, _ in found]
        mean = np.mean(own, axis=0)
        apart = np.array(own) - mean
        unsure = np.mean([np.linalg.inv(curvature) for _, curvature in found], axis=0)
        whole = apart.T @ apart / len(own) + unsure
        covariance = (1 - _PULL) * whole + _PULL * np.diag(np.diag(whole)) + 1e-6 * np.eye(weights)
    return Habit(rule.horizon, rule.most, rule.doubt, rule.means, rule.spreads, mean, covariance)


def from_listeners(listeners: Iterable[Listener]) -> Population:
    """The population behind ``listeners``."""
    known = [(listener, cuts(listener)) for listener in listeners]
    habits = {name: fit([lessons(one, name, then) for one, then in known], name) for name in HORIZONS}
    card = {
        "listeners": len(known),
        "plays": sum(len(one.plays.at) for one, _ in known),
        "weeks": sum(len(then) for _, then in known),
    }
    return Population(habits["rotation"], habits["dormant"], card)


FOLDS = 4
TREES: dict[str, object] = {
    "objective": "poisson",
    "learning_rate": 0.06,
    "num_leaves": 16,
    "min_data_in_leaf": 400,
    "lambda_l2": 20.0,
    "num_threads": 2,
    "deterministic": True,
    "seed": 1,
    "verbosity": -1,
}
"""The parameters of LightGBM for the comparison: small slow trees."""
ROUNDS_OF_TREES = 150


def left_out(listeners: Sequence[Listener], habit: str) -> dict[str, float]:
    """Mean Poisson deviance on listeners that were left out, without any week of their own: of the regression that ships, and
    of boosted trees on the same terms. Each listener counts alike."""
    import lightgbm

    taught = [lessons(listener, habit, cuts(listener)) for listener in listeners]
    taught = [lesson for lesson in taught if lesson.plays.sum() >= ENOUGH_PLAYS]
    errors: dict[str, list[float]] = {"regression": [], "trees": []}
    for fold in range(FOLDS):
        others = [lesson for number, lesson in enumerate(taught) if number % FOLDS != fold]
        found = fit(others, habit)
        weight = np.concatenate([np.full(len(lesson.plays), 1 / lesson.plays.sum()) for lesson in others])
        table = lightgbm.Dataset(
            np.concatenate([lesson.terms for lesson in others]),
            np.concatenate([lesson.plays for lesson in others]),
            weight=weight / weight.mean(),
        )
        grown = lightgbm.train(TREES, table, ROUNDS_OF_TREES)  # pyright: ignore[reportUnknownMemberType]
        for lesson in taught[fold::FOLDS]:
            errors["regression"].append(deviance(Line.from_habit(found, found.mean), [lesson]))
            errors["trees"].append(deviance_of(lesson.plays, np.asarray(grown.predict(lesson.terms, raw_score=True))))
    return {name: float(np.mean(values)) for name, values in errors.items()}


def histories(path: Path) -> dict[int, Listener]:
    """The listeners of a file of histories, by their number."""
    table = pl.read_parquet(path)
    parts = table.sort("listener").partition_by("listener", as_dict=True, include_key=False)
    return {int(number[0]): Listener.from_history(clean_history(part)) for number, part in parts.items()}


def _untaught(habit: str, means: Floats | None = None, spreads: Floats | None = None) -> Habit:
    nothing = np.zeros(len(TERMS))
    return Habit(
        HORIZONS[habit],
        MOST[habit],
        DOUBT[habit],
        nothing if means is None else means,
        nothing if spreads is None else spreads,
        nothing,
        nothing,
    )


def main() -> None:
    asked = argparse.ArgumentParser(description="Fit the population of listeners that ships with the program.")
    asked.add_argument("histories", type=Path)
    asked.add_argument("--out", type=Path, help="the file to write; else the one that ships")
    asked.add_argument(
        "--compare", action="store_true", help="write nothing; hold the regression against trees instead"
    )
    wanted = asked.parse_args()
    listeners = list(histories(wanted.histories).values())
    if wanted.compare:
        for habit in HORIZONS:
            errors = left_out(listeners, habit)
            sys.stdout.write(f"{habit}: " + ", ".join(f"{name} {error:.4f}" for name, error in errors.items()) + "\n")
        return
    found = from_listeners(listeners)
    target = wanted.out or Path(str(files("spotify_ai_pipeline.music.taste") / population.FILE))
    target.write_text(found.to_json() + "\n")
    sys.stdout.write(f"{target}: {found.card['listeners']} listeners, {found.card['plays']:,} plays\n")


if __name__ == "__main__":
    main()
