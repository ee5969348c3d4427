"""Bandit: which sources and which regions of taste deliver songs that stay.

An answer is a yes or no drawn with logit(chance) + source + region. The weights have Gaussian priors and a Laplace posterior
(Chapelle and Li, 2011): Thompson sampling draws one set of weights a slot and takes what looks best under it, so that what is
unsure is tried, and what is surely poor is not. A source that proposes nothing is never drawn, and costs no slot.

Epsilon-greedy, the fallback, takes what looks best under the mean, and now and then anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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

OUTCOMES = {
    "source": pl.String(),
    "region": pl.String(),
    "chance": pl.Float64(),  # as predicted when it was proposed; null: unknown
    "reward": pl.Float64(),  # 1 yes, 0 no
    "weight": pl.Float64(),  # how much it says: a verdict 1, what plays on trial tell 0.5
    "days": pl.Float64(),  # days ago
}


@dataclass(frozen=True)
class Belief:
    """Posterior over the weights: ``names`` (intercept, s:source, r:region), mean (w,) and covariance (w, w)."""

    names: Sequence[str]
    mean: Floats
    covariance: Floats

    def of(self, source: str) -> tuple[float, float]:
        """(mean, standard deviation) of a source's weight in log odds; those of the prior for one without an answer."""
        if (name := f"s:{source}") not in self.names:
            return 0.0, PRIOR_DEVIATION
        place = list(self.names).index(name)
        return float(self.mean[place]), float(np.sqrt(self.covariance[place, place]))


def learn(outcomes: pl.DataFrame, sources: Sequence[str] = (), regions: Sequence[str] = ()) -> Belief:
    """What ``outcomes`` (``OUTCOMES``) say; ``sources`` and ``regions`` without any keep the prior."""
    sources = sorted({*sources, *outcomes["source"]})
    regions = sorted({*regions, *outcomes["region"]})
    names = ["intercept", *(f"s:{name}" for name in sources), *(f"r:{name}" for name in regions)]
    rows = design(names, outcomes["source"].to_list(), outcomes["region"].to_list())
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


def value(
    belief: Belief,
    source: Sequence[str],
    region: Sequence[str],
    chance: Floats,
    rng: np.random.Generator,
    policy: str,
    epsilon: float,
) -> Floats:
    """What each candidate (n,) looks like in one draw, between 0 and 1: under weights drawn from the belief (``thompson``), or
    under their mean and at random with probability ``epsilon`` (``epsilon_greedy``)."""
    if policy == "epsilon_greedy" and rng.random() < epsilon:
        return rng.random(len(chance))
    weights = (
        belief.mean
        if policy == "epsilon_greedy"
        else rng.multivariate_normal(belief.mean, RESHAPED**2 * belief.covariance)
    )
    return _sigmoid(_logit(chance) + design(belief.names, source, region) @ weights)


def design(names: Sequence[str], source: Sequence[str], region: Sequence[str]) -> Floats:
    """Indicators of intercept, source and region, shape (n, weights)."""
    place = {name: number for number, name in enumerate(names)}
    rows = np.zeros((len(source), len(names)))
    rows[:, 0] = 1
    for row, arms in enumerate(zip(source, region, strict=True)):
        for kind, name in zip("sr", arms, strict=True):
            if f"{kind}:{name}" in place:
                rows[row, place[f"{kind}:{name}"]] = 1
    return rows


def _logit(chance: Floats) -> Floats:
    clipped = np.clip(chance, 0.01, 0.99)
    return np.log(clipped / (1 - clipped))


def _sigmoid(odds: Floats) -> Floats:
    return 1 / (1 + np.exp(-odds))
