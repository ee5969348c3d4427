"""The made-up listener's library: likes, playlists with awkward rows, and friends."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ids import random_ids
from .catalogue import Made
from .listener import Plays

LISTENER = {
    "id": "otterling",
    "display_name": "Odalys Otterling",
    "lastfm_user": "otterling",
    "listenbrainz_user": "otterling",
}
_NAMES = [
    "Kitchen Slow Sundays",
    "Rainy Tram",
    "Evening Run",
    "Focus",
    "Night Bus",
    "Garden",
    "Old Favourites",
    "Loud",
    "Quiet",
    "Road to the Coast",
    "Tea & Toast",
    "Été",
    "Autumn Leaves",
    "Party <loud>",
    "Guitars",
    "Keys",
    "New Finds",
    "Sleep",
    "Sing-along",
    "Winter",
]
_DAY = 86_400
_FRIENDS = [
    ("brass_kettle", "Bertil"),
    ("mossandmoths", "Ilse"),
    ("tramline9", "Zoë"),
    ("hushhush", "Osric"),
    ("fernweh", "Fenna"),
]


def choose(rng: np.random.Generator, made: Made, love: np.ndarray, songs: int) -> tuple[np.ndarray, np.ndarray]:
    """The library (`songs` catalogue rows) and the songs beyond it that are met now and then (a sixth more)."""
    album_luck = rng.gumbel(0, 1.2, int(made.album.max()) + 1)[made.album]
    wish = love.max(axis=0)[made.artist] + album_luck + 0.02 * made.popularity + rng.gumbel(0, 0.7, len(made.ids))
    wish[made.cover] -= 20
    order = np.argsort(-wish, kind="stable")
    return np.sort(order[:songs]), np.sort(order[songs : songs + songs // 6])


def likes(rng: np.random.Generator, made: Made, liked: np.ndarray, plays: Plays, first: int) -> dict[str, Any]:
    """Columns of `likes`: a liked song was added some time after its first play, or early on when never played."""
    n = len(made.ids)
    heard = np.full(n, -1, np.int64)
    heard[plays.track[::-1]] = plays.started[::-1]
    lag = (rng.exponential(12, n) * _DAY).astype(np.int64)
    early = first + rng.integers(0, 200 * _DAY, n)
    added = np.minimum(np.where(heard < 0, early, heard + lag), int(plays.started[-1]))[liked]
    order = np.argsort(added, kind="stable")
    return {"track_id": [made.ids[r] for r in liked[order].tolist()], "added_at": added[order]}


def playlists(
    rng: np.random.Generator, made: Made, listed: np.ndarray, liked: np.ndarray, plays: Plays, first: int
) -> tuple[dict[str, list[Any]], dict[str, list[Any]]]:
    """Columns of `playlists` and `playlist_items`. Every song of `listed` is on one; "Best" holds the most played."""
    lists = {
        key: []
        for key in ("id", "name", "description", "owner_id", "owner_name", "public", "collaborative", "added_at")
    }
    items = {key: [] for key in ("playlist_id", "kind", "track_id", "title", "artist", "added_at", "added_by")}
    me, last = LISTENER["id"], int(plays.started[-1])
    ids = iter(random_ids(rng, len(_NAMES) + 4))

    def create(
        name: str, description: str = "", owner: str = me, collaborative: bool = False, public: bool = False
    ) -> str:
        values = (
            next(ids),
            name,
            description,
            owner,
            LISTENER["display_name"] if owner == me else owner.title(),
            public,
        )
        for key, value in zip(lists, (*values, collaborative, int(rng.integers(first, last))), strict=True):
            lists[key].append(value)
        return lists["id"][-1]

    def add(
        playlist: str, kind: str, track: str | None, title: str | None = None, artist: str | None = None, by: str = me
    ) -> None:
        added = lists["added_at"][lists["id"].index(playlist)]
        when = int(rng.integers(added, last + 1))
        for key, value in zip(items, (playlist, kind, track, title, artist, when, by), strict=True):
            items[key].append(value)

    def fill(playlist: str, rows: np.ndarray, by: str = me) -> None:
        for row in rows.tolist():
            add(playlist, "track", made.ids[row], by=by)

    count = np.bincount(plays.track[plays.ms_played >= 30_000], minlength=len(made.ids))
    mine = np.zeros(len(made.ids), bool)
    mine[listed] = mine[liked] = True
    fill(create("Best", "The ones that stay."), np.argsort(-(count * mine), kind="stable")[: min(100, int(mine.sum()))])

    genre_order = listed[np.argsort(made.genre[listed] + rng.normal(0, 1.5, len(listed)), kind="stable")]
    names = _NAMES[: max(3, min(len(_NAMES), len(listed) // 12))]
    for k, (name, rows) in enumerate(zip(names, np.array_split(genre_order, len(names)), strict=True)):
        playlist = create(name, "" if k % 3 else f"{name}, kept since {2015 + k}.", public=k % 4 == 0)
        fill(playlist, rows)
        if k == 0:
            _awkward(made, add, playlist, rows, taken_down(made, listed), next(ids))
    together = create("Long Drive (shared)", "Ours.", owner=me, collaborative=True)
    some = rng.choice(liked, min(40, len(liked)), replace=False)
    fill(together, some[::2])
    fill(together, some[1::2], by="fennaquill")
    theirs = create("Songs for Herons", "Kept by someone else.", owner="heronwatch", public=True)
    fill(theirs, rng.choice(len(made.ids), min(60, len(made.ids)), replace=False), by="heronwatch")
    return lists, items


def _awkward(made: Made, add: Any, playlist: str, rows: np.ndarray, gone: int, episode: str) -> None:
    """The rows that break naive readers: nothing, a local file, an episode, a taken-down track, a duplicate."""
    add(playlist, "missing", None)
    add(playlist, "local", None, "Demo tape side A", "My Garage")
    add(playlist, "episode", episode, "Episode 12: Herons at Dusk", "The Bird Hour")
    add(playlist, "track", made.ids[gone])
    add(playlist, "track", made.ids[int(rows[0])])


def taken_down(made: Made, listed: np.ndarray) -> int:
    """The catalogue row that is no longer playable: the least popular of the listed songs."""
    return int(listed[np.argmin(made.popularity[listed])])


def friends(
    rng: np.random.Generator, made: Made, plays: Plays, end: int
) -> tuple[dict[str, list[Any]], dict[str, list[Any]]]:
    """Columns of `friends` and `friend_plays`: a month of plays each, half of them of songs the listener knows."""
    table: dict[str, list[Any]] = {
        "user": [user for user, _ in _FRIENDS],
        "real_name": [name for _, name in _FRIENDS],
        "private": [user == "hushhush" for user, _ in _FRIENDS],
        "now_playing": [
            made.ids[int(rng.integers(len(made.ids)))] if k % 2 == 0 else None for k in range(len(_FRIENDS))
        ],
    }
    played: dict[str, list[Any]] = {"user": [], "started": [], "track_id": []}
    weight = made.popularity**2 * ~made.cover + 0.01
    for user, _ in _FRIENDS:
        shared = rng.choice(plays.track, 150)
        own = rng.choice(len(made.ids), 150, p=weight / weight.sum())
        started = np.sort(end - rng.integers(600, 30 * _DAY, 300))
        played["user"] += [user] * 300
        played["started"] += started.tolist()
        played["track_id"] += [made.ids[r] for r in rng.permutation(np.concatenate([shared, own])).tolist()]
    return table, played
