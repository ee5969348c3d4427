"""The mix, or another list that this program keeps, and its last change, as plain data."""

from __future__ import annotations

from typing import Any

import polars as pl

from spotify_ai_pipeline.app.playlist_places import playlist_link
from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline.storage.playlists import MIX
from spotify_ai_pipeline.storage.workspace import Workspace

SLOTS = ("core", "exploration", "discovery")
PARTS = ("taste", "mood", "freshness")
"""The columns that a song's score is made of."""


def read_songs(workspace: Workspace, name: str = MIX) -> pl.DataFrame:
    """The songs of the list as last decided, in order."""
    return workspace.lake.read(datasets.DECISIONS[name]).drop_nulls("rank").sort("rank")


def mix_as_data(workspace: Workspace, name: str = MIX) -> dict[str, Any]:
    """The list as last decided, and what came and left, for scripts."""
    return decision_as_data(workspace, workspace.lake.read(datasets.DECISIONS[name]), name)


def decision_as_data(workspace: Workspace, decided: pl.DataFrame, name: str = MIX) -> dict[str, Any]:
    """The same for a decision that may not be written yet."""
    listed = decided.drop_nulls("rank").sort("rank")
    return {
        "playlist": playlist_link(workspace, name),
        "songs": listed.to_dicts(),
        "added": _names(decided.filter(change="new")),
        "removed": _names(decided.filter(change="out")),
    }


def playlist_size(workspace: Workspace, name: str = MIX) -> int:
    """The number of songs that the list should hold."""
    return workspace.settings.playlist.target_size if name == MIX else workspace.settings.adventure.target_size


def _names(rows: pl.DataFrame) -> list[dict[str, Any]]:
    return rows.select("song_id", "track_id", "artist", "title", "reason").to_dicts()
