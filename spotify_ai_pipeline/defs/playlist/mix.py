"""Playlists: the decisions (mix, adventure), their effects on Spotify, copies of them, and what to ask the listener next."""

from collections import Counter
from typing import Any

import dagster as dg
import polars as pl

from spotify_ai_pipeline.app.managed_playlists import INTERVAL, finished, named, publish, snapshot_is_due, take_snapshot
from spotify_ai_pipeline.app.playlist_writer import PlaylistGone, PlaylistWriter, stand_in
from spotify_ai_pipeline.clients.transport import Deferred
from spotify_ai_pipeline.defs.degraded import report_degraded
from spotify_ai_pipeline.defs.groups import OWNERS, PLAYLIST, PLAYLIST_WRITER
from spotify_ai_pipeline.defs.playlist.mix_inputs import Decided, Material, decide_list
from spotify_ai_pipeline.defs.plots import bar_chart
from spotify_ai_pipeline.defs.registered_asset import registered_asset
from spotify_ai_pipeline.defs.resources import SpotifyResource, WorkspaceResource
from spotify_ai_pipeline.errors import ExpectedError
from spotify_ai_pipeline.music import mix as mixing
from spotify_ai_pipeline.music.mix.decide import COLUMNS, KEPT, NEW, OUT, nearer
from spotify_ai_pipeline.music.mix.select import CREDITS
from spotify_ai_pipeline.music.taste.ranking import EXPLORATION, SLOTS
from spotify_ai_pipeline.settings import Playlist
from spotify_ai_pipeline.storage import pins, playlists, queue, snapshots
from spotify_ai_pipeline.storage.playlists import ADVENTURE, MIX

QUESTIONS = 10
"""Questions kept waiting for the listener."""
ADVENTUROUS = "spotify_ai/adventurous"
"""Tag of a run in which the dial stands elsewhere than configured: 0 to 10."""


@registered_asset(group_name=PLAYLIST, kinds={"polars", "parquet"}, owners=OWNERS, code_version="2")
def mix(
    context: dg.AssetExecutionContext,
    workspace: WorkspaceResource,
    song_scores: pl.LazyFrame,
    spotify_library: pl.LazyFrame,
    songs: pl.LazyFrame,
    listens: pl.LazyFrame,
    audio_features: pl.LazyFrame,
    trials: pl.LazyFrame,
) -> dg.MaterializeResult:
    """The decision: the songs of the list in order, each with slot, score parts and reason; and those that leave it.

    ``change`` is new, kept or out; songs that are out have no rank. Edits by hand since the last refresh are respected: what
    the listener added stays, what they removed does not come back for a while. ``on_list`` holds the Spotify ids under which
    a song is on the list now: it stays under the first of them that can be played.
    """
    material = Material.of(song_scores, spotify_library, songs, listens, audio_features, trials)
    return _decided(workspace, MIX, material, _dial(context))


@registered_asset(
    group_name=PLAYLIST, kinds={"polars", "parquet"}, owners=OWNERS, code_version="1", deps=["spotify_playlist"]
)
def adventure(
    workspace: WorkspaceResource,
    song_scores: pl.LazyFrame,
    spotify_library: pl.LazyFrame,
    songs: pl.LazyFrame,
    listens: pl.LazyFrame,
    audio_features: pl.LazyFrame,
    trials: pl.LazyFrame,
) -> dg.MaterializeResult:
    """The decision on the second, deliberately novel list, by the rules of the mix with a dial of its own. Empty while
    ``adventure.enabled`` is false."""
    if not workspace.settings.adventure.enabled:
        schema = song_scores.collect_schema() | {
            "rank": pl.Int64,
            "change": pl.String,
            "on_list": pl.List(pl.String),
            CREDITS: pl.List(pl.String),
        }
        return dg.MaterializeResult(
            value=pl.DataFrame(schema={name: schema[name] for name in [*COLUMNS, "on_list"]}),
            metadata={"enabled": False},
        )
    return _decided(
        workspace, ADVENTURE, Material.of(song_scores, spotify_library, songs, listens, audio_features, trials)
    )


def _decided(
    workspace: WorkspaceResource, name: str, material: Material, adventurous: int | None = None
) -> dg.MaterializeResult:
    made = decide_list(workspace.workspace, name, material, workspace.now(), adventurous)
    queue.say(workspace.state, made.said, "playlist")
    listed, table = made.decision.listed, made.decision.table
    if is_short(listed.height, _before(table), made.playlist):
        title = named(workspace.settings, name).title
        workspace.state.raise_alert(
            name, f"{title} came out with {listed.height} songs; the playlist was left as it is"
        )
    counts = Counter(listed["slot"].to_list())
    return dg.MaterializeResult(
        value=table,
        metadata={
            "songs on the list": listed.height,
            "songs short of the target": max(made.playlist.target_size - listed.height, 0),
            "new": int((listed["change"] == NEW).sum()),
            "out": table.height - listed.height,
            "edits by hand": len(made.said),
            "most songs of one artist": made.artist_cap or "no habit known yet",
            "artists nearer than the spacing": spacing_words(made),
            "songs by slot": bar_chart(list(SLOTS), [counts[slot] for slot in SLOTS], "songs by slot"),
        },
    )


def spacing_words(made: Decided) -> str:
    """Which artists have too many songs on the list for the spacing that was wished for, and what they got."""
    wished = made.playlist.min_artist_spacing
    parts = [
        f"{artist} {between} between instead of {wished}"
        for artist, between in nearer(made.decision.table, wished).items()
    ]
    return ", ".join(parts) or "none"


@dg.asset_check(asset=mix, blocking=True, description="The list has its size, no song twice, and moves within the cap.")
def mix_is_sound(workspace: WorkspaceResource, mix: pl.DataFrame) -> dg.AssetCheckResult:
    return _sound(workspace, workspace.settings.playlist, mix)


@dg.asset_check(
    asset=adventure, blocking=True, description="The list has its size, no song twice, and moves within the cap."
)
def adventure_is_sound(workspace: WorkspaceResource, adventure: pl.DataFrame) -> dg.AssetCheckResult:
    if not workspace.settings.adventure.enabled:
        return dg.AssetCheckResult(passed=True, metadata={"enabled": False})
    size = {"target_size": workspace.settings.adventure.target_size}
    return _sound(workspace, workspace.settings.playlist.model_copy(update=size), adventure)


def _sound(workspace: WorkspaceResource, playlist: Playlist, decided: pl.DataFrame) -> dg.AssetCheckResult:
    listed, before = decided.drop_nulls("rank"), _before(decided)
    new = int((listed["change"] == NEW).sum())
    doubled = listed.height - min(listed["song_id"].n_unique(), listed["track_id"].n_unique())
    within = before == 0 or new <= mixing.change_cap(playlist)
    short = is_short(listed.height, before, playlist)
    held = len(pins.held_and_barred(workspace.state, workspace.now())[0].intersection(listed["song_id"]))
    most = max(playlist.target_size, before - mixing.change_cap(playlist), held)  # a longer list is cut within the cap
    return dg.AssetCheckResult(
        passed=doubled == 0 and within and not short and listed.height <= most,
        metadata={"songs": listed.height, "doubled": doubled, "new": new, "cap": mixing.change_cap(playlist)},
    )


@registered_asset(group_name=PLAYLIST, kinds={"spotify"}, owners=OWNERS, code_version="1", op_tags=PLAYLIST_WRITER)
def spotify_playlist(
    context: dg.AssetExecutionContext, workspace: WorkspaceResource, spotify: SpotifyResource, mix: pl.DataFrame
) -> dg.MaterializeResult:
    """The effect: the mix on Spotify, in as few calls as it takes (one up to 100 songs), read back afterwards.

    An empty decision keeps the list that is there. A list that was edited since the decision is left alone, one that is gone
    from the library is asked about.
    """
    return _written(context, workspace, spotify, MIX, mix)


@registered_asset(group_name=PLAYLIST, kinds={"spotify"}, owners=OWNERS, code_version="1", op_tags=PLAYLIST_WRITER)
def adventure_playlist(
    context: dg.AssetExecutionContext, workspace: WorkspaceResource, spotify: SpotifyResource, adventure: pl.DataFrame
) -> dg.MaterializeResult:
    """The adventure on Spotify, by the writer of the mix; nothing where it is off."""
    if not workspace.settings.adventure.enabled:
        return dg.MaterializeResult(value=_positions([]), metadata={"enabled": False})
    return _written(context, workspace, spotify, ADVENTURE, adventure)


def _written(
    context: dg.AssetExecutionContext,
    workspace: WorkspaceResource,
    spotify: SpotifyResource,
    name: str,
    decided: pl.DataFrame,
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
        raise dg.Failure(report_degraded(context, workspace, pause), allow_retries=False) from None
    except PlaylistGone as gone:
        workspace.state.raise_alert(alert, str(gone))
        raise dg.Failure(str(gone), allow_retries=False) from None
    except ExpectedError as problem:
        raise dg.Failure(str(problem), allow_retries=False) from None
    report_degraded(context, workspace, None)
    kept = changes.select("change", "song_id", "track_id", "artist", "title", "reason").to_dicts()
    outcome = finished(workspace.state, name, context.run_id, done, kept)
    for resolved in (name, alert):
        workspace.state.resolve_alert(resolved)
    return dg.MaterializeResult(
        value=_positions(done.after),
        metadata={
            "playlist": dg.MetadataValue.url(f"https://open.spotify.com/playlist/{done.playlist_id}"),
            "added": done.added,
            "removed": done.removed,
            "outcome": outcome,
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


@registered_asset(
    group_name=PLAYLIST,
    kinds={"sqlite", "spotify"},
    owners=OWNERS,
    code_version="1",
    op_tags=PLAYLIST_WRITER,
    deps=[spotify_playlist, adventure_playlist],
)
def playlist_snapshots(
    context: dg.AssetExecutionContext, workspace: WorkspaceResource, spotify: SpotifyResource
) -> dg.MaterializeResult:
    """Frozen copies of the living lists, one an interval: a row in the state and a playlist on Spotify. Copies that a cut run
    left unfinished are finished."""
    trouble: ExpectedError | None = None
    try:
        client = spotify.client()
        publish(workspace.workspace, client)
        for name in (MIX, ADVENTURE):
            if snapshot_is_due(workspace.workspace, name):
                take_snapshot(workspace.workspace, client, INTERVAL, name)
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
        metadata={"deferred": report_degraded(context, workspace, trouble)},
    )


@registered_asset(group_name=PLAYLIST, kinds={"sqlite"}, owners=OWNERS, code_version="1")
def suggestions(workspace: WorkspaceResource, song_scores: pl.DataFrame, mix: pl.DataFrame) -> dg.MaterializeResult:
    """Dormant songs worth bringing back that are not on the list: the questions that `spotify-ai next` asks."""
    listed = mix.drop_nulls("rank")["song_id"].to_list()
    worth = song_scores.filter(
        (pl.col("slot") == EXPLORATION)
        & pl.col("in_library")
        & (pl.col("plays") > 0)
        & ~pl.col("song_id").is_in(listed)
    ).sort("score", descending=True)
    shown = worth.head(5 * QUESTIONS).select("song_id", "track_id", "title", "artist", "score", "reason")
    asked = queue.propose(workspace.state, "resurface", shown.iter_rows(named=True), QUESTIONS)
    return dg.MaterializeResult(
        value=shown.head(QUESTIONS), metadata={"new questions": asked, "waiting": queue.pending(workspace.state)}
    )


def is_short(songs: int, current: int, settings: Playlist) -> bool:
    """Whether a list of so many songs is worse than the ``current`` number: empty, or shorter than one refresh may leave it."""
    return songs == 0 or songs < min(current, settings.target_size) - mixing.change_cap(settings)


def _before(decided: pl.DataFrame) -> int:
    """Songs that were on the list when this was decided."""
    return decided.height - decided["on_list"].null_count()


def _dial(context: dg.AssetExecutionContext) -> int | None:
    said = context.run.tags.get(ADVENTUROUS)
    return int(said) if said is not None else None
