"""Frozen copies of the living lists."""

import dagster as dg
import polars as pl

from spotify_ai_pipeline.app.managed_playlists import INTERVAL, publish, snapshot_is_due, take_snapshot
from spotify_ai_pipeline.app.playlist_targets import open_target
from spotify_ai_pipeline.defs.degraded import report_degraded
from spotify_ai_pipeline.defs.groups import PLAYLIST, PLAYLIST_WRITER
from spotify_ai_pipeline.defs.registered_asset import registered_asset
from spotify_ai_pipeline.defs.resources import WorkspaceResource
from spotify_ai_pipeline.errors import ExpectedError, UserError
from spotify_ai_pipeline.storage import own_lists, snapshots
from spotify_ai_pipeline.storage.playlists import ADVENTURE, MIX


@registered_asset(
    group_name=PLAYLIST,
    kinds={"sqlite", "spotify"},
    op_tags=PLAYLIST_WRITER,
    deps=["spotify_playlist", "adventure_playlist", "own_lists_written"],
)
def playlist_snapshots(context: dg.AssetExecutionContext, workspace: WorkspaceResource) -> dg.MaterializeResult:
    """Frozen copies of the living lists, one an interval: a row in the state and a playlist on Spotify. Copies that a cut run
    left unfinished are finished."""
    trouble: ExpectedError | None = None
    try:
        client = open_target(workspace.workspace)
        publish(workspace.workspace, client)
        own = (one.name for one in own_lists.every(workspace.state) if one.paused_at is None)
        for name in (MIX, ADVENTURE, *own):
            try:
                if snapshot_is_due(workspace.workspace, name):
                    take_snapshot(workspace.workspace, client, INTERVAL, name)
            except UserError as empty:  # which keeps no other list from its copy
                trouble = trouble or empty
    except ExpectedError as problem:
        trouble = problem
    taken = snapshots.every(workspace.state, None)
    schema = {
        "snapshot_id": pl.Int64,
        "playlist": pl.String,
        "name": pl.String,
        "songs": pl.Int64,
        "taken_at": pl.Float64,
    }
    rows = [(one.snapshot_id, one.playlist, one.name, len(one.track_ids), one.taken_at) for one in taken]
    return dg.MaterializeResult(
        value=pl.DataFrame(rows, schema=schema, orient="row"),
        metadata=report_degraded(context, workspace, trouble),
    )
