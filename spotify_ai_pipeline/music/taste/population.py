"""The population: what other listeners' histories taught of relistening, as numbers that ship with the program.

``population.json`` holds, for each habit, the mean and the covariance of the weights among listeners, and a card that says
from what they were fitted and how good they are. ``evaluation/population.py`` makes it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from spotify_ai_pipeline.music.taste.taste_model import TERMS, Habit, Line, TasteModel

FILE = "population.json"
_ARRAYS = ("means", "spreads", "mean", "covariance")


@dataclass(frozen=True)
class Population:
    """The two habits before the listener's own weeks, and their card."""

    rotation: Habit
    dormant: Habit
    card: Mapping[str, Any]

    @property
    def habits(self) -> tuple[Habit, Habit]:
        return self.rotation, self.dormant

    @property
    def model(self) -> TasteModel:
        """The forecast of a listener of whom nothing is known."""
        return TasteModel(*(Line.from_habit(habit, habit.mean) for habit in self.habits))

    def to_json(self) -> str:
        return json.dumps(
            {
                "card": self.card,
                "terms": [name for name, _ in TERMS],
                "rotation": _numbers(self.rotation),
                "dormant": _numbers(self.dormant),
            },
            separators=(",", ":"),
        )

    @classmethod
    def from_json(cls, text: str) -> Population:
        """Raises ``ValueError`` where it was fitted to other terms than ``TERMS``."""
        read = json.loads(text)
        if read["terms"] != [name for name, _ in TERMS]:
            raise ValueError("the population was fitted to other terms than this version knows")
        return cls(_habit(read["rotation"]), _habit(read["dormant"]), read["card"])


@cache
def shipped() -> Population:
    """The population that comes with the program."""
    return Population.from_json((files(__package__ or "") / FILE).read_text())


def _numbers(habit: Habit) -> dict[str, Any]:
    """Four significant digits: the weights are known less exactly than that."""
    found = asdict(habit)
    return found | {name: _rounded(found[name]) for name in _ARRAYS}


def _rounded(values: Any) -> Any:
    return [_rounded(value) for value in values] if np.ndim(values) else float(f"{float(values):.4g}")


def _habit(read: Mapping[str, Any]) -> Habit:
    arrays = {name: np.array(read[name]) for name in _ARRAYS}
    return Habit(horizon=read["horizon"], most=read["most"], doubt=read["doubt"], **arrays)
