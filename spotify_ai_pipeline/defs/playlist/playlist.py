"""The effects: the mix and the adventure on their target, read back. No other asset writes these lists."""

from typing import Any

import dagster as dg
import polars as pl

from spotify_ai_pipeline.app.managed_playlists import named
from spotify_ai_pipeline.app.playlist_places import CALLED, playlist_link, target_name
from spotify_ai_pipeline.app.playlist_writer import PlaylistGone, stand_in
from spotify_ai_pipeline.clients.transport import Deferred
from spotify_ai_pipeline.defs.degraded import report_degraded
from spotify_ai_pipeline.defs.groups import PLAYLIST, PLAYLIST_WRITER
from spotify_ai_pipeline.defs.playlist.decided import spares_of, target_of, write_decided
from spotify_ai_pipeline.defs.playlist.mix_inputs import NAMED, known_tracks, listed_rows, since_written
from spotify_ai_pipeline.defs.registered_asset import registered_asset
from spotify_ai_pipeline.defs.resources import WorkspaceResource
from spotify_ai_pipeline.errors import ExpectedError
from spotify_ai_pipeline.music.mix.target_ids import with_target_ids
from spotify_ai_pipeline.storage import alerts, playlists, queue
from spotify_ai_pipeline.storage.playlists import ADVENTURE, MIX


@registered_asset(group_name=PLAYLIST, kinds={"spotify"}, op_tags=PLAYLIST_WRITER)
def spotify_playlist(
    context: dg.AssetExecutionContext,
    workspace: WorkspaceResource,
    mix: pl.DataFrame,
    spotify_library: pl.LazyFrame,
    our_lists: pl.LazyFrame,
    songs: pl.LazyFrame,
    trials: pl.LazyFrame,
) -> dg.MaterializeResult:
    """The effect: the mix on its target (Spotify, ListenBrainz or files), in as few calls as it takes, read back afterwards.

    Edits by hand are recorded as verdicts before the list is written: afterwards nothing tells them from what we wrote. An
    empty decision keeps the list that is there. A list that was edited since the decision is left alone, one that is gone
    from the library is asked about.
    """
    edits = _record_edits(workspace, MIX, listed_rows(spotify_library, our_lists), songs, trials)
    return _written(context, workspace, MIX, mix, edits)


@registered_asset(group_name=PLAYLIST, kinds={"spotify"}, op_tags=PLAYLIST_WRITER)
def adventure_playlist(
    context: dg.AssetExecutionContext,
    workspace: WorkspaceResource,
    adventure: pl.DataFrame,
    spotify_library: pl.LazyFrame,
    our_lists: pl.LazyFrame,
    songs: pl.LazyFrame,
    trials: pl.LazyFrame,
) -> dg.MaterializeResult:
    """The adventure on Spotify, by the writer of the mix; nothing where it is off."""
    if not workspace.settings.adventure.enabled:
        return dg.MaterializeResult(value=_positions([]), metadata={"enabled": False})
    edits = _record_edits(workspace, ADVENTURE, listed_rows(spotify_library, our_lists), songs, trials)
    return _written(context, workspace, ADVENTURE, adventure, edits)


def _record_edits(
    workspace: WorkspaceResource, name: str, rows: pl.DataFrame, songs: pl.LazyFrame, trials: pl.LazyFrame
) -> int:
    """Records what the listener did to the list since we wrote it, each edit once; gives their number."""
    named = with_target_ids(songs.select(*NAMED).collect(), target_name(workspace.workspace))
    song_of = known_tracks(named, trials.collect())
    said = since_written(workspace.state, name, rows, song_of, workspace.now())[2]
    queue.say(workspace.state, said, "playlist")
    return len(said)


def _written(
    context: dg.AssetExecutionContext,
    workspace: WorkspaceResource,
    name: str,
    decided: pl.DataFrame,
    edits: int,
) -> dg.MaterializeResult:
    if not target_of(decided):
        raise dg.Failure(f"{name} is empty: the playlist was left as it is; song_scores says why", allow_retries=False)
    alert, about = f"{name} playlist", named(workspace.settings, name)
    try:
        done, outcome = write_decided(workspace.workspace, about, decided, context.run_id, decided["occasion"][0])
    except Deferred as pause:
        report_degraded(context, workspace, pause)
        raise dg.Failure(str(pause), allow_retries=False) from None
    except PlaylistGone as gone:
        alerts.raise_alert(workspace.state, alert, str(gone))
        raise dg.Failure(str(gone), allow_retries=False) from None
    except ExpectedError as problem:
        raise dg.Failure(str(problem), allow_retries=False) from None
    report_degraded(context, workspace, None)
    for resolved in (name, alert):
        alerts.resolve_alert(workspace.state, resolved)
    return dg.MaterializeResult(
        value=_positions(done.after),
        metadata={
            "kept on": CALLED[target_name(workspace.workspace)],
            "playlist": _place(playlist_link(workspace.workspace, name)),
            "added": done.added,
            "removed": done.removed,
            "outcome": outcome,
            "edits by hand": edits,
            "not there any more": done.missing,
        },
    )


def _place(link: str) -> dg.MetadataValue[Any]:
    return dg.MetadataValue.url(link) if link.startswith("https:") else dg.MetadataValue.path(link)


def _positions(track_ids: list[str]) -> pl.DataFrame:
    schema: dict[str, Any] = {"position": pl.Int64, "track_id": pl.String}
    return pl.DataFrame({"position": range(1, len(track_ids) + 1), "track_id": track_ids}, schema=schema)


@dg.asset_check(
    asset=spotify_playlist,
    additional_ins={"mix": dg.AssetIn()},
    description="What the target reads back is what was decided, song for song.",
)
def playlist_is_the_mix(
    workspace: WorkspaceResource, spotify_playlist: pl.DataFrame, mix: pl.DataFrame
) -> dg.AssetCheckResult:
    return _reads_back(workspace, spotify_playlist, mix)


@dg.asset_check(
    asset=adventure_playlist,
    additional_ins={"adventure": dg.AssetIn()},
    description="What the target reads back is what was decided, song for song.",
)
def playlist_is_the_adventure(
    workspace: WorkspaceResource, adventure_playlist: pl.DataFrame, adventure: pl.DataFrame
) -> dg.AssetCheckResult:
    return _reads_back(workspace, adventure_playlist, adventure)


def _reads_back(workspace: WorkspaceResource, read: pl.DataFrame, decided: pl.DataFrame) -> dg.AssetCheckResult:
    """Songs that Spotify has no more are excepted: others stand in for them."""
    wanted, found = target_of(decided), read["track_id"].to_list()
    gone = (set(wanted) - set(found)) & playlists.unavailable(workspace.state)
    return dg.AssetCheckResult(
        passed=stand_in(wanted, gone, spares_of(decided)) == found,
        metadata={"wanted": len(wanted), "found": len(found), "not on Spotify any more": len(gone)},
    )
