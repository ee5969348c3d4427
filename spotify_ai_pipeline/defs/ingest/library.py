"""The library as it is on Spotify.

Where a service asks for a long pause, what is known stays and the run goes on with it: metadata, a tag on the run and an
alert say so, and the next run takes up where this one stopped.
"""

import dagster as dg
import polars as pl

from spotify_ai_pipeline.app.library_reader import ACCEPTED, LIBRARY_READ_AT, read_library, shrank
from spotify_ai_pipeline.clients.sign_in import sign_in_age, sign_in_warning
from spotify_ai_pipeline.clients.spotify import LIKED
from spotify_ai_pipeline.defs.degraded import report_degraded, waits_logged
from spotify_ai_pipeline.defs.groups import INGEST
from spotify_ai_pipeline.defs.io_manager import frame_of
from spotify_ai_pipeline.defs.registered_asset import registered_asset
from spotify_ai_pipeline.defs.resources import SpotifyResource, WorkspaceResource
from spotify_ai_pipeline.storage import alerts, datasets, quarantine

NO_SPOTIFY = "not connected; your library is what you loved and heard often"
YIELD, SHRANK = "yield spotify_library", "shrunken spotify_library"


@registered_asset(group_name=INGEST, kinds={"spotify", "parquet"}, deps=["applied_verdicts"])
def spotify_library(
    context: dg.AssetExecutionContext, workspace: WorkspaceResource, spotify: SpotifyResource
) -> dg.MaterializeResult:
    """Every song of the liked songs and of the owned or collaborative playlists: one row an item of a list.

    A playlist whose snapshot id is known is not read again; liked songs are read down to the first known page. Approvals are
    brought about before, so that they are in it. Where no Spotify app is named, nothing is read and what is known stays.
    """
    if not workspace.workspace.secrets.has_spotify:
        unread = frame_of(workspace.lake, datasets.SPOTIFY_LIBRARY)
        return dg.MaterializeResult(
            value=unread, metadata={"Spotify": NO_SPOTIFY, "songs": unread["track_id"].n_unique()}
        )
    known, started = frame_of(workspace.lake, datasets.SPOTIFY_LIBRARY), workspace.now()
    with waits_logged(context):
        reading = read_library(spotify.client(), known, context.log.info)
    library, odd = reading.library, quarantine.put_aside(workspace.state, "spotify", since=started)
    if _to_be_asked_about(workspace, known, library):
        library = known
    elif reading.deferred is None:
        workspace.state.set_fact(LIBRARY_READ_AT, started)
    _watch_yield(workspace, reading.songs_read, reading.no_songs)
    return dg.MaterializeResult(
        value=library,
        metadata={
            "songs": library["track_id"].n_unique(),
            "liked songs": library.filter(pl.col("list_id") == LIKED).height,
            "playlists": reading.playlists,
            "playlists read now": reading.playlists_read,
            "rows that are no song (removed, local, episode)": reading.no_songs,
            "rows put aside (cannot be read)": len(odd),
            "followed playlists, closed to apps": reading.followed,
            **report_degraded(context, workspace, reading.deferred),
        },
    )


@dg.asset_check(
    asset=spotify_library, description="The library holds songs; where it does not, what was heard has to do."
)
def library_is_not_empty(workspace: WorkspaceResource, spotify_library: pl.DataFrame) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        passed=spotify_library.height > 0 or not workspace.workspace.secrets.has_spotify,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"rows": spotify_library.height},
    )


@dg.asset_check(asset=spotify_library, description="The sign-in to Spotify is good for more than a month to come.")
def sign_in_lasts(workspace: WorkspaceResource) -> dg.AssetCheckResult:
    warning = sign_in_warning(workspace.workspace)
    return dg.AssetCheckResult(
        passed=warning is None,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"days since sign-in": sign_in_age(workspace.workspace), "what to do": warning or "nothing"},
    )


def _to_be_asked_about(workspace: WorkspaceResource, known: pl.DataFrame, library: pl.DataFrame) -> bool:
    """Tells whether too much went missing to be believed. The listener is asked by an alert, once said yes to by a
    fact."""
    gone = shrank(known, library)
    accepted = workspace.state.fact(ACCEPTED)
    workspace.state.set_fact(ACCEPTED, None)
    if gone is None or accepted:
        alerts.resolve_alert(workspace.state, SHRANK)
        return False
    alerts.raise_alert(
        workspace.state,
        SHRANK,
        f"Spotify shows {gone}; your library stays as it was until you say that this is right: "
        "`spotify-ai refresh --accept-library`",
    )
    return True


def _watch_yield(workspace: WorkspaceResource, songs: int, no_songs: int) -> None:
    """An alert where playlists were read and most of their rows were no song: the form of the answers may have changed."""
    if no_songs > songs:
        rows = songs + no_songs
        alerts.raise_alert(
            workspace.state,
            YIELD,
            f"only {songs} of {rows} rows in the playlists read last are songs; does this version read them right?",
        )
    elif songs:
        alerts.resolve_alert(workspace.state, YIELD)
