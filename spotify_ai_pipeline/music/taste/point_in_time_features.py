"""As of a moment: every activation of every song as one named matrix, for the models to choose from.

The song's own, and those of the groups that it belongs to (artist, album, cluster), heard or not: a song never played has an
artist that was. Counts are on log scales; what cannot be known (the rhythm of a song played once) is NaN.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spotify_ai_pipeline.durations import DAY
from spotify_ai_pipeline.music.plays.play_counts import Floats, LookAhead, Plays
from spotify_ai_pipeline.music.taste.activation import (
    COMES_BACK_DAYS,
    EXPOSURES,
    HALF_LIVES,
    PARTS_OF_DAY,
    Memory,
    exposure,
    near,
    part_of_week,
    power_law,
    spread,
)

DECAYS = (0.5, 0.86)
"""Of base-level activation: ACT-R's usual one, and the one published for relistening."""

SPEEDS = range(5)
"""Half-lives of 2 to 512 days; the slower ones hardly differ from counting."""

SPREADS = {"this session": 1 / 72, "this week": 5.0, "this month": 20.0}
"""Half-lives in days of the plays that activation spreads from."""

DOUBT = 5.0
"""Plays (or gaps) at which a song's own rhythm and hours count as much as the listener's."""


@dataclass(frozen=True)
class Features:
    """What is known at ``now`` (UTC seconds): ``values`` of shape (songs, len(names))."""

    now: float
    names: tuple[str, ...]
    values: Floats

    def __getitem__(self, name: str) -> Floats:
        return self.values[:, self.names.index(name)]


def features_at(memory: Memory, past: Plays, groups: Mapping[str, NDArray[np.int64]]) -> Features:
    """The features at the moment of ``memory``. ``past`` are the plays before that moment (``plays.before(memory.now)``);
    ``groups`` number the artist, the album, the cluster of each song, shape (songs,), below 0 where it has none.

    Raises ``LookAhead`` where ``past`` could tell of anything later.
    """
    if past.end > memory.now:
        raise LookAhead(f"features as of {memory.now:.0f} were given plays up to {past.end:.0f}")
    song = _base(memory.faded, memory.plays) | {
        "days since the first play": _log_days(memory.now - memory.first),
        "days since the last play": _log_days(memory.now - memory.last),
        "due": due(memory),
        "exposure curve": np.where(memory.plays > 0, np.log(comes_back(memory))[_step(memory.plays)], np.nan),
        "time of day": part_affinity(memory, _DAYTIME),
        "day of week": part_affinity(memory, _DAY_OF_WEEK),
    }
    company = near(past)
    for source, half_life in SPREADS.items():
        song[f"beside the songs of {source}"] = np.log(spread(past, company, memory.now, half_life) + 0.01)
    columns = {f"song: {name}": column for name, column in song.items()}
    for group, number in groups.items():
        for name, column in _of_group(memory, number).items():
            columns[f"{group}: {name}"] = np.where(number >= 0, column[number], np.nan)
    return Features(memory.now, tuple(columns), np.column_stack(list(columns.values())))


def _base(faded: Floats, plays: NDArray[np.int64] | Floats) -> dict[str, Floats]:
    return {
        **{f"plays, half-life {HALF_LIVES[speed]:g} d": np.log(faded[:, speed] + 0.02) for speed in SPEEDS},
        **{f"base level, decay {decay:g}": np.log(power_law(faded, plays, decay) + 1e-4) for decay in DECAYS},
        "plays": np.log1p(plays),
    }


def _of_group(memory: Memory, number: NDArray[np.int64]) -> dict[str, Floats]:
    """Features of each group, shape (groups + 1,): the last row stands for songs in none."""
    groups = int(number.max(initial=-1)) + 2
    speeds = [np.bincount(number % groups, column, groups).astype(np.float64) for column in memory.faded.T]
    plays = np.bincount(number % groups, memory.plays, groups)
    last = np.full(groups, -np.inf)
    np.maximum.at(last, number, memory.last)
    known = np.bincount(number % groups, memory.plays > 0, groups)
    return _base(np.column_stack(speeds), plays) | {
        "days since the last play": _log_days(memory.now - last),
        "songs": np.log1p(known),
    }


def _log_days(seconds: Floats) -> Floats:
    days = np.where(np.isfinite(seconds), seconds, np.nan) / DAY
    return np.log(days + 0.25)


def due(memory: Memory) -> Floats:
    """How long the song is quiet against its own rhythm, in standard deviations of the log of its gaps, shape (songs,)."""
    gaps = np.maximum(memory.plays - 1, 0)
    total = float(gaps.sum())
    if not total:
        return np.full(len(gaps), np.nan)
    mean_of_all = memory.gap_sum.sum() / total
    variance_of_all = max(memory.gap_squares.sum() / total - mean_of_all**2, 1e-6)
    mean = (memory.gap_sum + DOUBT * mean_of_all) / (gaps + DOUBT)
    squares = memory.gap_squares - 2 * mean * memory.gap_sum + gaps * mean**2
    spread_of_gaps = np.sqrt((squares + DOUBT * variance_of_all) / (gaps + DOUBT))
    quiet = np.log(np.maximum(memory.days_quiet, 1 / 24))
    return np.where(gaps > 0, (quiet - mean) / spread_of_gaps, np.nan)


def comes_back(memory: Memory) -> Floats:
    """The exposure curve: the chance that a song is heard again within 30 days of a play, by the log2 of its plays, drawn
    towards that of all plays where few tell, shape (EXPOSURES,). Plays of which the month is not over do not count."""
    over = memory.days_quiet > COMES_BACK_DAYS
    over &= memory.plays > 0
    left = memory.stayed_away + np.bincount(exposure(memory.plays[over]), minlength=EXPOSURES)
    came, all_plays = memory.came_back, memory.came_back + left
    usual = (came.sum() + 1) / (all_plays.sum() + 2)
    return (came + DOUBT * usual) / (all_plays + DOUBT)


def _step(plays: NDArray[np.int64]) -> NDArray[np.int64]:
    return exposure(np.maximum(plays, 1))


_DAYTIME = np.arange(8) % PARTS_OF_DAY
_DAY_OF_WEEK = np.arange(8) // PARTS_OF_DAY


def part_affinity(memory: Memory, kind: NDArray[np.int64]) -> Floats:
    """The log of how much more of the song's plays than of all plays fall into the present part of the day or of the week,
    shape (songs,). ``kind`` numbers each of the parts in ``Memory.by_part``; parts of one number are one."""
    here = kind == kind[part_of_week(np.array([memory.now]), memory.zone)[0]]
    mine = memory.by_part[:, here].sum(axis=1)
    usual = (mine.sum() + 1) / (memory.plays.sum() + 2)
    return np.log((mine + DOUBT * usual) / (memory.plays + DOUBT) / usual)
