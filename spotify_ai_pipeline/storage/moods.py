"""The mood that the listener named, until it expires or is taken back."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.storage.state import State

LEXICON, ENCODER, LISTENER = "lexicon", "lexicon and encoder", "you"
"""Readers of a mood's words, beside Claude."""


@dataclass(frozen=True)
class SaidMood:
    """A mood in the listener's words; times are UTC seconds."""

    words: str
    said_at: float
    until: float
    wish: Mapping[str, Any] | None = None
    """What was understood of it; None where that was not kept."""


def say(state: State, words: str, seconds: float, wish: Mapping[str, Any] | None = None) -> SaidMood:
    """Puts a mood in force for so long; it takes the place of any other."""
    now = clock.now()
    with state.said() as connection:
        _end_all(connection, now)
        connection.execute(
            "INSERT INTO moods (words, said_at, until, wish) VALUES (?, ?, ?, ?)",
            (words, now, now + seconds, json.dumps(wish) if wish is not None else None),
        )
    return SaidMood(words, now, now + seconds, wish)


def clear(state: State) -> bool:
    """Takes the mood in force back; False where there is none."""
    with state.said() as connection:
        return _end_all(connection, clock.now()) > 0


def in_force(state: State, now: float) -> SaidMood | None:
    """The mood that counts at ``now``."""
    rows = state.rows(
        "SELECT words, said_at, until, wish FROM moods WHERE said_at <= ? AND until > ? AND ifnull(cleared_at, 1e18) > ?"
        " ORDER BY mood_id DESC LIMIT 1",
        (now, now, now),
    )
    if not rows:
        return None
    row = rows[0]
    return SaidMood(row["words"], row["said_at"], row["until"], json.loads(row["wish"]) if row["wish"] else None)


def _end_all(connection: sqlite3.Connection, now: float) -> int:
    return connection.execute(
        "UPDATE moods SET cleared_at = ? WHERE cleared_at IS NULL AND until > ?", (now, now)
    ).rowcount
