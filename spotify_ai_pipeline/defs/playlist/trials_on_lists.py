"""The trials that have begun: what the written lists mean for songs that were proposed."""

import dagster as dg
import polars as pl

from spotify_ai_pipeline.defs.groups import PLAYLIST
from spotify_ai_pipeline.defs.registered_asset import registered_asset
from spotify_ai_pipeline.defs.resources import WorkspaceResource
from spotify_ai_pipeline.storage import queue
from spotify_ai_pipeline.storage import trials as kept


@registered_asset(
    group_name=PLAYLIST,
    kinds={"sqlite"},
    deps=["spotify_playlist", "adventure_playlist"],
)
def trials_on_lists(workspace: WorkspaceResource) -> dg.MaterializeResult:
    """Proposed songs that stand on a playlist of ours now: their trial has begun."""
    listed = kept.on_playlists(workspace.state)
    begun = [
        item.item_id
        for item in queue.items(workspace.state, ("pending",), queue.DISCOVERY)
        if item.track_id in listed and queue.advance(workspace.state, item.item_id, "trial", "on the playlist")
    ]
    rows = [(one.item_id, one.song_id, one.status, one.track_id in listed) for one in kept.on_trial(workspace.state)]
    schema = {"item_id": pl.Int64, "song_id": pl.String, "status": pl.String, "listed": pl.Boolean}
    return dg.MaterializeResult(
        value=pl.DataFrame(rows, schema=schema, orient="row"), metadata={"begun now": len(begun), "on trial": len(rows)}
    )
