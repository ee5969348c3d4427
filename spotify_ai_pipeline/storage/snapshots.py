"""Snapshots: frozen copies of a playlist. The row is the truth; the playlist on Spotify is made from it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.storage.playlists import MIX
from spotify_ai_pipeline.storage.state import State


@dataclass(frozen=True)
class Snapshot:
    snapshot_id: int
    playlist: str
    name: str
    track_ids: list[str]
    taken_at: float
    why: str

    @property
    def written_as(self) -> str:
        """Our name for its playlist on Spotify (see ``storage.playlists``)."""
        return f"snapshot {self.snapshot_id}"


def take(state: State, name: str, track_ids: Sequence[str], why: str, playlist: str = MIX) -> Snapshot:
    """Keeps ``track_ids`` under ``name``, with a number where that is taken."""
    with state.said() as connection:
        taken = {row["name"] for row in connection.execute("SELECT name FROM snapshots")}
        number, called = 1, name
        while called in taken:
            number += 1
            called = f"{name} ({number})"
        connection.execute(
            "INSERT INTO snapshots (playlist, name, track_ids, taken_at, why) VALUES (?, ?, ?, ?, ?)",
            (playlist, called, json.dumps(list(track_ids)), clock.now(), why),
        )
    return every(state, playlist)[0]


def every(state: State, playlist: str | None = MIX) -> list[Snapshot]:
    """The snapshots of ``playlist`` (None: of all), the latest first."""
    rows = state.rows(
        "SELECT snapshot_id, playlist, name, track_ids, taken_at, why FROM snapshots"
        " WHERE playlist = ifnull(?, playlist) ORDER BY snapshot_id DESC",
        (playlist,),
    )
    return [Snapshot(**{**dict(row), "track_ids": json.loads(row["track_ids"])}) for row in rows]


def not_on_spotify(state: State) -> list[Snapshot]:
    """Snapshots whose playlist was never finished: the run that made them was cut off."""
    done = {
        row["name"] for row in state.rows("SELECT name FROM playlists WHERE intended IS NULL AND track_ids != '[]'")
    }
    return [snapshot for snapshot in every(state, None) if snapshot.written_as not in done]
