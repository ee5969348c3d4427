"""Answers that services gave, by identity, so that a run that was cut pays for nothing twice.

One SQLite file below the data root that may be removed at any time: all in it can be asked for again. So one that is damaged
is put aside and made anew, by whoever meets it first.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.durations import DAY
from spotify_ai_pipeline.storage import sqlite_files

T = TypeVar("T")
WHAT_IT_IS = "its answers are asked for again when they are needed"

ASK_AT_ONCE = 500
NOT_THERE_DAYS = 90.0
"""Days that "there is no such thing" is believed."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS answers (
    kind TEXT NOT NULL,             -- service and method: reccobeats audio-features
    key TEXT NOT NULL,              -- what was asked about: a Spotify id, an artist
    answer TEXT NOT NULL,           -- JSON; null: the service said that there is no such thing
    expires_at REAL,                -- UTC seconds; null: for good
    PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS answers_by_expiry ON answers (expires_at);
"""


class ResponseCache:
    """The answers kept in the file at ``path``."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()

    def get(self, kind: str, keys: Collection[str]) -> dict[str, Any]:
        """The answers known of ``keys``; None is a known "there is no such thing"."""
        wanted, found = list(keys), dict[str, Any]()
        for start in range(0, len(wanted), ASK_AT_ONCE):
            batch = wanted[start : start + ASK_AT_ONCE]
            query = (
                "SELECT key, answer FROM answers WHERE kind = ? AND (expires_at IS NULL OR expires_at > ?)"
                f" AND key IN ({', '.join('?' * len(batch))})"
            )
            values = (kind, clock.now(), *batch)
            rows = self._mending(
                lambda connection, query=query, values=values: connection.execute(query, values).fetchall()
            )
            for key, answer in rows:
                with suppress(ValueError):  # a damaged page may read as text: what is no answer is asked for again
                    found[key] = json.loads(answer)
        return found

    def put(self, kind: str, answers: Mapping[str, Any], days: float | None = None) -> None:
        """Keeps ``answers`` for ``days`` (None: for good), and lets go of what has expired. None as an answer says that the
        service knows of no such thing: it is believed for ``NOT_THERE_DAYS``, whatever ``days`` says."""
        now = clock.now()
        until = None if days is None else now + days * DAY
        rows = [
            (kind, key, json.dumps(answer), now + NOT_THERE_DAYS * DAY if answer is None else until)
            for key, answer in answers.items()
        ]

        def write(connection: sqlite3.Connection) -> None:
            with connection:
                connection.execute("DELETE FROM answers WHERE expires_at < ?", (now,))
                connection.executemany("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?)", rows)

        self._mending(write)

    def _mending(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """``work`` on this thread's connection; once more on a new file where this one is damaged."""
        try:
            return work(self._connection)
        except sqlite3.DatabaseError as error:
            if not sqlite_files.is_damage(error):
                raise
            if (connection := vars(self._local).pop("connection", None)) is not None:
                connection.close()
            if harm := sqlite_files.harm(self.path):  # else another process was first
                sqlite_files.put_aside(self.path, harm, WHAT_IT_IS)
        return work(self._connection)

    @property
    def _connection(self) -> sqlite3.Connection:
        """This thread's connection."""
        if (connection := getattr(self._local, "connection", None)) is None:
            connection = sqlite3.connect(self.path, timeout=30)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.executescript(SCHEMA)
            self._local.connection = connection
        return connection
