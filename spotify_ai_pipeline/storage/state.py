"""Said things: verdicts, queue, overrides, ledger, cool-downs, in one SQLite file in WAL mode.

Many processes write at once (command line, bot, dashboard, runs): every write is one short ``BEGIN IMMEDIATE``
transaction on a connection of its own thread. The schema grows by the numbered files in ``migrations/``.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.errors import Corrupt, ExpectedError, UserError
from spotify_ai_pipeline.storage.durable import make_folder, sync_folder

BUSY_SECONDS = 30


class StateError(ExpectedError):
    """The state file cannot be used. The message says where it is and what to do."""


class StateDamaged(StateError, Corrupt):
    """The file is no database."""


class StateLost(StateError, Corrupt):
    """The file is gone or empty, and what was made with it is there."""


class StateTooNew(StateError, UserError):
    """A newer version of this program wrote the file."""


class State:
    """The state file at ``path``, migrated to the newest schema when opened.

    Raises ``StateError`` where the file is no database or was written by a newer version.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()
        make_folder(path.parent)
        try:
            if not path.exists():
                path.touch(
                    mode=0o600
                )  # what was said is the listener's alone; SQLite gives its side files the same mode
                sync_folder(path.parent)
            self._migrate()
        except sqlite3.DatabaseError as error:
            raise StateDamaged(
                f"{path}: cannot be used as the state ({error}); restore a backup (`spotify-ai restore --replace FILE`)"
                " or move it away"
            ) from None

    @property
    def connection(self) -> sqlite3.Connection:
        """This thread's connection."""
        if (connection := getattr(self._local, "connection", None)) is None:
            connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            self._local.connection = connection
        return connection

    @contextmanager
    def transaction(self) -> Generator[sqlite3.Connection]:
        """All that is written inside is kept, or nothing of it."""
        connection = self.connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")

    @contextmanager
    def said(self) -> Generator[sqlite3.Connection]:
        """Does as ``transaction``, for a person's word, what we are about to write for them, and money: it is on the disk when
        the block ends. A power cut may take the newest of the others, each of which is quicker by a sync."""
        self.connection.execute("PRAGMA synchronous = FULL")
        try:
            with self.transaction() as connection:
                yield connection
        finally:
            self.connection.execute("PRAGMA synchronous = NORMAL")

    def rows(self, query: str, parameters: Sequence[object] = ()) -> list[sqlite3.Row]:
        return self.connection.execute(query, parameters).fetchall()

    def fact(self, name: str) -> Any:
        """The single fact ``name``, or None."""
        found = self.rows("SELECT value FROM facts WHERE name = ?", (name,))
        return json.loads(found[0]["value"]) if found else None

    def set_fact(self, name: str, value: object) -> None:
        with self.said() as connection:
            connection.execute("INSERT OR REPLACE INTO facts VALUES (?, ?, ?)", (name, json.dumps(value), clock.now()))

    def overrides(self) -> dict[str, Any]:
        """Settings changed from the command line, by dotted key."""
        return {row["key"]: json.loads(row["value"]) for row in self.rows("SELECT key, value FROM overrides")}

    def set_override(self, key: str, value: object) -> None:
        with self.said() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO overrides VALUES (?, ?, ?)", (key, json.dumps(value), clock.now())
            )

    def unset_override(self, key: str) -> bool:
        with self.said() as connection:
            return connection.execute("DELETE FROM overrides WHERE key = ?", (key,)).rowcount > 0

    def _migrate(self) -> None:
        scripts = migrations()
        known, newest = self._version(), newest_schema()
        if known > newest:
            raise StateTooNew(
                f"{self.path}: written by a newer version (schema {known}, this one knows {newest}); upgrade"
            )
        for number in sorted(number for number in scripts if number > known):
            with self.transaction() as connection:
                if self._version() < number:  # another process may have been first
                    for statement in _statements(scripts[number].read_text(encoding="utf-8")):
                        connection.execute(statement)
                    connection.execute(f"PRAGMA user_version = {number}")

    def _version(self) -> int:
        return self.connection.execute("PRAGMA user_version").fetchone()[0]


def migrations() -> dict[int, Traversable]:
    """The scripts of ``migrations/`` by number."""
    found = files("spotify_ai_pipeline.storage").joinpath("migrations").iterdir()
    return {int(script.name.split("_")[0]): script for script in found if script.name.endswith(".sql")}


def newest_schema() -> int:
    """The schema that this version of the program writes."""
    return max(migrations())


def _statements(script: str) -> Iterator[str]:
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
