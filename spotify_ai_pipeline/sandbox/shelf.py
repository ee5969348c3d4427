"""The listener's library and playlists as they are now."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import astuple, dataclass, replace

from . import clock
from .changes import snapshot_id
from .ids import new_id


@dataclass(frozen=True)
class Item:
    """One row of a playlist. Its number stays with it through every reordering."""

    id: int
    kind: str  # track | local | episode | missing
    track_id: str | None
    title: str | None
    artist: str | None
    added_at: int
    added_by: str

    @property
    def uri(self) -> str:
        """The Spotify URI of what the row holds, "" when it holds nothing."""
        if self.kind == "local":
            return "spotify:local:::" + (self.title or "").replace(" ", "+") + ":"
        return f"spotify:{self.kind}:{self.track_id}" if self.track_id else ""


@dataclass(frozen=True)
class Playlist:
    """A playlist without its items."""

    id: str
    name: str
    description: str
    owner_id: str
    owner_name: str
    public: bool
    collaborative: bool
    snapshot_id: str


@dataclass(frozen=True)
class Quirks:
    """The trouble that a reader of playlists meets on purpose."""

    lag_s: float = 0.0  # a change is not shown for so long
    lag_snapshots: bool = False  # nor is its snapshot id
    nulls: frozenset[str] = frozenset()  # track ids whose rows are shown without an item
    unkept: frozenset[str] = frozenset()  # track ids that are taken and not kept


class Shelf:
    """Likes and playlists, in memory for reading; every change is committed before the method returns."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self.saved: dict[str, int] = dict(db.execute("SELECT uri, added_at FROM saved"))
        self.playlists: dict[str, Playlist] = {}
        for row in db.execute("SELECT * FROM playlist"):
            stored = Playlist(*row)
            self.playlists[stored.id] = replace(
                stored, public=bool(stored.public), collaborative=bool(stored.collaborative)
            )
        self._items = {row[0]: Item(*row) for row in db.execute("SELECT * FROM item")}
        self._order = {key: self._version(key, p.snapshot_id) or [] for key, p in self.playlists.items()}
        self._likes: list[tuple[str, int]] | None = None
        self.quirks = Quirks()
        self._past: dict[str, list[tuple[float, list[int], str]]] = {}  # (until when, rows, snapshot id), oldest first

    @property
    def likes(self) -> list[tuple[str, int]]:
        """Liked track ids with the second they were added, newest first."""
        if self._likes is None:
            tracks = [(uri[14:], at) for uri, at in self.saved.items() if uri.startswith("spotify:track:")]
            self._likes = sorted(tracks, key=lambda pair: pair[1], reverse=True)
        return self._likes

    @property
    def listed(self) -> list[Playlist]:
        """The playlists the listener owns or follows, newest first."""
        listed = [(at, uri[17:]) for uri, at in self.saved.items() if uri.startswith("spotify:playlist:")]
        return [self.playlists[key] for _, key in sorted(listed, key=lambda pair: -pair[0]) if key in self.playlists]

    def save(self, uris: Iterable[str]) -> None:
        """Adds to the library what is not in it."""
        now = int(clock.now())
        fresh = [(uri, now) for uri in dict.fromkeys(uris) if uri not in self.saved]
        self._transact(lambda: self._db.executemany("INSERT INTO saved VALUES (?, ?)", fresh))
        self.saved.update(fresh)
        self._likes = None

    def drop(self, uris: Iterable[str]) -> None:
        """Takes out of the library; a playlist dropped is unfollowed, and stays reachable by its id."""
        gone = list(uris)
        self._transact(lambda: self._db.executemany("DELETE FROM saved WHERE uri = ?", [(uri,) for uri in gone]))
        for uri in gone:
            self.saved.pop(uri, None)
        self._likes = None

    def items(self, playlist_id: str, start: int = 0, stop: int | None = None) -> list[Item]:
        """The rows [start, stop) of a playlist."""
        return [self._items[key] for key in self._order[playlist_id][start:stop]]

    def length(self, playlist_id: str) -> int:
        """Tells how many rows a playlist has."""
        return len(self._order[playlist_id])

    def shown(self, playlist_id: str) -> tuple[list[Item], str]:
        """The rows and the snapshot id of a playlist as they are shown to a reader now."""
        now = self._order[playlist_id], self.playlists[playlist_id].snapshot_id
        since = clock.now() - self.quirks.lag_s
        order, snapshot = next(((old, name) for at, old, name in self._past.get(playlist_id, []) if at > since), now)
        rows = [self._items[key] for key in order]
        rows = [
            replace(row, kind="missing", track_id=None) if row.track_id in self.quirks.nulls else row for row in rows
        ]
        return rows, snapshot if self.quirks.lag_snapshots else now[1]

    def create(
        self, name: str, description: str, owner: tuple[str, str], *, public: bool, collaborative: bool
    ) -> Playlist:
        """A new empty playlist of `owner` (id, display name), in the library."""
        playlist = Playlist(new_id(), name, description, *owner, public, collaborative, "")
        self._order[playlist.id] = []
        stored = self._store(playlist, [])
        self.save([f"spotify:playlist:{stored.id}"])
        return stored

    def describe(self, playlist: Playlist) -> Playlist:
        """Stores the changed details of a playlist under a new snapshot id."""
        return self._store(playlist, self._order[playlist.id])

    def at_snapshot(self, playlist_id: str, snapshot_id: str) -> list[Item] | None:
        """The rows of a playlist at an earlier snapshot, None when it never had that one."""
        order = self._version(playlist_id, snapshot_id)
        return None if order is None else [self._items[key] for key in order]

    def rearrange(self, playlist_id: str, items: list[Item]) -> Playlist:
        """Gives a playlist these rows in this order; rows numbered 0 are new. Returns it with its new snapshot id."""
        next_id = max(self._items, default=0) + 1
        fresh: list[Item] = []
        order: list[int] = []
        for item in items:
            if item.id == 0 and item.track_id in self.quirks.unkept:
                continue
            if item.id == 0:
                item = replace(item, id=next_id + len(fresh))
                fresh.append(item)
            order.append(item.id)
        return self._store(self.playlists[playlist_id], order, fresh)

    def _store(self, playlist: Playlist, order: list[int], fresh: list[Item] | None = None) -> Playlist:
        (versions,) = self._db.execute("SELECT count(*) FROM version WHERE playlist_id = ?", (playlist.id,)).fetchone()
        playlist = replace(playlist, snapshot_id=snapshot_id(playlist.id, versions))
        rows = [astuple(item) for item in fresh or []]

        def write() -> None:
            self._db.executemany("INSERT INTO item VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
            self._db.execute("INSERT OR REPLACE INTO playlist VALUES (?, ?, ?, ?, ?, ?, ?, ?)", astuple(playlist))
            self._db.execute("INSERT INTO version VALUES (?, ?, ?)", (playlist.id, playlist.snapshot_id, str(order)))

        self._transact(write)
        self._items.update((item.id, item) for item in fresh or [])
        if self.quirks.lag_s and playlist.id in self.playlists:
            past = self._past.setdefault(playlist.id, [])
            past.append((clock.now(), self._order[playlist.id], self.playlists[playlist.id].snapshot_id))
        self._order[playlist.id] = order
        self.playlists[playlist.id] = playlist
        return playlist

    def _transact(self, write: Callable[[], object]) -> None:
        """All of `write` or nothing."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            write()
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def _version(self, playlist_id: str, snapshot_id: str) -> list[int] | None:
        row = self._db.execute(
            "SELECT items FROM version WHERE playlist_id = ? AND snapshot_id = ?", (playlist_id, snapshot_id)
        ).fetchone()
        return None if row is None else json.loads(row[0])
