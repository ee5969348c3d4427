"""Records of services that the sieve put aside: where each stood, why, and how many there were of how many.

It owns the tables ``sieved`` and ``quarantined``. Records of files lie in the lake (``datasets.QUARANTINE``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from spotify_ai_pipeline.durations import DAY
from spotify_ai_pipeline.storage import alerts
from spotify_ai_pipeline.storage.state import State

KEPT_DAYS = 90
MOST_KEPT = 10_000
ALERT_SHARE, ALERT_LEAST = 0.05, 3
"""An alert is raised where more than this share of a day's records is put aside, and at least so many."""


@dataclass(frozen=True)
class Put:
    """A record that was put aside."""

    source: str
    place: str
    reason: str
    seen_at: float


@dataclass(frozen=True)
class Share:
    """The records of a source, and those of them that were put aside."""

    source: str
    records: int
    quarantined: int


def record(state: State, source: str, records: int, broken: Sequence[tuple[str, str]], now: float) -> None:
    """Counts ``records`` of ``source``, of which ``broken`` (place, reason) were put aside. Raises or ends the alert."""
    day = _day(now)
    with state.transaction() as connection:
        connection.execute(
            "INSERT INTO sieved VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE"
            " SET records = records + excluded.records, quarantined = quarantined + excluded.quarantined",
            (day, source, records, len(broken)),
        )
        if broken:
            rows = [(source, place, reason, now) for place, reason in broken]
            connection.executemany("INSERT OR REPLACE INTO quarantined VALUES (?, ?, ?, ?)", rows)
            connection.execute("DELETE FROM quarantined WHERE seen_at < ?", (now - KEPT_DAYS * DAY,))
            connection.execute(
                "DELETE FROM quarantined WHERE seen_at < (SELECT seen_at FROM quarantined ORDER BY seen_at DESC"
                " LIMIT 1 OFFSET ?)",
                (MOST_KEPT,),
            )
            connection.execute("DELETE FROM sieved WHERE day < ?", (_day(now - KEPT_DAYS * DAY),))
        today = connection.execute(
            "SELECT records, quarantined FROM sieved WHERE day = ? AND source = ?", (day, source)
        ).fetchone()
    aside, read = today["quarantined"], today["records"]
    if aside >= ALERT_LEAST and aside > ALERT_SHARE * read:
        alerts.raise_alert(
            state,
            alert_of(source),
            f"{aside:,} of the {read:,} records that {source} sent today cannot be read and are left out"
            f" ({broken[0][1] if broken else 'see why'}); `spotify-ai gaps` lists them. A newer version may read them",
        )
    elif not broken:
        alerts.resolve_alert(state, alert_of(source))


def alert_of(source: str) -> str:
    """The name of the alert that much of what ``source`` sends is put aside."""
    return f"odd records {source}"


def shares(state: State) -> list[Share]:
    """The records of each source within the days that are kept, those sources first that had most put aside."""
    rows = state.rows(
        "SELECT source, SUM(records) AS records, SUM(quarantined) AS quarantined FROM sieved GROUP BY source"
        " ORDER BY 3 DESC, 1"
    )
    return [Share(**dict(row)) for row in rows]


def put_aside(state: State, source: str | None = None, since: float = 0.0) -> list[Put]:
    """Gives what was put aside, newest first."""
    rows = state.rows(
        "SELECT source, place, reason, seen_at FROM quarantined WHERE seen_at >= ? AND source = COALESCE(?, source)"
        " ORDER BY seen_at DESC, source, place",
        (since, source),
    )
    return [Put(**dict(row)) for row in rows]


def _day(now: float) -> str:
    return f"{datetime.fromtimestamp(now, UTC):%Y-%m-%d}"
