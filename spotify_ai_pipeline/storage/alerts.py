"""Alerts: what is wrong now, by name. An alert stays open until what was wrong is right again."""

from __future__ import annotations

from dataclasses import dataclass

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.storage.state import State


@dataclass(frozen=True)
class Alert:
    """``raised_at`` (UTC seconds) is when it was opened, not when it was last said again."""

    name: str
    message: str
    raised_at: float


def raise_alert(state: State, name: str, message: str) -> None:
    """Opens the alert ``name``; one that is open already keeps its time and takes the new message."""
    with state.transaction() as connection:
        connection.execute(
            "INSERT INTO alerts VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET message = excluded.message",
            (name, message, clock.now()),
        )


def resolve_alert(state: State, name: str) -> None:
    """Closes the alert ``name``; nothing happens where it is not open."""
    with state.transaction() as connection:
        connection.execute("DELETE FROM alerts WHERE name = ?", (name,))


def is_open(state: State, name: str) -> bool:
    return any(alert.name == name for alert in open_alerts(state))


def open_alerts(state: State) -> list[Alert]:
    """All alerts that are open, the oldest first."""
    return [Alert(**dict(row)) for row in state.rows("SELECT name, message, raised_at FROM alerts ORDER BY raised_at")]
