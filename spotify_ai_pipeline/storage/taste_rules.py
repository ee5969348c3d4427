"""The listener's lasting words on their taste, until they are switched off or expire. They count once agreed to."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.storage.state import State


@dataclass(frozen=True)
class KeptRule:
    """A rule in the listener's words, and what was understood; times are UTC seconds."""

    rule_id: int
    words: str
    rule: Mapping[str, Any]
    said_at: float
    until: float | None
    agreed_at: float | None
    ended_at: float | None


def propose(state: State, words: str, rule: Mapping[str, Any], until: float | None) -> int:
    """Keeps what was understood, and gives its number; it does not count before ``agree``."""
    with state.said() as connection:
        row = connection.execute(
            "INSERT INTO taste_rules (words, rule, said_at, until) VALUES (?, ?, ?, ?) RETURNING rule_id",
            (words, json.dumps(rule), clock.now(), until),
        ).fetchone()
    return int(row["rule_id"])


def agree(state: State, rule_id: int) -> bool:
    """The rule counts from now on; False where there is none, it counts already, or it was dropped."""
    with state.said() as connection:
        return (
            connection.execute(
                "UPDATE taste_rules SET agreed_at = ? WHERE rule_id = ? AND agreed_at IS NULL AND ended_at IS NULL",
                (clock.now(), rule_id),
            ).rowcount
            > 0
        )


def end(state: State, rule_id: int) -> bool:
    """Switches a rule off, or drops one that was not agreed to; False where it is over already."""
    with state.said() as connection:
        return (
            connection.execute(
                "UPDATE taste_rules SET ended_at = ? WHERE rule_id = ? AND ended_at IS NULL", (clock.now(), rule_id)
            ).rowcount
            > 0
        )


def find(state: State, rule_id: int) -> KeptRule | None:
    rows = state.rows("SELECT * FROM taste_rules WHERE rule_id = ?", (rule_id,))
    return _kept(rows[0]) if rows else None


def in_force(state: State, now: float) -> list[KeptRule]:
    """The rules that count at ``now``, the oldest first."""
    rows = state.rows(
        "SELECT * FROM taste_rules WHERE agreed_at <= ? AND ifnull(until, 1e18) > ? AND ifnull(ended_at, 1e18) > ?"
        " ORDER BY rule_id",
        (now, now, now),
    )
    return [_kept(row) for row in rows]


def _kept(row: sqlite3.Row) -> KeptRule:
    return KeptRule(**{**dict(row), "rule": json.loads(row["rule"])})
