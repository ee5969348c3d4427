"""Health: how fresh each asset has to be, what makes it anew by itself, and where to read of it.

An asset that says so itself keeps what it says.
"""

from datetime import timedelta

import dagster as dg

from spotify_ai_pipeline.defs.automation.sensors import once_a_day
from spotify_ai_pipeline.defs.groups import FEATURES, IDENTITY, INGEST, PLAYLIST, TASTE
from spotify_ai_pipeline.settings import CHECKOUT
from spotify_ai_pipeline.storage import playlists
from spotify_ai_pipeline.storage.workspace import Workspace

EVERY_REFRESH = dg.FreshnessPolicy.time_window(warn_window=timedelta(hours=14), fail_window=timedelta(hours=48))
"""The longest time between two refreshes is twelve hours."""
EVERY_DAY = dg.FreshnessPolicy.time_window(warn_window=timedelta(hours=36), fail_window=timedelta(days=7))
SELDOM = dg.FreshnessPolicy.time_window(warn_window=timedelta(days=70), fail_window=timedelta(days=120))
FRESHNESS = {
    **dict.fromkeys([INGEST, IDENTITY, TASTE, PLAYLIST], EVERY_REFRESH),
    FEATURES: EVERY_DAY,
    "discovery": EVERY_DAY,
}


def with_health(spec: dg.AssetSpec, workspace: Workspace) -> dg.AssetSpec:
    """``spec`` with freshness policy, automation and links."""
    links: dict[str, dg.MetadataValue] = {}
    if CHECKOUT:
        links["read more"] = dg.MetadataValue.path(CHECKOUT / "docs" / "architecture.md")
    if spec.group_name == PLAYLIST and (known := playlists.written(workspace.state)):
        links["on Spotify"] = dg.MetadataValue.url(f"https://open.spotify.com/playlist/{known.playlist_id}")
    condition = once_a_day(workspace.settings.listener.timezone) if spec.group_name == FEATURES else None
    return spec.replace_attributes(
        freshness_policy=spec.freshness_policy or FRESHNESS.get(spec.group_name or "", SELDOM),
        automation_condition=spec.automation_condition or condition,
        metadata=links | dict(spec.metadata),
    )
