"""The plays of which the listener says that they were not theirs, and of which spans no source could tell."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.music.plays.exclusion import Rule
from spotify_ai_pipeline.storage.state import State


@dataclass(frozen=True)
class Exclusion:
    """A rule in force."""

    exclusion_id: int
    label: str
    said_at: float
    rule: Rule


def exclude(state: State, rule: Rule, label: str) -> int:
    """Puts ``rule`` in force and gives its number; one that is in force already keeps its own."""
    since, until = (moment.timestamp() if moment else None for moment in (rule.since, rule.until))
    with state.said() as connection:
        connection.execute(
            "INSERT OR IGNORE INTO exclusions (kind, value, label, since, until, said_at) VALUES (?, ?, ?, ?, ?, ?)",
            (rule.kind, rule.value, label, since, until, clock.now()),
        )
        return connection.execute(
            "SELECT exclusion_id FROM exclusions WHERE undone_at IS NULL AND kind = ? AND value = ?"
            " AND since IS ? AND until IS ?",
            (rule.kind, rule.value, since, until),
        ).fetchone()[0]


def undo(state: State, exclusion_id: int) -> bool:
    """Takes a rule back; False where there is none in force of that number."""
    with state.said() as connection:
        return (
            connection.execute(
                "UPDATE exclusions SET undone_at = ? WHERE exclusion_id = ? AND undone_at IS NULL",
                (clock.now(), exclusion_id),
            ).rowcount
            > 0
        )


def in_force(state: State) -> list[Exclusion]:
    """The rules that count now, oldest first."""
    rows = state.rows("SELECT * FROM exclusions WHERE undone_at IS NULL ORDER BY exclusion_id")
    return [
        Exclusion(
            row["exclusion_id"],
            row["label"],
            row["said_at"],
            Rule(row["kind"], row["value"], _moment(row["since"]), _moment(row["until"])),
        )
        for row in rows
    ]


def it_was_me(state: State, rule: Rule) -> None:
    """Keeps that the listens of ``rule`` were the listener's own; said twice it is kept once."""
    since, until = (moment.timestamp() if moment else 0.0 for moment in (rule.since, rule.until))
    with state.said() as connection:
        connection.execute(
            "INSERT OR IGNORE INTO was_me VALUES (?, ?, ?, ?, ?)", (rule.kind, rule.value, since, until, clock.now())
        )


def settled(state: State) -> list[Rule]:
    """Gives what the listener has judged already: rules that are or were in force, and what was theirs."""
    rows = state.rows(
        "SELECT kind, value, since, until FROM exclusions UNION"
        " SELECT kind, value, nullif(since, 0), nullif(until, 0) FROM was_me"
    )
    return [Rule(row["kind"], row["value"], _moment(row["since"]), _moment(row["until"])) for row in rows]


def note_gap(state: State, source: str, since: datetime, until: datetime) -> None:
    """Records that ``source`` may have forgotten plays between two moments; the same gap twice is one."""
    with state.said() as connection:
        connection.execute(
            "INSERT OR REPLACE INTO gaps VALUES (?, ?, ?, ?)",
            (source, since.timestamp(), until.timestamp(), clock.now()),
        )


def gaps(state: State, source: str) -> list[tuple[datetime, datetime]]:
    """The gaps of ``source``, oldest first."""
    rows = state.rows("SELECT since, until FROM gaps WHERE source = ? ORDER BY since", (source,))
    return [(datetime.fromtimestamp(row["since"], UTC), datetime.fromtimestamp(row["until"], UTC)) for row in rows]


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
