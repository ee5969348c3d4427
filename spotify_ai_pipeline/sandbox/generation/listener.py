"""The made-up listener: what they played, when, and how long, over years.

Sessions of a day-part; inside a session albums in order, or songs drawn by how recently and often they were heard
(a power law in time, d = 0.86), how much the artist is in favour that month, how the song suits the hour, and whether
it has been played too often lately.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from .catalogue import COVER_ARTISTS, Made

_DAY = 86_400
_DECAY = 0.86
# A sum of exponentials with geometric time constants (days) follows age^-d over the span they cover.
_CONSTANTS = np.array([0.25, 1, 4, 16, 64, 256, 1024])
_WEIGHTS = (_CONSTANTS**-_DECAY).astype(np.float32)
_LATELY = 3  # the trace of 16 days: about how often a song was heard lately
_ALBUM_SHARE = 0.32

_WEEKDAY_HOURS = np.array([2, 1, 0, 0, 0, 1, 5, 9, 7, 5, 4, 4, 6, 5, 4, 4, 5, 8, 9, 8, 8, 9, 7, 4], float)
_WEEKEND_HOURS = np.array([6, 4, 2, 1, 0, 0, 1, 2, 5, 8, 9, 8, 6, 6, 7, 7, 6, 6, 7, 8, 9, 9, 9, 8], float)
_WEEKDAY_LOAD = np.array([0.95, 0.9, 1.0, 1.0, 1.2, 1.15, 0.8])  # Monday first
# How lively the listener likes it at each hour: calm mornings, energetic evenings, quiet nights.
_LIVELY = np.array([-6, -8, -8, -8, -8, -9, -10, -9, -8, -5, -2, 0, 1, 1, 2, 3, 6, 9, 10, 10, 9, 6, 2, -3]) / 10


@dataclass(frozen=True)
class Plays:
    """A listener's plays, oldest first, all arrays (n,)."""

    started: np.ndarray  # unix seconds
    track: np.ndarray  # catalogue rows
    ms_played: np.ndarray


def taste(rng: np.random.Generator, made: Made, months: int) -> np.ndarray:
    """Tells how much each artist is liked in each month: (months, artists) in log units, drifting and bursting."""
    m = len(made.artist_ids)
    families = made.artist_genre
    genre_love = rng.normal(0, 0.8, families.max() + 1)
    drift = np.cumsum(rng.normal(0, 0.15, (months, families.max() + 1)), axis=0)
    love = genre_love[families] + rng.normal(0, 0.6, m) + 0.006 * made.artist_popularity
    love = love + (drift - drift.mean(axis=0))[:, families]
    bursts = max(3, months // 2 + m // 40)
    who = rng.choice(m, bursts, p=np.exp(love[0]) / np.exp(love[0]).sum())
    when = rng.integers(-2, months, bursts)
    for artist, start, height, length in zip(
        who.tolist(),
        when.tolist(),
        rng.uniform(0.8, 2.0, bursts).tolist(),
        rng.uniform(1.5, 6, bursts).tolist(),
        strict=True,
    ):
        age = np.arange(months) - start
        love[:, artist] += np.where(age >= 0, height * np.exp(-np.maximum(age, 0) / length), 0)
    love[:, -len(COVER_ARTISTS) :] = -9  # nobody loves those
    return love


def play(
    rng: np.random.Generator, made: Made, pool: np.ndarray, love: np.ndarray, *, first: int, end: int, plays: int
) -> Plays:
    """Plays between `first` and `end` (unix seconds), of which exactly `plays` last 30 s or more.

    `pool` holds the catalogue rows the listener ever meets; `love` is what `taste` gave, spread over the span.
    """
    total = round(plays / 0.89)
    lengths = _lengths(rng, total)
    starts = _starts(rng, len(lengths), first, end)
    picked, fresh = _simulate(rng, made, pool, love, starts, lengths, (end - first) / len(love))
    track = pool[picked]
    ms_played = _durations(rng, made.duration_ms[track], fresh, total - plays)
    return Plays(_clock(rng, starts, lengths, ms_played, end), track, ms_played)


def _lengths(rng: np.random.Generator, total: int) -> np.ndarray:
    """Songs a session, summing to `total`."""
    lengths = np.ceil(rng.lognormal(2.2, 0.8, total // 4 + 2)).astype(np.int64)
    reach = np.cumsum(lengths)
    last = int(np.searchsorted(reach, total))
    lengths = lengths[: last + 1]
    lengths[-1] -= reach[last] - total
    return lengths


def _starts(rng: np.random.Generator, sessions: int, first: int, end: int) -> np.ndarray:
    """Start of each session, unix seconds, ascending: by weekday and hour, with a few silent weeks a year."""
    days = np.arange(first // _DAY, end // _DAY + 1)
    weekday = (days + 3) % 7  # 1970-01-01 was a Thursday
    load = _WEEKDAY_LOAD[weekday] * rng.lognormal(0, 0.35, len(days))
    for _ in range(2 * len(days) // 365):
        at = rng.integers(0, max(len(days) - 20, 1))
        load[at : at + rng.integers(6, 14)] = 0
    chosen = rng.choice(len(days), sessions, p=load / load.sum())
    weekend = weekday[chosen] >= 5
    hour = np.where(
        weekend,
        rng.choice(24, sessions, p=_WEEKEND_HOURS / _WEEKEND_HOURS.sum()),
        rng.choice(24, sessions, p=_WEEKDAY_HOURS / _WEEKDAY_HOURS.sum()),
    )
    at = days[chosen] * _DAY + hour * 3600 + rng.integers(0, 3600, sessions)
    return np.sort(np.clip(at, first, end))


def _simulate(
    rng: np.random.Generator,
    made: Made,
    pool: np.ndarray,
    love: np.ndarray,
    starts: np.ndarray,
    lengths: np.ndarray,
    month: float,
) -> tuple[np.ndarray, np.ndarray]:
    """The songs that are played: positions in `pool` (n,), and whether each was unheard before (n,)."""
    total, size = int(lengths.sum()), len(pool)
    taste_by_song = np.exp(love[:, made.artist[pool]] - love.max()).astype(np.float32)
    pull = (0.15 + (made.popularity[pool] / 100) ** 2).astype(np.float32)
    energy = (2 * (made.features[pool, 2] - 0.5)).astype(np.float32)
    suits = np.exp(1.3 * _LIVELY[:, None] * energy).astype(np.float32)
    released = made.release[pool].astype("datetime64[s]").astype(np.int64)
    albums, where = _album_lists(made, pool)
    curious = float(np.clip(1.0 * size / total, 0.01, 0.5))

    traces = np.zeros((len(_CONSTANTS), size), np.float32)
    heard = np.zeros(size, bool)
    picked = np.empty(total, np.int64)
    fresh = np.zeros(total, bool)
    at, before = 0, int(starts[0])
    for start, length in zip(starts.tolist(), lengths.tolist(), strict=True):
        traces *= np.exp(-(start - before) / _DAY / _CONSTANTS).astype(np.float32)[:, None]
        before = start
        favour = taste_by_song[min(int((start - starts[0]) / month), len(love) - 1)] * suits[start % _DAY // 3600]
        known = (_WEIGHTS @ traces) * favour / (1 + (traces[_LATELY] / 3) ** 2)
        novel = np.where(heard | (released > start), 0, favour * pull)
        share = curious * (0.5 + 2.5 * np.exp(-6 * at / total))
        songs = _session(rng, known, novel, share, length, albums, where)
        picked[at : at + length] = songs
        fresh[at : at + length] = ~heard[songs]
        traces += np.bincount(songs, minlength=size).astype(np.float32)
        heard[songs] = True
        at += length
    return picked, fresh


def _session(
    rng: np.random.Generator,
    known: np.ndarray,
    novel: np.ndarray,
    share: float,
    length: int,
    albums: list[list[int]],
    where: list[int],
) -> list[int]:
    """`length` pool positions: whole albums from a song that comes to mind, or single songs."""
    drawn = _draw(rng, known, novel, share, 2 * length + 2)
    if rng.random() >= _ALBUM_SHARE:
        songs = list(dict.fromkeys(drawn))[:length]
        return songs + drawn[: length - len(songs)]
    out: list[int] = []
    for song in drawn:
        album = albums[where[song]]
        out += album if len(album) < 4 or rng.random() < 0.7 else album[album.index(song) :]
        if len(out) >= length:
            break
    return out[:length]


def _draw(rng: np.random.Generator, known: np.ndarray, novel: np.ndarray, share: float, n: int) -> list[int]:
    """`n` positions drawn by weight, a `share` of them from `novel` and the rest from `known`."""
    spin = rng.random(n)
    new = rng.random(n) < share
    reach_known, reach_novel = np.cumsum(known), np.cumsum(novel)
    if reach_known[-1] <= 0:
        new[:] = True
    if reach_novel[-1] <= 0:
        new[:] = False
    last = len(known) - 1
    at_known = np.searchsorted(reach_known, spin * reach_known[-1], side="right")
    at_novel = np.searchsorted(reach_novel, spin * reach_novel[-1], side="right")
    return np.minimum(np.where(new, at_novel, at_known), last).tolist()


def _album_lists(made: Made, pool: np.ndarray) -> tuple[list[list[int]], list[int]]:
    """Pool positions by album in track order, and the album list that each pool position is in."""
    order = np.lexsort((made.track_number[pool], made.album[pool]))
    bounds = np.flatnonzero(np.diff(made.album[pool][order], prepend=-1, append=-1))
    albums = [order[a:b].tolist() for a, b in pairwise(bounds.tolist())]
    where = np.empty(len(pool), np.int64)
    where[order] = np.repeat(np.arange(len(albums)), np.diff(bounds))
    return albums, where.tolist()


def _durations(rng: np.random.Generator, full: np.ndarray, fresh: np.ndarray, skips: int) -> np.ndarray:
    """Milliseconds played: exactly `skips` plays under 30 s, new songs skipped more; a few more broken off later."""
    n = len(full)
    skipped = np.zeros(n, bool)
    skipped[np.argsort(rng.random(n) - 0.25 * fresh)[:skips]] = True
    share = np.where(rng.random(n) < 0.06, rng.random(n), 1)
    long = np.maximum(30_000, full * share).astype(np.int64)
    return np.where(skipped, rng.integers(1_000, 29_500, n), long)


def _clock(
    rng: np.random.Generator, starts: np.ndarray, lengths: np.ndarray, ms_played: np.ndarray, end: int
) -> np.ndarray:
    """Start of each play, unix seconds: one after the other, sessions pushed back so that none overlaps the next."""
    steps = ms_played // 1000 + rng.integers(0, 3, len(ms_played))
    ends = np.cumsum(lengths)
    before = np.concatenate([[0], np.cumsum(steps)])
    spans = before[ends] - before[ends - lengths]
    moved, limit = starts.tolist(), end - int(rng.integers(600, 5400))
    moved[-1] = limit - int(spans[-1])
    for k in range(len(moved) - 1, -1, -1):
        moved[k] = min(moved[k], limit - int(spans[k]))
        limit = moved[k] - 1500
    offset = before[:-1] - np.repeat(before[ends - lengths], lengths)
    return np.repeat(np.array(moved), lengths) + offset
