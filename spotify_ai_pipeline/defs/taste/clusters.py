"""Clusters: which songs belong together, and how each group fares."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import polars as pl

from spotify_ai_pipeline.defs.groups import A_NIGHT_RUN, TASTE
from spotify_ai_pipeline.defs.io_manager import frame_of
from spotify_ai_pipeline.defs.plots import bar_chart
from spotify_ai_pipeline.defs.registered_asset import registered_asset
from spotify_ai_pipeline.defs.resources import WorkspaceResource
from spotify_ai_pipeline.music.clustering import library
from spotify_ai_pipeline.music.clustering.health import drift, health
from spotify_ai_pipeline.storage import datasets

ASKED_AT = "clusters_asked_at"
"""Fact: when the listener asked for clusters to be made anew, whatever their age."""
NEXT_ID = "next_cluster_id"
"""Fact: the id of the next cluster; ids are never used twice, so that no cluster inherits another's name."""

LOOSE_AT_MOST = 0.25
UNLIKE = 0.05
"""Cohesion below which a cluster holds songs that have nothing in common."""
DRIFTED = 0.1


@registered_asset(group_name=TASTE, kinds={"umap", "hdbscan"})
def clusters(
    context: dg.AssetExecutionContext, workspace: WorkspaceResource, song_embeddings: pl.DataFrame
) -> dg.MaterializeResult:
    """The cluster and the family of clusters (parent_cluster_id) of each song with a vector, and its place on the map.

    Made anew every clustering.recluster_interval_days, or when asked (`spotify-ai clusters --again`). Between,
    what is there stays and new songs join the cluster of their nearest neighbours. Songs in no dense group (core is false) are
    assigned softly: to the cluster of the nearest song that is in one.
    """
    settings, now = workspace.settings.clustering, datetime.fromtimestamp(workspace.now(), UTC)
    last = frame_of(workspace.lake, datasets.CLUSTERS)
    made_at = last["clustered_at"].max()
    asked = datetime.fromtimestamp(workspace.state.fact(ASKED_AT) or 0, UTC)
    known = last.join(song_embeddings.select("song_id"), on="song_id", how="semi").height
    young = (
        isinstance(made_at, datetime) and now - made_at < timedelta(days=settings.recluster_interval_days) - A_NIGHT_RUN
    )
    if young and isinstance(made_at, datetime) and asked <= made_at and known:
        table = library.joined(song_embeddings, last)
        next_id = workspace.state.fact(NEXT_ID) or 1
        age = f", {(now - made_at).days} of {settings.recluster_interval_days} days old"
    else:
        context.log.info(f"clustering {song_embeddings.height:,} songs")
        table, next_id = library.clustered(song_embeddings, last, settings, workspace.state.fact(NEXT_ID) or 1, now)
        age = ""
    workspace.state.set_fact(NEXT_ID, next_id)
    sizes = table.group_by("cluster_id").len("songs").sort("songs", "cluster_id", descending=True)
    before = table.select("song_id", "cluster_id").join(last, on="song_id", how="inner")
    return dg.MaterializeResult(
        value=table,
        metadata={
            "how": (table["how"][0] if table.height else "no song has a vector yet") + age,
            "clusters": sizes.height,
            "families": table["parent_cluster_id"].n_unique(),
            "assigned softly": _share(~table["core"]),
            "in the cluster of last time": _share(before["cluster_id"] == before["cluster_id_right"]),
            "new songs": table.height - before.height,
            "songs by cluster": bar_chart(
                sizes["cluster_id"].cast(pl.String).to_list(), sizes["songs"].to_list(), "songs"
            ),
        },
    )


@dg.asset_check(asset=clusters, description="At most a quarter of the songs lie in no dense group.")
def clusters_are_dense(clusters: pl.DataFrame) -> dg.AssetCheckResult:
    loose = float((~clusters["core"]).mean() or 0)  # pyright: ignore[reportArgumentType]
    return dg.AssetCheckResult(
        passed=loose <= LOOSE_AT_MOST, severity=dg.AssetCheckSeverity.WARN, metadata={"share in no dense group": loose}
    )


@dg.asset_check(
    asset=clusters,
    additional_ins={"song_embeddings": dg.AssetIn()},
    description="Each song with a vector is in one cluster, and each cluster in one family.",
)
def each_song_has_one_cluster(clusters: pl.DataFrame, song_embeddings: pl.DataFrame) -> dg.AssetCheckResult:
    missing = song_embeddings.join(clusters.drop_nulls("cluster_id"), on="song_id", how="anti").height
    doubled = clusters.height - clusters["song_id"].n_unique()
    pairs = clusters.select("cluster_id", "parent_cluster_id").unique().height
    torn = pairs - clusters["cluster_id"].n_unique()
    return dg.AssetCheckResult(
        passed=not missing and not doubled and not torn,
        metadata={"without a cluster": missing, "doubled": doubled, "clusters in two families": torn},
    )


@registered_asset(group_name=TASTE, kinds={"numpy", "parquet"})
def cluster_health(
    workspace: WorkspaceResource,
    clusters: pl.DataFrame,
    cluster_names: pl.DataFrame,
    song_embeddings: pl.DataFrame,
    listening_stats: pl.DataFrame,
) -> dg.MaterializeResult:
    """Size, cohesion, separation, drift since last time and share of plays of each cluster."""
    wide = clusters.join(song_embeddings.select("song_id", "vector"), on="song_id").join(
        listening_stats.select("song_id", "plays", "recent_plays"), on="song_id", how="left", maintain_order="left"
    )
    played = wide.select(pl.col("plays", "recent_plays").fill_null(0))
    found = health(
        wide["vector"].to_numpy(),
        wide["cluster_id"].to_numpy(),
        wide["core"].to_numpy(),
        played["plays"].to_numpy(),
        played["recent_plays"].to_numpy(),
    )
    last = workspace.lake.read_or_none(datasets.CLUSTER_HEALTH)
    names = cluster_names.select("cluster_id", "name")
    table = found.with_columns(drift(found, last)).join(names, on="cluster_id", how="left", maintain_order="left")
    shown = table.sort("songs", descending=True)
    return dg.MaterializeResult(
        value=table.select(*datasets.CLUSTER_HEALTH.schema).cast({"songs": pl.Int64}),
        metadata={
            "songs": _bars(shown, "songs"),
            "cohesion": _bars(shown, "cohesion"),
            "share of plays": _bars(shown, "play_share"),
            "drift": _bars(shown, "drift"),
        },
    )


@dg.asset_check(asset=cluster_health, description="Clusters hold together, and none moved far since last time.")
def clusters_hold(cluster_health: pl.DataFrame) -> dg.AssetCheckResult:
    apart = cluster_health.filter(pl.col("cohesion") < UNLIKE)["name"].to_list()
    moved = cluster_health.filter(pl.col("drift") > DRIFTED)["name"].to_list()
    return dg.AssetCheckResult(
        passed=not apart and not moved,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"nothing in common": apart, f"moved by more than {DRIFTED}": moved},
    )


def _share(which: pl.Series) -> float:
    return round(float(which.mean() or 0), 4)  # pyright: ignore[reportArgumentType]


def _bars(table: pl.DataFrame, column: str) -> dg.MarkdownMetadataValue:
    known = table.drop_nulls(column)
    return bar_chart(known["name"].fill_null("?").to_list(), known[column].to_list(), f"{column} by cluster")
