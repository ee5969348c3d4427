"""The ledger of calls: what each service was asked today, when it may be asked next, and which ones asked for a pause.

It owns the tables ``api_calls``, ``pace`` and ``cooldowns``. All processes share it, and it survives restarts. A service may
have buckets, parts that it counts apart: their rows bear the name ``service/bucket``, beside those of the service.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime

from spotify_ai_pipeline.durations import DAY
from spotify_ai_pipeline.storage.state import State

LONGEST_PAUSE = 7 * DAY
"""No pause is longer. A row that says otherwise was written by a clock that was wrong, or by no program: it is none."""


@dataclass(frozen=True)
class Pause:
    """A service, or one bucket of it, may not be called before ``until`` (UTC seconds)."""

    until: float
    reason: str
    bucket: str = ""


@dataclass(frozen=True)
class Usage:
    """The calls of one kind (read or write) that a service (or ``service/bucket``) was sent on one day, and how many of them
    failed."""

    service: str
    kind: str
    calls: int
    failures: int


def take_turn(
    state: State,
    service: str,
    kind: str,
    now: float,
    *,
    budget: int,
    calls_per_second: float,
    longest_wait: float,
    bucket: str = "",
) -> float | Pause:
    """Enters one call and gives the seconds until its turn, or the pause that forbids it.

    One transaction, so that processes side by side keep one budget and one pace. No turn is further away than
    ``longest_wait`` seconds: a clock that was set back must not stop the calls for long.
    """
    with state.transaction() as connection:
        names = [service, f"{service}/{bucket}"] if bucket else [service]
        for row in connection.execute(
            f"SELECT service, until, reason FROM cooldowns WHERE service IN ({', '.join('?' * len(names))})"
            " AND until > ? AND until <= ? ORDER BY until DESC",
            (*names, now, now + LONGEST_PAUSE),
        ):
            return _pause(row)
        used = connection.execute(
            "SELECT calls FROM api_calls WHERE day = ? AND service = ? AND kind = ?", (_day(now), service, kind)
        ).fetchone()
        if used and used["calls"] >= budget:
            return Pause((now // DAY + 1) * DAY, f"the day's budget of {budget} {kind} calls is used up")
        pace = connection.execute("SELECT next_call FROM pace WHERE service = ?", (service,)).fetchone()
        turn = min(max(now, pace["next_call"] if pace else 0), now + longest_wait)
        connection.execute("INSERT OR REPLACE INTO pace VALUES (?, ?)", (service, turn + 1 / calls_per_second))
        connection.executemany(
            "INSERT INTO api_calls VALUES (?, ?, ?, 1, 0) ON CONFLICT DO UPDATE SET calls = calls + 1",
            [(_day(now), name, kind) for name in names],
        )
    return turn - now


def record_failure(state: State, service: str, kind: str, now: float) -> None:
    """Enters that a call failed."""
    with state.transaction() as connection:
        connection.execute(
            "INSERT INTO api_calls VALUES (?, ?, ?, 0, 1) ON CONFLICT DO UPDATE SET failures = failures + 1",
            (_day(now), service, kind),
        )


def record_pause(state: State, service: str, pause: Pause) -> None:
    """Keeps the pause that a service asked for, for all processes."""
    name = f"{service}/{pause.bucket}" if pause.bucket else service
    with state.transaction() as connection:
        connection.execute("INSERT OR REPLACE INTO cooldowns VALUES (?, ?, ?)", (name, pause.until, pause.reason))


def clear_pauses(state: State) -> list[str]:
    """Ends every pause; gives the services (or ``service/bucket``) that had one."""
    with state.transaction() as connection:
        return sorted(row["service"] for row in connection.execute("DELETE FROM cooldowns RETURNING service"))


def usage(state: State, now: float) -> list[Usage]:
    """Gives what each service was sent on the day (UTC) of ``now``."""
    rows = state.rows("SELECT service, kind, calls, failures FROM api_calls WHERE day = ?", (_day(now),))
    return [Usage(**dict(row)) for row in rows]


def calls_of(state: State, service: str, kind: str, now: float) -> int:
    """The calls of ``kind`` that ``service`` was sent on the day of ``now``."""
    return sum(one.calls for one in usage(state, now) if (one.service, one.kind) == (service, kind))


def pauses(state: State, now: float) -> dict[str, Pause]:
    """The services (or ``service/bucket``) that may not be called at ``now``."""
    rows = state.rows(
        "SELECT service, until, reason FROM cooldowns WHERE until > ? AND until <= ?", (now, now + LONGEST_PAUSE)
    )
    return {row["service"]: _pause(row) for row in rows}


def _pause(row: sqlite3.Row) -> Pause:
    return Pause(row["until"], row["reason"], row["service"].partition("/")[2])


def _day(now: float) -> str:
    return f"{datetime.fromtimestamp(now, UTC):%Y-%m-%d}"
