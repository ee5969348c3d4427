"""Songs that the listener loved, where scrobbles go."""

from collections.abc import Callable

import dagster as dg
import polars as pl

from spotify_ai_pipeline.defs.degraded import report_degraded
from spotify_ai_pipeline.defs.groups import INGEST
from spotify_ai_pipeline.defs.io_manager import frame_of
from spotify_ai_pipeline.defs.registered_asset import registered_asset
from spotify_ai_pipeline.defs.resources import LastFmResource, ListenBrainzResource, WorkspaceResource
from spotify_ai_pipeline.errors import ExpectedError
from spotify_ai_pipeline.music.plays.records import LASTFM, LISTENBRAINZ
from spotify_ai_pipeline.storage import datasets


@registered_asset(group_name=INGEST, kinds={"lastfm", "parquet"})
def loved_songs(
    context: dg.AssetExecutionContext,
    workspace: WorkspaceResource,
    lastfm: LastFmResource,
    listenbrainz: ListenBrainzResource,
) -> dg.MaterializeResult:
    """Songs that the listener loved on Last.fm and ListenBrainz. They count as liked, and without lists on Spotify they are in
    the library. What cannot be read now stays as it was."""
    known, secrets = frame_of(workspace.lake, datasets.LOVED_SONGS), workspace.workspace.secrets
    asks: dict[str, Callable[[pl.DataFrame], pl.DataFrame]] = {}
    if secrets.has_lastfm:
        asks[LASTFM.name] = lambda before: lastfm.client().loved(before)
    if secrets.has_listenbrainz:
        asks[LISTENBRAINZ.name] = lambda _: listenbrainz.client().loved()
    frames, trouble = [datasets.LOVED_SONGS.empty()], None
    for source, ask in asks.items():
        before = known.filter(source=source)
        try:
            frames.append(ask(before))
        except ExpectedError as error:
            frames.append(before)
            trouble = error
    table = pl.concat(frames)
    return dg.MaterializeResult(
        value=table,
        metadata={
            **dict(table.group_by("source").len().iter_rows()),
            "deferred": report_degraded(context, workspace, trouble),
        },
    )
