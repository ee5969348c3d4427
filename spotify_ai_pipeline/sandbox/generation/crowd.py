"""The crowd's words on the made-up catalogue: tags, and who resembles whom."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from . import genres
from .catalogue import Made

_BLOCK = 512


def neighbours(group: np.ndarray, vectors: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The `k` nearest rows of the same group by Euclidean distance.

    `group` (n,) of ints, `vectors` (n, d). Returns (others, match), both (n, k): row numbers, nearest first, -1 where
    the group is too small, and a match in 0..1 that falls with the distance.
    """
    n = len(group)
    others = np.full((n, k), -1, dtype=np.int64)
    match = np.zeros((n, k))
    order = np.argsort(group, kind="stable")
    bounds = np.flatnonzero(np.diff(group[order], prepend=-1, append=-1))
    vectors = vectors.astype(np.float32)
    norms = (vectors**2).sum(axis=1)
    for start, stop in pairwise(bounds.tolist()):
        members = order[start:stop]
        near = min(k, len(members) - 1)
        if near < 1:
            continue
        across = -2 * vectors[members].T
        for at in range(0, len(members), _BLOCK):
            rows = members[at : at + _BLOCK]
            # Squared distance less the row's own norm, which ranks the same; added again for the few that are kept.
            squared = vectors[rows] @ across
            squared += norms[members]
            squared[np.arange(len(rows)), np.arange(at, at + len(rows))] = np.inf
            best = np.argpartition(squared, near - 1, axis=1)[:, :near]
            distance = np.take_along_axis(squared, best, axis=1) + norms[rows, None]
            rank = np.argsort(distance, axis=1, kind="stable")
            others[rows, :near] = members[np.take_along_axis(best, rank, axis=1)]
            match[rows, :near] = 1 / (1 + np.sqrt(np.maximum(np.take_along_axis(distance, rank, axis=1), 0)))
    return others, np.round(match, 4)


def as_lists(others: np.ndarray, match: np.ndarray, ids: list[str]) -> tuple[list[list[str]], list[list[float]]]:
    """The arrays of `neighbours` as lists of ids and matches, without the padding."""
    counts = (others >= 0).sum(axis=1).tolist()
    names = [[ids[i] for i in row[:c]] for row, c in zip(others.tolist(), counts, strict=True)]
    return names, [row[:c] for row, c in zip(match.tolist(), counts, strict=True)]


_FAMILY = np.unique(genres.FAMILIES, return_inverse=True)[1]
_SCALE = np.where(genres.UNIT, np.array([1, 1, 1, 1, 1, 1, 1, 5.0, 25.0]), 0.22)


def tags(rng: np.random.Generator, made: Made) -> dict[str, list[Any]]:
    """Columns of the table `tags`: every artist, and the better-known 60 % of tracks."""
    m = len(made.artist_ids)
    sound = _artist_means(made)
    spread = genres.PROTOTYPE.std(axis=0)
    centre = genres.PROTOTYPE.mean(axis=0)
    out: dict[str, list[Any]] = {"kind": [], "id": [], "tags": [], "counts": []}

    def add(kind: str, key: str, weights: dict[str, int]) -> None:
        ranked = sorted(weights.items(), key=lambda item: -item[1])
        out["kind"].append(kind)
        out["id"].append(key)
        out["tags"].append([tag for tag, _ in ranked])
        out["counts"].append([count for _, count in ranked])

    def moods(z: list[float], most: int) -> dict[str, int]:
        strength = {tag: direction * z[column] for tag, column, direction in genres.MOODS}
        best = sorted(strength, key=lambda tag: -strength[tag])[:most]
        return {tag: int(min(90, 30 + 25 * strength[tag])) for tag in best if strength[tag] > 0.5}

    noise = rng.integers(0, 25, (m, 3)).tolist()
    for row, z in enumerate(((sound - centre) / spread).tolist()):
        genre, second = int(made.artist_genre[row]), int(made.artist_second_genre[row])
        weights = {genres.FAMILIES[genre]: 35 + noise[row][0], **moods(z, 2)}
        weights[genres.NAMES[second]] = 25 + noise[row][1]
        weights[genres.NAMES[genre]] = 100
        add("artist", made.artist_ids[row], weights)

    popular = np.flatnonzero((made.popularity >= np.quantile(made.popularity, 0.4)) & ~made.cover)
    years = (made.release.astype("datetime64[Y]").astype(np.int64) + 1970).tolist()
    zs = ((made.features - centre) / spread).tolist()
    noise = rng.integers(0, 30, len(popular)).tolist()
    for row, extra in zip(popular.tolist(), noise, strict=True):
        weights = {_decade(years[row]): 15 + extra, **moods(zs[row], 3), genres.NAMES[int(made.genre[row])]: 100}
        add("track", made.ids[row], weights)
    return out


def similar(made: Made) -> dict[str, list[Any]]:
    """Columns of the table `similar`: up to 30 artists an artist, 20 tracks a track of the better-known 60 %."""
    m = len(made.artist_ids)
    one_hot = 1.2 * np.eye(len(genres.NAMES))[made.artist_genre]
    others, match = neighbours(
        _FAMILY[made.artist_genre], np.hstack([one_hot, _artist_means(made) / _SCALE * 0.5]), min(30, m - 1)
    )
    artist_lists = as_lists(others, match, made.artist_ids)

    rows = np.flatnonzero((made.popularity >= np.quantile(made.popularity, 0.4)) & ~made.cover)
    vectors = np.hstack([made.features[rows] / _SCALE * 0.4, 0.5 * made.artist_sound[made.artist[rows]]])
    others, match = neighbours(made.genre[rows], vectors, 20)
    ids = [made.ids[row] for row in rows.tolist()]
    track_lists = as_lists(others, match, ids)
    return {
        "kind": ["artist"] * m + ["track"] * len(ids),
        "id": made.artist_ids + ids,
        "others": artist_lists[0] + track_lists[0],
        "matches": artist_lists[1] + track_lists[1],
    }


def _artist_means(made: Made) -> np.ndarray:
    """Mean features by artist (m, 9); the genre's prototype for artists without a track."""
    m = len(made.artist_ids)
    count = np.bincount(made.artist, minlength=m)
    sums = np.stack([np.bincount(made.artist, weights=column, minlength=m) for column in made.features.T], axis=1)
    return np.where(count[:, None] > 0, sums / np.maximum(count, 1)[:, None], genres.PROTOTYPE[made.artist_genre])


def _decade(year: int) -> str:
    return genres.DECADES[min(max((year - 1960) // 10, 0), 6)]
