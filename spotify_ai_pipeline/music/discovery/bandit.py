"""Bandit: which sources, regions of taste and artists deliver songs that stay.

An answer is a yes or no drawn with logit(chance) + source + region + artist. The weights have Gaussian priors and a Laplace
posterior (Chapelle and Li, 2011): Thompson sampling draws one set of weights a slot and takes what looks best under it, so
that what is unsure is tried, and what is surely poor is not. A source that proposes nothing is never drawn, and costs no slot.

Epsilon-greedy, the fallback, takes what looks best under the mean, and now and then anything.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]

PRIOR_DEVIATION = 0.7
"""Of the weight of a source or region, in units of log odds: before any answer, most lie within a factor of 2 to 4."""
INTERCEPT_DEVIATION = 2.0
RESHAPED = 0.5
"""Share of the posterior's deviation that Thompson sampling draws with (posterior reshaping, the same paper): with a few
hundred answers and dozens of candidates to choose from, the whole of it explores too much."""
HALF_LIFE_DAYS = 180.0
"""Days after which an answer counts half: tastes and services change."""
STEPS = 25
ARMS = {"s": "source", "r": "region", "a": "artist_key"}

OUTCOMES = {
    "source": pl.String(),
    "region": pl.String(),
    "artist_key": pl.String(),
    "chance": pl.Float64(),  # as predicted when it was proposed; null: unknown
    "reward": pl.Float64(),  # 1 yes, 0 no
    "weight": pl.Float64(),  # how much it says: a verdict 1, what plays on trial tell 0.5
    "days": pl.Float64(),  # days ago
}


@dataclass(frozen=True)
class Belief:
    """Posterior over the weights: ``names`` (intercept, s:source, r:region, a:artist), mean (w,) and covariance (w, w)."""

    names: Sequence[str]
    mean: Floats
    covariance: Floats

    @cached_property
    def root(self) -> Floats:
        """Lower Cholesky factor of the covariance."""
        return np.asarray(np.linalg.cholesky(self.covariance), np.float64)

    def of(self, source: str) -> tuple[float, float]:
        """(mean, standard deviation) of a source's weight in log odds; those of the prior for one without an answer."""
        if (name := f"s:{source}") not in self.names:
            return 0.0, PRIOR_DEVIATION
        place = list(self.names).index(name)
        return float(self.mean[place]), float(np.sqrt(self.covariance[place, place]))


def learn(outcomes: pl.DataFrame) -> Belief:
    """Gives what ``outcomes`` (``OUTCOMES``) say of the arms that have any; all others keep the prior, of which answers
    to others say nothing."""
    rows = design(names := ["intercept", *arms_of(outcomes)], outcomes)
    offset = _logit(outcomes["chance"].fill_null(0.5).to_numpy())
    weight = outcomes["weight"].to_numpy() * 0.5 ** (outcomes["days"].to_numpy() / HALF_LIFE_DAYS)
    reward = outcomes["reward"].to_numpy()
    precision = np.full(len(names), PRIOR_DEVIATION**-2)
    precision[0] = INTERCEPT_DEVIATION**-2
    mean = np.zeros(len(names))
    hessian = np.diag(precision)
    for _ in range(STEPS):  # Newton's method: the posterior is log-concave
        expected = _sigmoid(offset + rows @ mean)
        gradient = rows.T @ (weight * (reward - expected)) - precision * mean
        hessian = (rows * (weight * expected * (1 - expected))[:, None]).T @ rows + np.diag(precision)
        step = np.linalg.solve(hessian, gradient)
        mean = mean + step
        if np.abs(step).max() < 1e-8:
            break
    return Belief(names, mean, np.asarray(np.linalg.inv(hessian), np.float64))


def draws(
    belief: Belief, candidates: pl.DataFrame, rng: np.random.Generator, policy: str, epsilon: float
) -> Callable[[], Floats]:
    """A function that gives what each candidate (source, region, artist_key, chance) looks like in one draw, shape (n,),
    between 0 and 1: under weights drawn from the belief (``thompson``), or under their mean and at random with probability
    ``epsilon`` (``epsilon_greedy``)."""
    unheard = [name for name in arms_of(candidates) if name not in set(belief.names)]
    rows, offset = design([*belief.names, *unheard], candidates), _logit(candidates["chance"].to_numpy())
    heard = rows[:, : len(belief.names)]

    def draw() -> Floats:
        if policy == "epsilon_greedy":
            best = _sigmoid(offset + heard @ belief.mean)
            return rng.random(len(offset)) if rng.random() < epsilon else best
        known = belief.mean + RESHAPED * (belief.root @ rng.standard_normal(len(belief.mean)))
        prior = RESHAPED * PRIOR_DEVIATION * rng.standard_normal(len(unheard))
        return _sigmoid(offset + rows @ np.concatenate([known, prior]))

    return draw


def arms_of(table: pl.DataFrame) -> list[str]:
    """The names of all arms (source, region, artist_key) in ``table``."""
    return [f"{kind}:{name}" for kind, column in ARMS.items() for name in sorted(table[column].unique())]


def expected(belief: Belief, candidates: pl.DataFrame) -> Floats:
    """The chance of a yes to each candidate under the mean weights, shape (n,)."""
    return _sigmoid(_logit(candidates["chance"].to_numpy()) + design(belief.names, candidates) @ belief.mean)


def design(names: Sequence[str], arms: pl.DataFrame) -> Floats:
    """Indicators of the intercept and of each of the ``arms`` (source, region, artist_key), shape (n, weights)."""
    place = {name: number for number, name in enumerate(names)}
    rows = np.zeros((arms.height, len(names)))
    rows[:, 0] = 1
    for kind, column in ARMS.items():
        at = np.array([place.get(f"{kind}:{name}", -1) for name in arms[column]], np.int64)
        known = np.flatnonzero(at >= 0)
        rows[known, at[known]] = 1
    return rows


def _logit(chance: Floats) -> Floats:
    clipped = np.clip(chance, 0.01, 0.99)
    return np.log(clipped / (1 - clipped))


def _sigmoid(odds: Floats) -> Floats:
    return 1 / (1 + np.exp(-odds))
