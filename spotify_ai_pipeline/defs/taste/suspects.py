"""Suspects: what was listened to and may not have been the listener."""

from datetime import UTC, datetime

import dagster as dg
import polars as pl

from spotify_ai_pipeline.defs.discovery.sources import flat
from spotify_ai_pipeline.defs.groups import TASTE
from spotify_ai_pipeline.defs.registered_asset import Derived, registered_asset
from spotify_ai_pipeline.defs.resources import WorkspaceResource
from spotify_ai_pipeline.music.plays import foreign
from spotify_ai_pipeline.storage import datasets


def _reads(workspace: WorkspaceResource) -> object:
    zone = workspace.settings.listener.zone
    today = datetime.fromtimestamp(workspace.now(), UTC).astimezone(zone).date()
    return workspace.lake.version_of(datasets.LISTENS), zone.key, today


@registered_asset(derived=Derived(_reads), group_name=TASTE, kinds={"polars", "parquet"}, deps=["listens"])
def suspects(workspace: WorkspaceResource, songs: pl.DataFrame, tags: pl.DataFrame) -> dg.MaterializeResult:
    """Sittings and artists that look like another person's, for the listener to judge. Nothing is left out by it."""
    columns = ["song_id", "played_at", "ms_played", "private", "excluded"]
    listens = workspace.lake.scan(datasets.LISTENS).select(columns).collect()
    at = datetime.fromtimestamp(workspace.now(), UTC)
    table = foreign.suspects(listens, songs, flat(tags).select("song_id", "tag"), workspace.settings.listener.zone, at)
    return dg.MaterializeResult(value=table, metadata={"found": table.height, "proposed": int(table["proposed"].sum())})
