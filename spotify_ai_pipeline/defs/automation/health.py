"""What all assets of a group have in common: owner, how fresh they have to be, what makes them anew by itself, where to read.

An asset that says so itself keeps what it says.
"""

from datetime import timedelta

import dagster as dg

from spotify_ai_pipeline.defs.automation.sensors import once_a_day
from spotify_ai_pipeline.defs.groups import (
    CLUSTERING,
    DISCOVERY,
    FEATURES,
    IDENTITY,
    INGEST,
    OWNERS,
    PLAYLIST,
    TASTE,
)
from spotify_ai_pipeline.settings import PROJECT_ROOT
from spotify_ai_pipeline.storage import playlists
from spotify_ai_pipeline.storage.workspace import Workspace

EVERY_REFRESH = dg.FreshnessPolicy.time_window(warn_window=timedelta(hours=14), fail_window=timedelta(hours=48))
"""The longest time between two refreshes is twelve hours."""
EVERY_DAY = dg.FreshnessPolicy.time_window(warn_window=timedelta(hours=36), fail_window=timedelta(days=7))
SELDOM = dg.FreshnessPolicy.time_window(warn_window=timedelta(days=70), fail_window=timedelta(days=120))
FRESHNESS = {
    **dict.fromkeys([INGEST, IDENTITY, TASTE, PLAYLIST], EVERY_REFRESH),
    **dict.fromkeys([FEATURES, DISCOVERY], EVERY_DAY),
}


def with_health(spec: dg.AssetSpec, workspace: Workspace) -> dg.AssetSpec:
    """``spec`` with owner, freshness policy, automation and links."""
    links: dict[str, dg.MetadataValue] = {"read more": dg.MetadataValue.path(PROJECT_ROOT / "docs" / "architecture.md")}
    if spec.group_name == PLAYLIST and (known := playlists.written(workspace.state)):
        links["on Spotify"] = dg.MetadataValue.url(f"https://open.spotify.com/playlist/{known.playlist_id}")
    by_day = spec.group_name == FEATURES or spec.key.path[-1] in CLUSTERING
    condition = once_a_day(workspace.settings.listener.timezone) if by_day else None
    usual = EVERY_DAY if by_day else FRESHNESS.get(spec.group_name or "", SELDOM)
    return spec.replace_attributes(
        owners=OWNERS,
        freshness_policy=spec.freshness_policy or usual,
        automation_condition=spec.automation_condition or condition,
        metadata=links | dict(spec.metadata),
    )
