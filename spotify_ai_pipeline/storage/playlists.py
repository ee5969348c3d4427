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
    """A playlist as it was read back after our last write."""

    playlist_id: str
    track_ids: list[str]
    written_at: float


def written(state: State, name: str = MIX) -> Written | None:
    """What we know of our playlist ``name``; None before it was made."""
    found = state.rows("SELECT playlist_id, track_ids, written_at FROM playlists WHERE name = ?", (name,))
    return (
        Written(found[0]["playlist_id"], json.loads(found[0]["track_ids"]), found[0]["written_at"]) if found else None
    )


def remember(
    state: State, playlist_id: str, track_ids: Sequence[str], snapshot_id: str | None, name: str = MIX
) -> None:
    with state.transaction() as connection:
        connection.execute(
            "INSERT OR REPLACE INTO playlists VALUES (?, ?, ?, ?, ?)",
            (name, playlist_id, snapshot_id, json.dumps(list(track_ids)), time.time()),
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
