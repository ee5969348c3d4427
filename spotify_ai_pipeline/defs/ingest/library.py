"""Ingest: the library as it is on Spotify, and every scrobble, month by month.

Where a service asks for a long pause, what is known stays and the run goes on with it: metadata, a tag on the run and an
alert say so, and the next run takes up where this one stopped.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg
import polars as pl

from spotify_ai_pipeline.app.library_reader import LIBRARY_READ_AT, read_library
from spotify_ai_pipeline.app.scrobble_partitions import MONTH_FORMAT, read_month
from spotify_ai_pipeline.clients.spotify_auth import sign_in_age, sign_in_warning
from spotify_ai_pipeline.clients.transport import observed
from spotify_ai_pipeline.defs.degraded import report_degraded
from spotify_ai_pipeline.defs.groups import EARLIEST_MONTH, INGEST, OWNERS, months
from spotify_ai_pipeline.defs.io_manager import Parts, frame_of
from spotify_ai_pipeline.defs.registered_asset import registered_asset
from spotify_ai_pipeline.defs.resources import LastFmResource, SpotifyResource, WorkspaceResource
from spotify_ai_pipeline.errors import ExpectedError
from spotify_ai_pipeline.storage import datasets

READ_AGAIN = "spotify_ai/read_again"
"""A run with this tag asks for every month of its range again, finished ones too."""
YIELD = "yield spotify_library"


@registered_asset(
    group_name=INGEST, kinds={"spotify", "parquet"}, owners=OWNERS, code_version="1", deps=["applied_verdicts"]
)
def spotify_library(
    context: dg.AssetExecutionContext, workspace: WorkspaceResource, spotify: SpotifyResource
) -> dg.MaterializeResult:
    """Every song of the liked songs and of the owned or collaborative playlists: one row an item of a list.

    A playlist whose snapshot id is known is not read again; liked songs are read down to the first known page. Approvals are
    brought about before, so that they are in it.
    """
    known, started = frame_of(workspace.lake, datasets.SPOTIFY_LIBRARY), workspace.now()
    with observed(lambda service, what: _say_waits(context, service, what)):
        reading = read_library(spotify.client(), known, context.log.info)
    library = reading.library
    if reading.deferred is None:
        workspace.state.set_fact(LIBRARY_READ_AT, started)
    _watch_yield(workspace, reading.songs_read, reading.no_songs)
    return dg.MaterializeResult(
        value=library,
        metadata={
            "songs": library["track_id"].n_unique(),
            "liked songs": reading.frames[0].height,
            "playlists": reading.playlists,
            "playlists read now": reading.playlists_read,
            "rows that are no song (removed, local, episode)": reading.no_songs,
            "followed playlists, closed to apps": reading.followed,
            "deferred": report_degraded(context, workspace, reading.deferred),
        },
    )


@dg.asset_check(
    asset=spotify_library, blocking=True, description="A library without a single song is an error, not a fact."
)
def library_is_not_empty(spotify_library: pl.DataFrame) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=spotify_library.height > 0, metadata={"rows": spotify_library.height})


@dg.asset_check(asset=spotify_library, description="The sign-in to Spotify is good for more than a month to come.")
def sign_in_lasts(workspace: WorkspaceResource) -> dg.AssetCheckResult:
    warning = sign_in_warning(workspace.workspace)
    return dg.AssetCheckResult(
        passed=warning is None,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"days since sign-in": sign_in_age(workspace.workspace), "what to do": warning or "nothing"},
    )


def scrobbles_asset(first_month: str | None) -> dg.AssetsDefinition:
    """The scrobbles asset, partitioned by the months since ``first_month``."""

    @registered_asset(
        group_name=INGEST,
        kinds={"lastfm", "parquet"},
        owners=OWNERS,
        code_version="1",
        partitions_def=months(first_month),
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def scrobbles(context: dg.AssetExecutionContext, workspace: WorkspaceResource, lastfm: LastFmResource) -> Parts:
        """Every play that Last.fm knows, as it was spelled there, one Parquet file a month. A range of months is one run.

        A month that was read before is asked only for what is new since then, and for the days before in which scrobbles
        may have come in late; a month that ended long enough before it was read is final and costs no call. The run tag
        `spotify_ai/read_again` reads every month of the range whole.

        Without an account there, a month before all others is empty and none is read: once there is one, all of them are.
        ListenBrainz and files tell of plays as well.
        """
        if not workspace.workspace.secrets.has_lastfm:
            known = workspace.lake.partitions(datasets.SCROBBLES)
            return Parts([] if known else [(EARLIEST_MONTH, datasets.SCROBBLES.empty())])
        again, now = READ_AGAIN in context.run.tags, datetime.fromtimestamp(workspace.now(), UTC)
        overlap = timedelta(days=workspace.settings.scrobbles.overlap_days)
        metadata: dict[str, str] = {}

        def monthly() -> Iterator[tuple[str, pl.DataFrame]]:
            client, pause = lastfm.client(), None
            for month in context.partition_keys:
                try:
                    with observed(lambda service, what: _say_waits(context, service, what)):
                        frame = read_month(client, workspace.lake, month, overlap, now, again=again)
                except ExpectedError as reason:
                    kept = workspace.lake.partitions(datasets.SCROBBLES)
                    if month not in kept and not (kept and month == f"{now:{MONTH_FORMAT}}"):
                        raise  # a hole in the history is nothing to go on with; that this month is short, is
                    pause = reason
                    break
                if frame is not None:
                    context.log.info(f"{month}: {frame.height:,} scrobbles")
                    yield month, frame
            metadata["deferred"] = report_degraded(context, workspace, pause)

        return Parts(monthly(), metadata)

    return scrobbles


def _watch_yield(workspace: WorkspaceResource, songs: int, no_songs: int) -> None:
    """An alert where playlists were read and most of their rows were no song: the form of the answers may have changed."""
    if no_songs > songs:
        rows = songs + no_songs
        workspace.state.raise_alert(
            YIELD,
            f"only {songs} of {rows} rows in the playlists read last are songs; does this version read them right?",
        )
    elif songs:
        workspace.state.resolve_alert(YIELD)


def _say_waits(context: dg.AssetExecutionContext, service: str, what: str) -> None:
    if what != "call":
        context.log.info(f"{service} {what}")
