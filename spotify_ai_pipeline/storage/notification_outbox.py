"""The messages that the pipeline sends unasked: laid down here by sensors, sent by the bot."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from spotify_ai_pipeline.storage.state import State


@dataclass(frozen=True)
class Notification:
    message_id: int
    kind: str
    body: Mapping[str, Any]


def enqueue(state: State, kind: str, about: str, body: Mapping[str, Any], now: float, stale_at: float) -> bool:
    """Keeps a message until it is sent or ``stale_at`` (UTC seconds); False where the same was said before (``about``)."""
    with state.transaction() as connection:
        made = connection.execute(
            "INSERT INTO messages (kind, about, body, queued_at, stale_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (kind, about, json.dumps(body, default=str), now, stale_at),
        )
    return made.rowcount > 0


def known(state: State, about: str) -> bool:
    return bool(state.rows("SELECT 1 FROM messages WHERE about = ?", (about,)))


def count_since(state: State, kinds: Sequence[str], since: float) -> int:
    """Counts how many messages of ``kinds`` were laid down since then (UTC seconds)."""
    marks = ", ".join("?" * len(kinds))
    return state.rows(
        f"SELECT count(*) AS n FROM messages WHERE kind IN ({marks}) AND queued_at >= ?", (*kinds, since)
    )[0]["n"]


def waiting(state: State, now: float) -> list[Notification]:
    """Messages that were not sent yet and are not stale, oldest first."""
    rows = state.rows(
        "SELECT message_id, kind, body FROM messages WHERE sent_at IS NULL AND stale_at > ? ORDER BY message_id", (now,)
    )
    return [Notification(row["message_id"], row["kind"], json.loads(row["body"])) for row in rows]


def after(state: State, message_id: int, now: float) -> list[Notification]:
    """Messages later than ``message_id`` that are not stale, oldest first, be they sent by the bot or not."""
    rows = state.rows(
        "SELECT message_id, kind, body FROM messages WHERE message_id > ? AND stale_at > ? ORDER BY message_id",
        (message_id, now),
    )
    return [Notification(row["message_id"], row["kind"], json.loads(row["body"])) for row in rows]


def find(state: State, message_id: int) -> Notification | None:
    rows = state.rows("SELECT message_id, kind, body FROM messages WHERE message_id = ?", (message_id,))
    return Notification(rows[0]["message_id"], rows[0]["kind"], json.loads(rows[0]["body"])) if rows else None


def sent(state: State, message_id: int, now: float) -> None:
    with state.transaction() as connection:
        connection.execute("UPDATE messages SET sent_at = ? WHERE message_id = ?", (now, message_id))
