"""Simulation: the bandit on listeners whose truth is known, so that what a choice lost can be told."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from spotify_ai_pipeline.music.discovery import bandit

Floats = NDArray[np.float64]

SOURCES, REGIONS = 10, 8
DEVIATION = 1.0
"""Of the true weights of sources and regions, in log odds."""
AT_ONCE = 5
"""Verdicts given in one sitting, before anything is learned from them."""
POLICIES = ("thompson", "epsilon_greedy")


def regret(policy: str, epsilon: float, verdicts: int, seed: int) -> Floats:
    """Cumulative regret (best approval chance on offer less that of the song chosen) after each of ``verdicts``, shape
    (verdicts,), for one made-up listener: what ``seed`` draws (truth, candidates) is the same for every policy."""
    truth, answers = np.random.default_rng([seed, 0]), np.random.default_rng([seed, 1])
    draws = np.random.default_rng([seed, 2])
    of_source, of_region = truth.normal(0, DEVIATION, SOURCES), truth.normal(0, DEVIATION, REGIONS)
    sources, regions = [f"s{n}" for n in range(SOURCES)], [f"r{n}" for n in range(REGIONS)]
    source, region = (axis.ravel() for axis in np.meshgrid(np.arange(SOURCES), np.arange(REGIONS)))
    likely = 1 / (1 + np.exp(-(-0.5 + of_source[source] + of_region[region])))
    offered = pl.DataFrame(
        {"source": [sources[n] for n in source], "region": [regions[n] for n in region]}
    ).with_columns(artist_key=pl.lit(""), chance=0.5)
    said = list[dict[str, object]]()
    lost = np.zeros(verdicts)
    belief = bandit.learn(pl.DataFrame(schema=bandit.OUTCOMES))
    for verdict in range(verdicts):
        chosen = int(bandit.draws(belief, offered, draws, policy, epsilon)().argmax())
        lost[verdict] = likely.max() - likely[chosen]
        reward = float(answers.random() < likely[chosen])
        said.append({**offered.row(chosen, named=True), "reward": reward, "weight": 1.0, "days": 0.0})
        if len(said) % AT_ONCE == 0:
            belief = bandit.learn(pl.DataFrame(said, schema=bandit.OUTCOMES))
    return lost.cumsum()


def compare_policies(
    listeners: int, verdicts: int, epsilon: float, seed: int
) -> tuple[dict[str, tuple[float, float, float]], tuple[float, float, float]]:
    """(the regret of each of ``POLICIES`` after ``verdicts``, what Thompson sampling saves): means over ``listeners`` with
    their intervals. All policies meet the same listeners."""
    lost = {
        policy: np.array([regret(policy, epsilon, verdicts, seed + n)[-1] for n in range(listeners)])
        for policy in POLICIES
    }
    found = {policy: interval(values) for policy, values in lost.items()}
    return found, interval(lost["epsilon_greedy"] - lost["thompson"])


def interval(values: Floats) -> tuple[float, float, float]:
    """(mean, lower, upper): the 95 % interval of a mean, by the normal approximation."""
    error = 1.96 * float(values.std(ddof=1)) / len(values) ** 0.5
    mean = float(values.mean())
    return mean, mean - error, mean + error
