"""The proposals of an assistant, until when it may be confirmed, and what became of it."""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.durations import MINUTE
from spotify_ai_pipeline.storage.state import State

ASSISTANT = "assistant"
LASTS = 10 * MINUTE
"""Seconds in which a proposal may be confirmed."""


@dataclass(frozen=True)
class Proposal:
    """Times are UTC seconds."""

    token: str
    said_by: str
    tool: str
    arguments: Mapping[str, Any]
    says: str
    """What would be done, in words."""
    proposed_at: float
    expires_at: float
    confirmed_at: float | None
    outcome: str | None


def propose(state: State, tool: str, arguments: Mapping[str, Any], says: str) -> Proposal:
    """Keeps what would be done, and gives it a token; nothing is done before ``confirm``."""
    token, now = secrets.token_hex(8), clock.now()
    with state.said() as connection:
        row = connection.execute(
            "INSERT INTO proposals (token, said_by, tool, arguments, says, proposed_at, expires_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING *",
            (token, ASSISTANT, tool, json.dumps(arguments), says, now, now + LASTS),
        ).fetchone()
    return _proposal(row)


def confirm(state: State, token: str) -> Proposal | None:
    """Takes the proposal, once; None where there is none that waits, or its time is over."""
    with state.said() as connection:
        row = connection.execute(
            "UPDATE proposals SET confirmed_at = ? WHERE token = ? AND confirmed_at IS NULL AND expires_at > ?"
            " RETURNING *",
            (clock.now(), token, clock.now()),
        ).fetchone()
    return _proposal(row) if row else None


def finish(state: State, token: str, outcome: str) -> None:
    """Notes what became of a proposal that was confirmed."""
    with state.said() as connection:
        connection.execute("UPDATE proposals SET outcome = ? WHERE token = ?", (outcome, token))


def latest(state: State, limit: int) -> list[Proposal]:
    """The proposals, the latest first."""
    rows = state.rows("SELECT * FROM proposals ORDER BY proposed_at DESC LIMIT ?", (limit,))
    return [_proposal(row) for row in rows]


def _proposal(row: sqlite3.Row) -> Proposal:
    values: dict[str, Any] = {**dict(row), "arguments": json.loads(row["arguments"])}
    return Proposal(**values)
