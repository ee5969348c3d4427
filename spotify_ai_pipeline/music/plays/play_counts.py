"""Listening: the plays up to a moment, and how often and how lately each song was played.

Every function takes the moment ``now`` (UTC seconds) and looks at no play at or after it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from spotify_ai_pipeline.durations import DAY, MINUTE

SESSION_GAP = 20 * MINUTE
"""Seconds of silence that end a session."""
NEVER = -np.inf
"""The time of the last play, and the activation, of a song that was never played."""

Floats = NDArray[np.float64]


class LookAhead(ValueError):
    """Something known at one moment was asked for what came later."""


@dataclass(frozen=True)
class Plays:
    """Plays in order of time: ``song`` (index of a song, below ``songs``) and ``at`` (UTC seconds), both of shape (plays,).

    ``end`` is the moment (UTC seconds) up to which they tell: nothing later may be asked of them.
    """

    song: NDArray[np.int64]
    at: Floats
    songs: int
    end: float = np.inf

    @classmethod
    def of(cls, listens: pl.DataFrame, song_ids: pl.Series) -> Plays:
        """The plays of ``listens`` (song_id, played_at) with songs numbered as in ``song_ids``; others are left out."""
        known = numbered(listens.select("song_id", "played_at"), song_ids)
        return cls(known["song"].to_numpy(), seconds(known["played_at"]), len(song_ids))

    def before(self, now: float) -> Plays:
        """The plays that started before ``now``, and no more: a view, not a copy.

        Raises ``LookAhead`` where these plays end earlier: what is computed from a view of the past cannot see the future.
        """
        if now > self.end:
            raise LookAhead(f"plays known up to {self.end:.0f} were asked what happened up to {now:.0f}")
        stop = np.searchsorted(self.at, now)
        return Plays(self.song[:stop], self.at[:stop], self.songs, now)

    def since(self, start: float) -> Plays:
        begin = np.searchsorted(self.at, start)
        return Plays(self.song[begin:], self.at[begin:], self.songs, self.end)

    def count(self) -> NDArray[np.int64]:
        """Plays of each song, shape (songs,)."""
        return np.bincount(self.song, minlength=self.songs)


def numbered(listens: pl.DataFrame, song_ids: pl.Series) -> pl.DataFrame:
    """``listens`` of the songs in ``song_ids`` in order of time (``played_at``), with the number of each one's ``song``."""
    numbers = pl.DataFrame({"song_id": song_ids, "song": np.arange(len(song_ids))})
    song = listens.select("song_id").join(numbers, on="song_id", how="left", maintain_order="left")["song"]
    known = listens.drop("song_id").with_columns(song)
    known = known.drop_nulls("song") if song.null_count() else known
    return known if known["played_at"].is_sorted() else known.sort("played_at")


def seconds(times: pl.Series) -> Floats:
    """``times`` as UTC seconds, same shape."""
    return times.dt.epoch("ms").to_numpy() / 1_000


def recency_weighted(plays: Plays, now: float, half_life_days: float) -> Floats:
    """Play counts in which a play ``half_life_days`` ago counts half, shape (songs,).

    Plays that weigh less than 2^-40 are passed over, so that the cost does not grow with a long history.
    """
    past = plays.before(now).since(now - 40 * half_life_days * DAY)
    weight = np.exp2((past.at - now) / (half_life_days * DAY))
    return np.bincount(past.song, weight, past.songs).astype(np.float64)


def base_level(plays: Plays, now: float, decay: float) -> Floats:
    """Base-level activation, the log of the sum over past plays of age^-decay (age in days), shape (songs,).

    Anderson & Schooler (1991), "Reflections of the environment in memory". Ages under an hour count as an hour.
    """
    past = plays.before(now)
    age = np.maximum((now - past.at) / DAY, 1 / 24)
    with np.errstate(divide="ignore"):
        return np.log(np.bincount(past.song, age**-decay, past.songs))
