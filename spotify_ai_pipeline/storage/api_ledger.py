"""The ledger of calls: what each service was asked today, when it may be asked next, and which ones asked for a pause.

It owns the tables ``api_calls``, ``pace`` and ``cooldowns``. All processes share it, and it survives restarts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from spotify_ai_pipeline.durations import DAY
from spotify_ai_pipeline.storage.state import State


@dataclass(frozen=True)
class Pause:
    """A service may not be called before ``until`` (UTC seconds)."""

    until: float
    reason: str


@dataclass(frozen=True)
class Usage:
    """The calls of one kind (read or write) that a service was sent on one day, and how many of them failed."""

    service: str
    kind: str
    calls: int
    failures: int


def take_turn(
    state: State, service: str, kind: str, now: float, *, budget: int, calls_per_second: float, longest_wait: float
) -> float | Pause:
    """Enters one call and gives the seconds until its turn, or the pause that forbids it.

    One transaction, so that processes side by side keep one budget and one pace. No turn is further away than
    ``longest_wait`` seconds: a clock that was set back must not stop the calls for long.
    """
    with state.transaction() as connection:
        for row in connection.execute(
            "SELECT until, reason FROM cooldowns WHERE service = ? AND until > ?", (service, now)
        ):
            return Pause(row["until"], row["reason"])
        used = connection.execute(
            "SELECT calls FROM api_calls WHERE day = ? AND service = ? AND kind = ?", (_day(now), service, kind)
        ).fetchone()
        if used and used["calls"] >= budget:
            return Pause((now // DAY + 1) * DAY, f"the day's budget of {budget} {kind} calls is used up")
        pace = connection.execute("SELECT next_call FROM pace WHERE service = ?", (service,)).fetchone()
        turn = min(max(now, pace["next_call"] if pace else 0), now + longest_wait)
        connection.execute("INSERT OR REPLACE INTO pace VALUES (?, ?)", (service, turn + 1 / calls_per_second))
        connection.execute(
            "INSERT INTO api_calls VALUES (?, ?, ?, 1, 0) ON CONFLICT DO UPDATE SET calls = calls + 1",
            (_day(now), service, kind),
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
    with state.transaction() as connection:
        connection.execute("INSERT OR REPLACE INTO cooldowns VALUES (?, ?, ?)", (service, pause.until, pause.reason))


def usage(state: State, now: float) -> list[Usage]:
    """What each service was sent on the day (UTC) of ``now``."""
    rows = state.rows("SELECT service, kind, calls, failures FROM api_calls WHERE day = ?", (_day(now),))
    return [Usage(**dict(row)) for row in rows]


def calls_of(state: State, service: str, kind: str, now: float) -> int:
    """The calls of ``kind`` that ``service`` was sent on the day of ``now``."""
    return sum(one.calls for one in usage(state, now) if (one.service, one.kind) == (service, kind))


def pauses(state: State, now: float) -> dict[str, Pause]:
    """The services that may not be called at ``now``."""
    rows = state.rows("SELECT service, until, reason FROM cooldowns WHERE until > ?", (now,))
    return {row["service"]: Pause(row["until"], row["reason"]) for row in rows}


def _day(now: float) -> str:
    return f"{datetime.fromtimestamp(now, UTC):%Y-%m-%d}"
