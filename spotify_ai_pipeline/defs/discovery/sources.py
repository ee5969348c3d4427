"""Sources: what each of them puts forward, one asset a source, made by one factory."""

from datetime import timedelta

import dagster as dg
import numpy as np
import polars as pl

from spotify_ai_pipeline.app.discovery_sources import SOURCES, Asking, Source, moment
from spotify_ai_pipeline.defs.degraded import report_degraded
from spotify_ai_pipeline.defs.groups import DISCOVERY
from spotify_ai_pipeline.defs.io_manager import frame_of
from spotify_ai_pipeline.defs.registered_asset import registered_asset
from spotify_ai_pipeline.defs.resources import WorkspaceResource
from spotify_ai_pipeline.errors import ExpectedError
from spotify_ai_pipeline.music.discovery import seeds as seeding
from spotify_ai_pipeline.music.discovery.affinity import Profile
from spotify_ai_pipeline.music.discovery.leads import Lead
from spotify_ai_pipeline.music.tables import LEADS
from spotify_ai_pipeline.storage import alerts, datasets, queue

KEPT_FOR = timedelta(days=30)
"""A lead that no run repeated is forgotten after this time."""
MOST_SEEDS, TAGS = 200, 10
MORE_COUNTS = 2.0
"""Expected plays that "more like this" adds to a song as a seed."""


@registered_asset(group_name=DISCOVERY, kinds={"numpy", "parquet"})
def discovery_seeds(
    context: dg.AssetExecutionContext,
    workspace: WorkspaceResource,
    songs: pl.DataFrame,
    listening_stats: pl.DataFrame,
    tags: pl.DataFrame,
) -> dg.MaterializeResult:
    """The songs that sources are asked about, in the order of this run's draw: what is played now comes early, one song an
    artist first. The first row names the listener's tags."""
    seed = int(context.run_id[:8], 16)
    wanted = [song for song, verdict in queue.standing(workspace.state, workspace.now()).items() if verdict == "more"]
    more = pl.when(pl.col("song_id").is_in(wanted)).then(MORE_COUNTS).otherwise(0.0)
    liked = liking(songs.lazy(), listening_stats.lazy()).with_columns(pl.col("weight") + more).collect()
    drawn = seeding.draw(liked, np.random.default_rng(seed)).head(MOST_SEEDS)
    words = list(Profile.of(liked, flat(tags)).tags)[:TAGS]
    return dg.MaterializeResult(
        value=drawn.with_columns(listener_tags=pl.lit(words, pl.List(pl.String))),
        metadata={"seed": seed, "tags": words, "first": drawn["artist"].unique(maintain_order=True).to_list()[:10]},
    )


def source_asset(name: str, source: Source) -> dg.AssetsDefinition:
    """The asset of one source: the leads of this run and of the last month."""

    @registered_asset(
        name=name,
        group_name=DISCOVERY,
        kinds={source.kind, "parquet"},
        description=source.find.__doc__,
    )
    def leads(
        context: dg.AssetExecutionContext, workspace: WorkspaceResource, discovery_seeds: pl.DataFrame
    ) -> dg.MaterializeResult:
        settings, now = workspace.settings.discovery, moment(workspace.now())
        before = frame_of(workspace.lake, datasets.LEADS_BY_SOURCE[name]).filter(pl.col("found_at") > now - KEPT_FOR)
        switched_on = bool(getattr(settings.sources, name))
        off = source.closed(workspace.workspace) if switched_on else f"switched off (discovery.sources.{name})"
        batches, trouble, words = list[Lead](), None, discovery_seeds["listener_tags"].to_list()[:1]
        asking = Asking(workspace.workspace, discovery_seeds, words[0] if words else [], settings.calls_per_source, now)
        if not off and settings.calls_per_source:
            try:
                for batch in source.find(asking):
                    batches += batch
            except ExpectedError as error:
                trouble = error
        rows = [{**vars(lead), "source": name, "found_at": now} for lead in batches if lead.artist and lead.title]
        found = pl.DataFrame(rows, schema=LEADS)
        asked = not off and trouble is None and discovery_seeds.height > 0
        _watch(workspace, name, found.height, source.patience, asked=asked)
        table = pl.concat([found, before]).unique(["artist", "title", "because"], keep="first", maintain_order=True)
        return dg.MaterializeResult(
            value=table if switched_on else table.clear(),
            metadata={
                "state": off or "asked",
                "leads now": found.height,
                "new": table.height - before.height,
                **report_degraded(context, workspace, trouble),
            },
        )

    return leads


SOURCE_ASSETS = [source_asset(name, source) for name, source in SOURCES.items()]


def _watch(workspace: WorkspaceResource, name: str, leads: int, patience: int, *, asked: bool) -> None:
    """An alert for a source that was asked and put forward nothing, ``patience`` times in a row: its answers, or our reading of
    them, may have changed."""
    fact = f"empty {name}"
    empty = (workspace.state.fact(fact) or 0) + 1 if asked and not leads else 0
    if asked:
        workspace.state.set_fact(fact, empty)
    if empty >= patience:
        alerts.raise_alert(
            workspace.state, f"yield {name}", f"the source {name} puts nothing forward; others fill its place"
        )
    elif leads or not asked:
        alerts.resolve_alert(workspace.state, f"yield {name}")


def liking(songs: pl.LazyFrame, stats: pl.LazyFrame) -> pl.LazyFrame:
    """Weighs each song as it counts now (``weight``): its activation, and a little where it is liked."""
    columns = ["song_id", "artist", "title", "artist_key", "track_id", "mbid"]
    at_least = pl.when("liked").then(seeding.LIKED_COUNTS).otherwise(0.0)
    return songs.join(stats.select("song_id", "activation"), on="song_id", how="left", maintain_order="left").select(
        *columns, weight=pl.max_horizontal(pl.col("activation").fill_null(0.0), at_least)
    )


def flat(tags: pl.DataFrame) -> pl.DataFrame:
    """(song_id, tag, weight) of the table of tags."""
    return tags.explode("tags").unnest("tags").drop_nulls("tag").select("song_id", "tag", "weight")
