"""Playlists of clusters: one each for the largest, by the laws of the mix. Off while ``clustering.playlists`` is 0."""

from collections.abc import Mapping

import dagster as dg
import polars as pl

from spotify_ai_pipeline.app.managed_playlists import of_cluster
from spotify_ai_pipeline.app.playlist_places import target_name
from spotify_ai_pipeline.app.playlist_targets import open_target
from spotify_ai_pipeline.app.playlist_writer import PlaylistGone, PlaylistWriter
from spotify_ai_pipeline.clients.transport import Deferred
from spotify_ai_pipeline.defs.degraded import report_degraded
from spotify_ai_pipeline.defs.groups import PLAYLIST, PLAYLIST_WRITER
from spotify_ai_pipeline.defs.playlist.decided import target_of
from spotify_ai_pipeline.defs.playlist.mix_inputs import list_and_edits, listed_rows
from spotify_ai_pipeline.defs.registered_asset import registered_asset
from spotify_ai_pipeline.defs.resources import WorkspaceResource
from spotify_ai_pipeline.errors import ExpectedError
from spotify_ai_pipeline.music.clustering.playlists import bounded
from spotify_ai_pipeline.music.identity.songs import song_of_track
from spotify_ai_pipeline.music.mix.decide import KEPT, NEW, OUT
from spotify_ai_pipeline.music.mix.target_ids import with_target_ids
from spotify_ai_pipeline.music.ties import drawn
from spotify_ai_pipeline.storage import alerts, datasets, pins, playlists
from spotify_ai_pipeline.storage.hand_edits import HandEdits
from spotify_ai_pipeline.storage.state import State

TOLD = "cluster playlists told gone"


@registered_asset(
    group_name=PLAYLIST,
    kinds={"polars", "parquet"},
    deps=["clusters", "cluster_names"],
)
def cluster_playlists(
    workspace: WorkspaceResource,
    songs: pl.DataFrame,
    listening_stats: pl.DataFrame,
    spotify_library: pl.DataFrame,
    our_lists: pl.DataFrame,
) -> dg.MaterializeResult:
    """The decision: the songs of each cluster's list, most wanted first, and how they change against what is on Spotify, within
    playlist.max_change_per_refresh. What was added or removed by hand stays or stays away."""
    rules, state, lake = workspace.settings.playlist, workspace.state, workspace.lake
    clusters, names = lake.read_or_none(datasets.CLUSTERS), lake.read_or_none(datasets.CLUSTER_NAMES)
    if clusters is None or names is None or not workspace.settings.clustering.playlists:
        return dg.MaterializeResult(value=datasets.CLUSTER_PLAYLISTS.empty(), metadata={"playlists": 0})
    songs = with_target_ids(songs, target_name(workspace.workspace))
    listed = listed_rows(spotify_library.lazy(), our_lists.lazy())
    largest = names.filter(level="cluster").sort("songs", "cluster_id", descending=[True, False])
    rated = _rated(clusters, songs, listening_stats).filter(
        ~pl.col("track_id").is_in(list(playlists.unavailable(state)))
    )
    track_of = dict(songs.drop_nulls("track_id").select("song_id", "track_id").iter_rows())
    song_of = song_of_track(songs)
    barred = set(pins.held_and_barred(state, workspace.now())[1])
    rows: list[tuple[object, ...]] = []
    for cluster, title in (
        largest.head(workspace.settings.clustering.playlists).select("cluster_id", "name").iter_rows()
    ):
        name = of_cluster(cluster, title).name
        there, edits = standing_edits(state, name, listed, song_of)
        edits.keep(state, name)
        wanted = rated.filter(cluster_id=cluster)["song_id"].to_list()
        wanted = [song for song in wanted if song not in barred | edits.barred]
        wanted += [song for song in there if song in edits.kept and song not in wanted]
        chosen = bounded(list(there), wanted, rules.target_size, rules.max_change_per_refresh)
        track = {song: tracks[0] for song, tracks in there.items()}
        for rank, song in enumerate(chosen, 1):
            change = KEPT if song in there else NEW
            rows.append((cluster, title, rank, song, track.get(song) or track_of[song], change, there.get(song, [])))
        rows += [(cluster, title, None, song, track[song], OUT, there[song]) for song in there if song not in chosen]
    table = pl.DataFrame(rows, schema=datasets.CLUSTER_PLAYLISTS.schema, orient="row")
    counts = {"playlists": table["cluster_id"].n_unique(), "changes": int((table["change"] != KEPT).sum())}
    return dg.MaterializeResult(value=table, metadata=counts)


@registered_asset(
    group_name=PLAYLIST,
    kinds={"spotify"},
    op_tags=PLAYLIST_WRITER,
    deps=["adventure_playlist"],
)
def clusters_on_spotify(
    context: dg.AssetExecutionContext,
    workspace: WorkspaceResource,
    cluster_playlists: pl.DataFrame,
) -> dg.MaterializeResult:
    """The effect: each cluster's list on Spotify by the writer of the mix, read back. A list that was edited since the decision
    waits for the next refresh, one that was deleted stays away and is asked about once; neither keeps the others."""
    rows: list[tuple[object, ...]] = []
    left, news = list[str](), list[str]()
    trouble = None
    for (cluster, title), decided in cluster_playlists.group_by("cluster_id", "playlist", maintain_order=True):
        there = decided["on_list"].explode().drop_nulls().to_list()
        about = of_cluster(cluster, str(title))
        try:
            done = PlaylistWriter(open_target(workspace.workspace), workspace.workspace).write(
                about, target_of(decided), decided_on=there
            )
        except Deferred as pause:
            trouble = pause
            break
        except ExpectedError as reason:
            left.append(str(reason))
            if not isinstance(reason, PlaylistGone) or _gone_since(workspace.state, about.name):
                news.append(str(reason))
            continue
        rows += [(cluster, title, position, track) for position, track in enumerate(done.after, 1)]
    if news:
        alerts.raise_alert(workspace.state, "cluster playlists", "; ".join(news))
    else:
        alerts.resolve_alert(workspace.state, "cluster playlists")
    table = pl.DataFrame(rows, schema=datasets.CLUSTERS_ON_SPOTIFY.schema, orient="row")
    return dg.MaterializeResult(
        value=table,
        metadata={
            "playlists": table["cluster_id"].n_unique(),
            "left alone": left,
            **report_degraded(context, workspace, trouble),
        },
    )


@dg.asset_check(
    asset=clusters_on_spotify,
    additional_ins={"cluster_playlists": dg.AssetIn()},
    description="What Spotify reads back is what was decided, for every list that was written.",
)
def cluster_lists_read_back(clusters_on_spotify: pl.DataFrame, cluster_playlists: pl.DataFrame) -> dg.AssetCheckResult:
    decided = cluster_playlists.drop_nulls("rank").sort("cluster_id", "rank")
    wrong = [
        str(title)
        for (cluster, title), read in clusters_on_spotify.group_by("cluster_id", "playlist")
        if decided.filter(cluster_id=cluster)["track_id"].to_list() != read.sort("position")["track_id"].to_list()
    ]
    return dg.AssetCheckResult(passed=not wrong, metadata={"not as decided": wrong})


def _gone_since(state: State, name: str) -> bool:
    """Tells whether the listener was not told yet that the list is gone; from now on they were."""
    known, told = playlists.written(state, name), state.fact(TOLD) or []
    if known is None or known.playlist_id in told:
        return False
    state.set_fact(TOLD, [*told, known.playlist_id])
    return True


def _rated(clusters: pl.DataFrame, songs: pl.DataFrame, stats: pl.DataFrame) -> pl.DataFrame:
    """The library's songs of each cluster, those that are likely to be played soon first."""
    playable = songs.filter("in_library").drop_nulls("track_id").select("song_id", "track_id")
    return (
        clusters.select("song_id", "cluster_id")
        .join(playable, on="song_id")
        .join(stats.select("song_id", "activation", "plays"), on="song_id", how="left")
        .sort("activation", "plays", drawn(), descending=[True, True, False], nulls_last=True)
    )


def standing_edits(
    state: State, name: str, library: pl.DataFrame, song_of: Mapping[str, str]
) -> tuple[dict[str, list[str]], HandEdits]:
    """(the songs on the list now with their Spotify ids, all edits by hand so far, the newest among them)."""
    there, new = list_and_edits(state, name, library, song_of, {})
    return there, HandEdits.of(state, name).with_more(new.added, new.removed)
