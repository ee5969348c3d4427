"""Habit: how much of one artist this listener plays at a time, and so how much of one the list may hold."""

from __future__ import annotations

from math import ceil

import numpy as np
from numpy.typing import NDArray

from spotify_ai_pipeline.durations import WEEK
from spotify_ai_pipeline.music.plays.play_counts import Plays
from spotify_ai_pipeline.settings import Playlist

WEEKS = 26
"""Weeks, the latest, that tell the habit."""
ENOUGH_WEEKS, ENOUGH_PLAYS = 4, 20
"""Fewer weeks, or weeks with fewer plays, tell nothing."""
USUAL = 0.9
"""Quantile of the weeks that still counts as habit: the one week of a binge does not."""
ROOM = 2.0
"""Room above the habit, so that a new love finds its place: without it the list holds less of what is played next."""
FIRST = 10
"""Songs of a hundred that any artist may have while no habit is known."""
LEAST = 4
"""Songs of a hundred that any artist may have."""


def artist_cap(plays: Plays, artist: NDArray[np.int64], now: float, playlist: Playlist) -> int:
    """Songs of one artist that a list may hold at ``now`` (UTC seconds).

    Of each of the last weeks, the share of its distinct songs that were by its most played artist; the cap is twice the
    share that nine weeks of ten stay within. Who hears albums gets room for albums, who shuffles gets variety. Where too little
    is known it is ``FIRST`` of a hundred. It is never more than half of the wished spacing leaves places for. ``artist`` numbers
    the artist of each song, shape (songs,).
    """
    size = playlist.target_size
    spaced = (size - 1) // (playlist.min_artist_spacing // 2 + 1) + 1
    past = plays.before(now)
    shares: list[float] = []
    for back in range(1, WEEKS + 1):
        week = past.since(now - back * WEEK).before(now - (back - 1) * WEEK)
        if len(week.song) >= ENOUGH_PLAYS:
            songs = np.unique(week.song)
            shares.append(float(np.bincount(artist[songs]).max() / len(songs)))
    if len(shares) < ENOUGH_WEEKS:
        return min(ceil(size * FIRST / 100), spaced)
    room = ceil(size * ROOM * float(np.quantile(shares, USUAL)))
    return min(max(room, ceil(size * LEAST / 100)), spaced)
