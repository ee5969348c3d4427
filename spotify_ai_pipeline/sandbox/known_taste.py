"""A generated world in memory together with the truth about its listener: what they would say to any song."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl

from .generate import _build
from .generation import catalogue as made_catalogue
from .generation import listener

_SHARPNESS, _BIAS, _OWN = 1.5, -3.0, 0.7
"""Log odds of a yes: how much the artist is loved (in standard deviations over the catalogue), where nothing is known, and
what lies in the song alone and nobody can foresee."""


@dataclass(frozen=True)
class KnownTaste:
    """The tables of a world (see ``schema.TABLES``), and for each row of its catalogue the chance that the listener says yes."""

    tables: dict[str, pl.DataFrame]
    yes: np.ndarray  # (n,)


def known_taste(seed: int, *, songs: int, catalogue: int, plays: int, years: float, end: datetime) -> KnownTaste:
    """The world that ``generate`` writes for the same arguments, and its truth at the end of the history."""
    tables, _ = _build(seed, songs, catalogue, plays, years, end)
    rng = np.random.default_rng(seed)  # the same draws in the same order as there: catalogue, then taste
    made = made_catalogue.make(rng, catalogue, np.datetime64(end.date()))
    love = listener.taste(rng, made, max(1, round(years * 12)))[-1][made.artist]
    own = np.random.default_rng([seed, 1]).normal(0, _OWN, len(love))
    likes = love > -5  # those that nobody loves (karaoke) are no measure
    standard = (love - love[likes].mean()) / love[likes].std()
    return KnownTaste(tables, 1 / (1 + np.exp(-(_SHARPNESS * standard + _BIAS + own))))
