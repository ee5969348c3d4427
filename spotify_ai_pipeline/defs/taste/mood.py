"""The mood now: what the listener asked for, else what their listening shows."""

from datetime import UTC, datetime

import dagster as dg
import numpy as np
import polars as pl

from spotify_ai_pipeline.app.mood_requests import wish_of
from spotify_ai_pipeline.defs.groups import TASTE
from spotify_ai_pipeline.defs.registered_asset import registered_asset
from spotify_ai_pipeline.defs.resources import WorkspaceResource
from spotify_ai_pipeline.music.embedding.model import Model
from spotify_ai_pipeline.music.mood.detection import day_part, heard_mood, nearest_clusters
from spotify_ai_pipeline.music.mood.parser import describe
from spotify_ai_pipeline.music.mood.projection import towards
from spotify_ai_pipeline.storage import datasets, moods
from spotify_ai_pipeline.storage.embedding_model import embedding_model
from spotify_ai_pipeline.storage.lake import Lake
from spotify_ai_pipeline.storage.moods import SaidMood

SAID, LISTENING, HABIT = "said", "listening", "habit"
TIME = pl.Datetime("ms", "UTC")


@registered_asset(group_name=TASTE, kinds={"numpy", "parquet"})
def mood(
    workspace: WorkspaceResource,
    listens: pl.DataFrame,
    song_embeddings: pl.DataFrame,
    tags: pl.DataFrame,
    songs: pl.DataFrame,
) -> dg.MaterializeResult:
    """One row: the mood that was asked for while it is in force, else that of the latest listens and of habit at this hour;
    the latter as well where no song of the listener's is like what was asked for.

    None where nothing heard has a vector. A vector may be compared with embeddings of the same ``model`` alone.
    """
    model = embedding_model(workspace.lake)
    said, row = moods.in_force(workspace.state, workspace.now()), None
    if model is not None and song_embeddings.height:
        row = _said(workspace, model, said, song_embeddings, songs) if said else None
        row = row or _heard(workspace, model, listens, song_embeddings, tags)
    if row is None:
        return dg.MaterializeResult(value=datasets.MOOD.empty(), metadata={"words": "unknown"})
    named = nearest_clusters(row["vector"], song_embeddings, _named_clusters(workspace.lake))
    row |= {
        "clusters": named,
        "model": song_embeddings["model"][0],
        "vector": row["vector"].astype(np.float32).tolist(),
        "said": said.words if said else None,
    }
    missed = {"missed": f"no song is like {said.words!r}"} if said and row["source"] != SAID else {}
    return dg.MaterializeResult(
        value=pl.DataFrame([row], schema=datasets.MOOD.schema),
        metadata={
            "source": row["source"],
            "words": ", ".join([*row["clusters"], *row["words"], *row["tags"]]),
            **missed,
        },
    )


def _named_clusters(lake: Lake) -> pl.DataFrame:
    """The name of each song's cluster (song_id, name), as last made: a mood waits for no clustering, and does without."""
    groups, names = (lake.read_or_none(one) for one in (datasets.CLUSTERS, datasets.CLUSTER_NAMES))
    if groups is None or names is None:
        return pl.DataFrame(schema={"song_id": pl.String, "name": pl.String})
    return groups.join(names.filter(level="cluster"), on="cluster_id").select("song_id", "name")


def _said(
    workspace: WorkspaceResource, model: Model, said: SaidMood, embeddings: pl.DataFrame, songs: pl.DataFrame
) -> dict | None:
    """The mood that was asked for; None where the library has nothing by which to find it any more."""
    wish = wish_of(said, model)
    years = songs.select("song_id", year=pl.col("release_date").str.slice(0, 4).cast(pl.Int64, strict=False))
    vector = towards(wish, model, workspace.settings.features, embeddings, _named_clusters(workspace.lake), years)
    if not vector.any():
        return None
    expires = datetime.fromtimestamp(said.until, UTC)
    tags = [tag for tag, weight in wish.tags.items() if weight >= 1]
    return {
        "vector": vector,
        "source": SAID,
        "words": wish.understood,
        "tags": tags,
        "expires_at": expires,
    }


def _heard(
    workspace: WorkspaceResource, model: Model, listens: pl.DataFrame, embeddings: pl.DataFrame, tags: pl.DataFrame
) -> dict | None:
    """The mood that listening shows, called by its sound, the part of the day and the tags heard most."""
    now, zone, settings = workspace.now(), workspace.settings.listener.zone, workspace.settings.mood
    found = heard_mood(listens, embeddings, now, zone, settings)
    if found is None:
        return None
    latest = listens.sort("played_at", descending=True).head(settings.window_size)
    said = latest.join(tags, on="song_id", maintain_order="left").explode("tags").unnest("tags")
    heard = said.group_by("tag", maintain_order=True).agg(pl.sum("weight"))
    most = heard.drop_nulls("tag").sort("weight", "tag", descending=[True, False]).head(5)["tag"].to_list()
    return {
        "vector": found.vector,
        "source": LISTENING if found.listens else HABIT,
        "words": [*describe(model.sound(found.vector)), day_part(now, zone)],
        "tags": most,
        "listens": found.listens,
        "since": found.since,
        "until": found.until,
    }
