"""The mood that the listener named, until it expires or is taken back."""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass

from spotify_ai_pipeline.storage.state import State


@dataclass(frozen=True)
class SaidMood:
    """A mood in the listener's words; times are UTC seconds."""

    words: str
    said_at: float
    until: float


def say(state: State, words: str, seconds: float) -> SaidMood:
    """Puts a mood in force for so long; it takes the place of any other."""
    now = time.time()
    with state.transaction() as connection:
        _end_all(connection, now)
        connection.execute("INSERT INTO moods (words, said_at, until) VALUES (?, ?, ?)", (words, now, now + seconds))
    return SaidMood(words, now, now + seconds)


def clear(state: State) -> bool:
    """Takes the mood in force back; False where there is none."""
    with state.transaction() as connection:
        return _end_all(connection, time.time()) > 0


def in_force(state: State, now: float) -> SaidMood | None:
    """The mood that counts at ``now``."""
    rows = state.rows(
        "SELECT words, said_at, until FROM moods WHERE said_at <= ? AND until > ? AND ifnull(cleared_at, 1e18) > ?"
        " ORDER BY mood_id DESC LIMIT 1",
        (now, now, now),
    )
    return SaidMood(**dict(rows[0])) if rows else None


def _end_all(connection: sqlite3.Connection, now: float) -> int:
    return connection.execute(
        "UPDATE moods SET cleared_at = ? WHERE cleared_at IS NULL AND until > ?", (now, now)
    ).rowcount
