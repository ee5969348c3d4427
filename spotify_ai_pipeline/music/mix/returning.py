"""Returning: how long a song that left a list stays away, and how many songs a week may change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from spotify_ai_pipeline.durations import DAY, WEEK
from spotify_ai_pipeline.music.mix.shares import change_cap, weekly_cap
from spotify_ai_pipeline.settings import Cycling, Playlist

REST = 28 * DAY
"""Seconds that a song which left stays away."""

RETURNS_AT = 1.0
"""Plays expected in the coming week at which a song comes back earlier, if it was heard since it left.

At two refreshes a day on 38 listeners: at 0.5, .12 of the songs that come had left within four weeks; at 1, .04; with no
return at all the list held a hundredth less of what was played.
"""


@dataclass(frozen=True)
class Left:
    """The moment when a song left a list, and until when it rests (UTC seconds)."""

    at: float
    until: float

    @classmethod
    def since(cls, at: float, cycling: Cycling, *, tired: bool) -> Left:
        """A song that left at ``at``: one that tires rests for the cool-down."""
        return cls(at, at + (cycling.cooldown_days * DAY if tired else REST))


def departures(gone: pl.DataFrame, now: float, cycling: Cycling) -> dict[object, Left]:
    """The songs ``gone`` (song_id, tired) from a list at ``now``."""
    return {song: Left.since(now, cycling, tired=tired) for song, tired in gone.select("song_id", "tired").iter_rows()}


def resting(left: Mapping[Any, Left], ranked: pl.DataFrame, now: float) -> set[object]:
    """The songs of ``left`` that may not come back yet. ``ranked`` says of each song ``last_played`` and ``expected``: one that
    was heard since, and of which plays are expected, comes back before its time."""
    away = {song: gone.at for song, gone in left.items() if now < gone.until}
    if not away:
        return set()
    last = pl.col("last_played").dt.epoch("ms") / 1_000
    found = ranked.filter(pl.col("song_id").is_in(list(away))).filter(
        (pl.col("expected") >= RETURNS_AT) & ~pl.col("tired")
    )
    heard = dict(found.select("song_id", last).drop_nulls().iter_rows())
    return {song for song, at in away.items() if heard.get(song, float("-inf")) <= at}


def changes_left(playlist: Playlist, changes: Iterable[tuple[float, int]], now: float) -> int:
    """Songs that a refresh at ``now`` may bring in, after earlier ``changes`` (UTC seconds, songs that came)."""
    this_week = sum(came for at, came in changes if now - at < WEEK - 1)
    return min(change_cap(playlist), max(weekly_cap(playlist) - this_week, 0))
