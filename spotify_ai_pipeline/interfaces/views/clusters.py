"""The clusters of the library, and the songs in each."""

from __future__ import annotations

from typing import Any

import polars as pl

from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline.storage.workspace import Workspace


def list_clusters(workspace: Workspace) -> list[dict[str, Any]]:
    """The clusters by family, the largest family first. Each has a name, a description and health figures."""
    names = workspace.lake.read(datasets.CLUSTER_NAMES).drop("named_songs")
    health = workspace.lake.read_or_none(datasets.CLUSTER_HEALTH)
    family = names.filter(level="family").select("cluster_id", family="name", family_songs="songs")
    found = names.filter(level="cluster").join(family, left_on="parent_cluster_id", right_on="cluster_id", how="left")
    if health is not None:
        figures = ["cohesion", "drift", "play_share", "recent_play_share"]
        found = found.join(health.select("cluster_id", *figures), on="cluster_id", how="left")
    order = ["family_songs", "parent_cluster_id", "songs", "cluster_id"]
    return found.sort(order, descending=[True, False, True, False]).drop("family_songs", "level").to_dicts()


def list_members(workspace: Workspace, cluster_id: object) -> pl.DataFrame:
    """The songs of a cluster, the most played first: song_id, core, track_id, artist, title, plays."""
    stats = workspace.lake.read(datasets.LISTENING_STATS).select("song_id", "plays")
    songs = workspace.lake.read(datasets.SONGS).select("song_id", "track_id", "artist", "title")
    return (
        workspace.lake.read(datasets.CLUSTERS)
        .filter(cluster_id=cluster_id)
        .select("song_id", "core")
        .join(songs, on="song_id")
        .join(stats, on="song_id", how="left")
        .sort("plays", "artist", "title", descending=[True, False, False], nulls_last=True)
    )


def find_cluster(rows: list[dict[str, Any]], words: str) -> dict[str, Any]:
    """The cluster whose number is ``words``, or the first whose name holds them. Raises ``UserError`` for none."""
    found = [row for row in rows if str(row["cluster_id"]) == words] or [
        row for row in rows if words.lower() in row["name"].lower()
    ]
    if not found:
        raise UserError(f"{words!r}: no cluster has that number or name; `spotify-ai clusters` lists them")
    return found[0]
