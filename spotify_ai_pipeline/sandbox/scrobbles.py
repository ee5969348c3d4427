"""The plays, by user and time, as a scrobble service knows it."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

SHORTEST_MS = 30_000
COLUMNS = ["started", "artist", "track", "album", "mbid", "artist_mbid", "track_id"]


class Scrobbles:
    """One user's scrobbles, oldest first. Windows are found by bisection, pages come out as dicts, newest first."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self._frame = frame.select(COLUMNS).sort("started", maintain_order=True)
        self.started = self._frame["started"].to_numpy()

    def __len__(self) -> int:
        return len(self._frame)

    def window(self, first: int | None, stop: int | None) -> tuple[int, int]:
        """The rows [low, high) that started in [first, stop), unix seconds; None = no bound."""
        low = 0 if first is None else int(np.searchsorted(self.started, first))
        high = len(self) if stop is None else int(np.searchsorted(self.started, stop))
        return low, max(low, high)

    def newest(self, low: int, high: int, offset: int, count: int) -> list[dict[str, Any]]:
        """Up to `count` scrobbles of the rows [low, high), newest first, after skipping `offset`."""
        top = max(high - offset, low)
        bottom = max(top - count, low)
        return self._frame.slice(bottom, top - bottom).reverse().to_dicts()


def of_friends(plays: pl.DataFrame, tracks: pl.DataFrame, artists: pl.DataFrame) -> dict[str, Scrobbles]:
    """Scrobbles by user from the table `friend_plays`, spelled as the catalogue does."""
    mbids = artists.select(pl.col("id").alias("artist_id"), pl.col("mbid").fill_null("").alias("artist_mbid"))
    names = tracks.select(
        pl.col("id").alias("track_id"),
        pl.col("artist_names").list.first().alias("artist"),
        pl.col("artist_ids").list.first().alias("artist_id"),
        pl.col("name").alias("track"),
        "album",
        pl.col("mbid").fill_null(""),
    )
    spelled = plays.join(names, on="track_id", maintain_order="left").join(mbids, on="artist_id", maintain_order="left")
    return {str(user): Scrobbles(frame) for (user,), frame in spelled.group_by("user", maintain_order=True)}
