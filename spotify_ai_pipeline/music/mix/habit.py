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
FIRST = 20
"""Songs of a hundred that any artist may have while no habit is known."""
LEAST = 4
"""Songs of a hundred that any artist may have."""
ONE_ARTIST = 0.5
"""Share of all songs of the last ``ENOUGH_WEEKS`` from which on they are about one artist: then the list is too, and spacing has
no say."""


def artist_cap(plays: Plays, artist: NDArray[np.int64], now: float, playlist: Playlist) -> int:
    """Songs of one artist that a list may hold at ``now`` (UTC seconds).

    Of each of the last weeks, the share of its distinct songs that were by its most played artist; the cap is twice the
    share that nine weeks of ten stay within. Who hears albums gets room for albums, who shuffles gets variety. Where too little
    is known it is ``FIRST`` of a hundred. It is never more than half of the wished spacing leaves places for, unless more than
    half of all songs of the last month are one artist's. ``artist`` numbers the artist of each song, shape (songs,).
    """
    size = playlist.target_size
    spaced = (size - 1) // (playlist.min_artist_spacing // 2 + 1) + 1
    past = plays.before(now)
    shares: list[float] = []
    for back in range(1, WEEKS + 1):
        week = past.since(now - back * WEEK).before(now - (back - 1) * WEEK)
        if len(week.song) >= ENOUGH_PLAYS:
            shares.append(_largest_share(week, artist))
    if len(shares) < ENOUGH_WEEKS:
        return min(ceil(size * FIRST / 100), spaced)
    room = ceil(size * ROOM * float(np.quantile(shares, USUAL)))
    of_one = _largest_share(past.since(now - ENOUGH_WEEKS * WEEK), artist)
    most = ceil(size * of_one) if of_one > ONE_ARTIST else spaced
    return min(max(room, ceil(size * LEAST / 100)), most)


def _largest_share(plays: Plays, artist: NDArray[np.int64]) -> float:
    """The share of the distinct songs of ``plays`` that are by the artist with most of them."""
    songs = np.unique(plays.song)
    return float(np.bincount(artist[songs]).max(initial=0) / max(len(songs), 1))
