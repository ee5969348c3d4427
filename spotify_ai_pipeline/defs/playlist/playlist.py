"""The effects: the mix and the adventure on Spotify, read back. No other asset writes these lists."""

from typing import Any

import dagster as dg
import polars as pl

from spotify_ai_pipeline.app.managed_playlists import finished, named
from spotify_ai_pipeline.app.playlist_writer import PlaylistGone, PlaylistWriter, stand_in
from spotify_ai_pipeline.clients.transport import Deferred
from spotify_ai_pipeline.defs.degraded import report_degraded
from spotify_ai_pipeline.defs.groups import PLAYLIST, PLAYLIST_WRITER
from spotify_ai_pipeline.defs.playlist.mix_inputs import ROWS, known_tracks, since_written
from spotify_ai_pipeline.defs.registered_asset import registered_asset
from spotify_ai_pipeline.defs.resources import SpotifyResource, WorkspaceResource
from spotify_ai_pipeline.errors import ExpectedError
from spotify_ai_pipeline.music.mix.decide import KEPT, OUT
from spotify_ai_pipeline.storage import alerts, playlists, queue
from spotify_ai_pipeline.storage.playlists import ADVENTURE, MIX


@registered_asset(group_name=PLAYLIST, kinds={"spotify"}, op_tags=PLAYLIST_WRITER)
def spotify_playlist(
    context: dg.AssetExecutionContext,
    workspace: WorkspaceResource,
    spotify: SpotifyResource,
    mix: pl.DataFrame,
    spotify_library: pl.LazyFrame,
    songs: pl.LazyFrame,
    trials: pl.LazyFrame,
) -> dg.MaterializeResult:
    """The effect: the mix on Spotify, in as few calls as it takes (one up to 100 songs), read back afterwards.

    Edits by hand are recorded as verdicts before the list is written: afterwards nothing tells them from what we wrote. An
    empty decision keeps the list that is there. A list that was edited since the decision is left alone, one that is gone
    from the library is asked about.
    """
    edits = _record_edits(workspace, MIX, spotify_library, songs, trials)
    return _written(context, workspace, spotify, MIX, mix, edits)


@registered_asset(group_name=PLAYLIST, kinds={"spotify"}, op_tags=PLAYLIST_WRITER)
def adventure_playlist(
    context: dg.AssetExecutionContext,
    workspace: WorkspaceResource,
    spotify: SpotifyResource,
    adventure: pl.DataFrame,
    spotify_library: pl.LazyFrame,
    songs: pl.LazyFrame,
    trials: pl.LazyFrame,
) -> dg.MaterializeResult:
    """The adventure on Spotify, by the writer of the mix; nothing where it is off."""
    if not workspace.settings.adventure.enabled:
        return dg.MaterializeResult(value=_positions([]), metadata={"enabled": False})
    edits = _record_edits(workspace, ADVENTURE, spotify_library, songs, trials)
    return _written(context, workspace, spotify, ADVENTURE, adventure, edits)


def _record_edits(
    workspace: WorkspaceResource, name: str, library: pl.LazyFrame, songs: pl.LazyFrame, trials: pl.LazyFrame
) -> int:
    """Records what the listener did to the list since we wrote it, each edit once; gives their number."""
    rows = library.select(*ROWS).collect()
    song_of = known_tracks(songs.select("song_id", "track_ids").collect(), trials.collect())
    said = since_written(workspace.state, name, rows, song_of, workspace.now())[2]
    queue.say(workspace.state, said, "playlist")
    return len(said)


def _written(
    context: dg.AssetExecutionContext,
    workspace: WorkspaceResource,
    spotify: SpotifyResource,
    name: str,
    decided: pl.DataFrame,
    edits: int,
) -> dg.MaterializeResult:
    target = decided.drop_nulls("rank").sort("rank")["track_id"].to_list()
    if not target:
        raise dg.Failure(f"{name} is empty: the playlist was left as it is; song_scores says why", allow_retries=False)
    changes = decided.filter(pl.col("change") != KEPT)
    spares = changes.filter(change=OUT)["on_list"].list.first().drop_nulls().to_list()
    writer = PlaylistWriter(spotify.client(), workspace.workspace)
    alert = f"{name} playlist"
    try:
        done = writer.write(
            named(workspace.settings, name),
            target,
            decided_on=set(decided["on_list"].explode().drop_nulls()),
            spares=spares,
        )
    except Deferred as pause:
        report_degraded(context, workspace, pause)
        raise dg.Failure(str(pause), allow_retries=False) from None
    except PlaylistGone as gone:
        alerts.raise_alert(workspace.state, alert, str(gone))
        raise dg.Failure(str(gone), allow_retries=False) from None
    except ExpectedError as problem:
        raise dg.Failure(str(problem), allow_retries=False) from None
    report_degraded(context, workspace, None)
    kept = changes.select("change", "song_id", "track_id", "artist", "title", "reason", "tired").to_dicts()
    outcome = finished(workspace.state, name, context.run_id, done, kept, decided["occasion"][0])
    for resolved in (name, alert):
        alerts.resolve_alert(workspace.state, resolved)
    return dg.MaterializeResult(
        value=_positions(done.after),
        metadata={
            "playlist": dg.MetadataValue.url(f"https://open.spotify.com/playlist/{done.playlist_id}"),
            "added": done.added,
            "removed": done.removed,
            "outcome": outcome,
            "edits by hand": edits,
            "not on Spotify any more": done.missing,
        },
    )


def _positions(track_ids: list[str]) -> pl.DataFrame:
    schema: dict[str, Any] = {"position": pl.Int64, "track_id": pl.String}
    return pl.DataFrame({"position": range(1, len(track_ids) + 1), "track_id": track_ids}, schema=schema)


@dg.asset_check(
    asset=spotify_playlist,
    additional_ins={"mix": dg.AssetIn()},
    description="What Spotify reads back is what was decided, song for song.",
)
def playlist_is_the_mix(
    workspace: WorkspaceResource, spotify_playlist: pl.DataFrame, mix: pl.DataFrame
) -> dg.AssetCheckResult:
    return _reads_back(workspace, spotify_playlist, mix)


@dg.asset_check(
    asset=adventure_playlist,
    additional_ins={"adventure": dg.AssetIn()},
    description="What Spotify reads back is what was decided, song for song.",
)
def playlist_is_the_adventure(
    workspace: WorkspaceResource, adventure_playlist: pl.DataFrame, adventure: pl.DataFrame
) -> dg.AssetCheckResult:
    return _reads_back(workspace, adventure_playlist, adventure)


def _reads_back(workspace: WorkspaceResource, read: pl.DataFrame, decided: pl.DataFrame) -> dg.AssetCheckResult:
    """Songs that Spotify has no more are excepted: others stand in for them."""
    wanted, found = decided.drop_nulls("rank").sort("rank")["track_id"].to_list(), read["track_id"].to_list()
    spares = decided.filter(change=OUT)["on_list"].list.first().drop_nulls().to_list()
    gone = (set(wanted) - set(found)) & playlists.unavailable(workspace.state)
    return dg.AssetCheckResult(
        passed=stand_in(wanted, gone, spares) == found,
        metadata={"wanted": len(wanted), "found": len(found), "not on Spotify any more": len(gone)},
    )
