"""The changes while the sandbox runs, in `WORLD/changes.sqlite`: library, playlists, tokens.

The first start copies the likes and playlists of the world there; from then on the file is what counts, so that a
restart continues where the last answer left off.
"""

from __future__ import annotations

import base64
import hashlib
import sqlite3
from pathlib import Path

import polars as pl

from .errors import WorldError

_TABLES = """
CREATE TABLE saved (uri TEXT PRIMARY KEY, added_at INTEGER NOT NULL) STRICT;
CREATE TABLE playlist (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, description TEXT NOT NULL, owner_id TEXT NOT NULL,
    owner_name TEXT NOT NULL, public INTEGER NOT NULL, collaborative INTEGER NOT NULL, snapshot_id TEXT NOT NULL
) STRICT;
CREATE TABLE item (
    id INTEGER PRIMARY KEY, kind TEXT NOT NULL, track_id TEXT, title TEXT, artist TEXT,
    added_at INTEGER NOT NULL, added_by TEXT NOT NULL
) STRICT;
CREATE TABLE version (
    playlist_id TEXT NOT NULL, snapshot_id TEXT NOT NULL, items TEXT NOT NULL, PRIMARY KEY (playlist_id, snapshot_id)
) STRICT;
CREATE TABLE code (
    code TEXT PRIMARY KEY, client_id TEXT NOT NULL, redirect_uri TEXT NOT NULL, scope TEXT NOT NULL,
    issued_at REAL NOT NULL
) STRICT;
CREATE TABLE refresh (
    token TEXT PRIMARY KEY, client_id TEXT NOT NULL, scope TEXT NOT NULL, authorized_at REAL NOT NULL
) STRICT;
CREATE TABLE access (token TEXT PRIMARY KEY, scope TEXT, expires_at REAL NOT NULL) STRICT;
PRAGMA user_version = 1;
"""


def open_changes(folder: Path, tables: dict[str, pl.DataFrame]) -> sqlite3.Connection:
    """The changes of the world in `folder`, begun from its tables when there are none yet. Raises WorldError."""
    path = folder / "changes.sqlite"
    try:
        # One event loop serves every request, so the connection is never used by two threads at once.
        db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        if db.execute("PRAGMA user_version").fetchone()[0] == 0:
            _begin(db, tables)
    except sqlite3.Error as problem:
        raise WorldError(f"{path} cannot be used ({problem}): make its folder writable, or remove the file.") from None
    return db


def snapshot_id(playlist_id: str, number: int) -> str:
    """An opaque change token in the form of Spotify's, that of version `number` of a playlist: no draw, so that the same
    world, changed in the same way, answers the same."""
    return base64.b64encode(hashlib.blake2b(f"{playlist_id} {number}".encode(), digest_size=18).digest()).decode()


def _begin(db: sqlite3.Connection, tables: dict[str, pl.DataFrame]) -> None:
    lists, items = tables["playlists"], tables["playlist_items"].with_row_index("row", offset=1)
    uris = tables["likes"].select(pl.format("spotify:track:{}", "track_id"), "added_at").rows()
    uris += lists.select(pl.format("spotify:playlist:{}", "id"), "added_at").rows()
    members = {str(key): rows["row"].to_list() for (key,), rows in items.group_by("playlist_id", maintain_order=True)}
    db.execute("BEGIN IMMEDIATE")
    for statement in filter(str.strip, _TABLES.split(";")):
        db.execute(statement)
    db.executemany("INSERT INTO saved VALUES (?, ?)", uris)
    db.executemany(
        "INSERT INTO item VALUES (?, ?, ?, ?, ?, ?, ?)",
        items.select("row", "kind", "track_id", "title", "artist", "added_at", "added_by").rows(),
    )
    columns = ["id", "name", "description", "owner_id", "owner_name", "public", "collaborative"]
    for values in lists.select(columns).rows():
        snapshot = snapshot_id(str(values[0]), 0)
        db.execute("INSERT INTO playlist VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (*values, snapshot))
        db.execute("INSERT INTO version VALUES (?, ?, ?)", (values[0], snapshot, str(members.get(values[0], []))))
    db.execute("COMMIT")
