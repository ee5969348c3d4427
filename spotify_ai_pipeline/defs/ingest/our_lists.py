"""Our own lists as they are now, where they are kept elsewhere than on Spotify."""

import dagster as dg
import polars as pl

from spotify_ai_pipeline.app.library_reader import LISTS_READ_AT
from spotify_ai_pipeline.app.playlist_places import CALLED, target_name
from spotify_ai_pipeline.app.playlist_targets import open_target
from spotify_ai_pipeline.clients.playlist_target import TargetRefused
from spotify_ai_pipeline.defs.degraded import report_degraded
from spotify_ai_pipeline.defs.groups import INGEST
from spotify_ai_pipeline.defs.io_manager import frame_of
from spotify_ai_pipeline.defs.registered_asset import registered_asset
from spotify_ai_pipeline.defs.resources import WorkspaceResource
from spotify_ai_pipeline.errors import ExpectedError
from spotify_ai_pipeline.music.mix.target_ids import SPOTIFY
from spotify_ai_pipeline.storage import datasets, playlists

SCHEMA = datasets.OUR_LISTS.schema


@registered_asset(group_name=INGEST, kinds={"parquet"})
def our_lists(context: dg.AssetExecutionContext, workspace: WorkspaceResource) -> dg.MaterializeResult:
    """One row a song of each list of ours, as ListenBrainz or the file shows it now, edits by hand included. Lists on Spotify
    come with the library, and are not here."""
    target, started = target_name(workspace.workspace), workspace.now()
    table, trouble = datasets.OUR_LISTS.empty(), None
    if target != SPOTIFY:
        try:
            table = _read(workspace)
            workspace.state.set_fact(LISTS_READ_AT, started)
        except ExpectedError as error:
            table, trouble = frame_of(workspace.lake, datasets.OUR_LISTS), error
    return dg.MaterializeResult(
        value=table,
        metadata={
            "kept on": CALLED[target],
            "rows": table.height,
            "deferred": report_degraded(context, workspace, trouble),
        },
    )


def _read(workspace: WorkspaceResource) -> pl.DataFrame:
    """Every list that was written. One that is gone has no rows: the writer asks about it."""
    client, frames = open_target(workspace.workspace), [datasets.OUR_LISTS.empty()]
    for known in playlists.living(workspace.state):
        try:
            state, rows = client.snapshot_id(known.playlist_id), client.rows(known.playlist_id).rows
        except TargetRefused as error:
            if error.status != 404:
                raise
            continue
        told = [(known.playlist_id, row, place, state) for place, row in enumerate(rows)]
        frames.append(pl.DataFrame(told, schema=SCHEMA, orient="row"))
    return pl.concat(frames)
