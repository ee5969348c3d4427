"""What we last wrote to Spotify, and every refresh that was made."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass

from spotify_ai_pipeline.storage.state import State

MIX = "mix"


@dataclass(frozen=True)
class Written:
    """A playlist as it was read back after our last write, and what a write that was cut off may have made of it."""

    playlist_id: str
    track_ids: list[str]
    written_at: float
    intended: list[str] | None


def written(state: State, name: str = MIX) -> Written | None:
    """What we know of our playlist ``name``; None before it was made."""
    for row in state.rows("SELECT playlist_id, track_ids, written_at, intended FROM playlists WHERE name = ?", (name,)):
        intended = json.loads(row["intended"]) if row["intended"] else None
        return Written(row["playlist_id"], json.loads(row["track_ids"]), row["written_at"], intended)
    return None


def intend(state: State, track_ids: Sequence[str], name: str = MIX) -> None:
    """Notes what is about to be written: after a crash, our own write is not taken for the listener's."""
    with state.transaction() as connection:
        connection.execute("UPDATE playlists SET intended = ? WHERE name = ?", (json.dumps(list(track_ids)), name))


def remember(state: State, playlist_id: str, track_ids: Sequence[str], name: str = MIX) -> None:
    """Notes what was read back after a write."""
    with state.transaction() as connection:
        connection.execute(
            "INSERT OR REPLACE INTO playlists (name, playlist_id, track_ids, written_at) VALUES (?, ?, ?, ?)",
            (name, playlist_id, json.dumps(list(track_ids)), time.time()),
        )


def log_refresh(
    state: State, run_id: str, added: int, removed: int, outcome: str, note: str = "", name: str = MIX
) -> None:
    """One row a run: a step that is retried replaces its own row."""
    with state.transaction() as connection:
        connection.execute(
            "INSERT OR REPLACE INTO refreshes (playlist, run_id, refreshed_at, added, removed, outcome, note)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (name, run_id, time.time(), added, removed, outcome, note),
        )
