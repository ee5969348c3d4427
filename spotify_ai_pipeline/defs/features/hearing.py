"""The two that hear songs: a network so small that it needs no framework, in tags; CLAP, as a vector that a text can be
compared with."""

from functools import cache

import dagster as dg
import polars as pl

from spotify_ai_pipeline.defs.features.providers import off_unit_length, sound_rows
from spotify_ai_pipeline.defs.features.sounds import Hearing, hear_songs, packed, unpacked
from spotify_ai_pipeline.defs.groups import FEATURES
from spotify_ai_pipeline.defs.registered_asset import registered_asset
from spotify_ai_pipeline.defs.resources import SoundsResource, WorkspaceResource
from spotify_ai_pipeline.encoders.clap import RATE as CLAP_RATE
from spotify_ai_pipeline.encoders.clap import Clap
from spotify_ai_pipeline.encoders.ears import MODEL, RATE, Ears, Heard
from spotify_ai_pipeline.music.embedding.tags import likely
from spotify_ai_pipeline.storage import datasets

PIECES_A_SONG = 3


@registered_asset(group_name=FEATURES, kinds={"numpy", "parquet"})
def ears(
    context: dg.AssetExecutionContext,
    workspace: WorkspaceResource,
    sounds: SoundsResource,
    songs: pl.DataFrame,
    listens: pl.DataFrame,
) -> dg.MaterializeResult:
    """The tags that are heard in thirty seconds of each song, with their likelihood, and a unit vector of the sound; empty where
    ``features.ears_providers`` is. Songs that were heard once are not heard again."""
    model = cache(Ears)
    hearing = Hearing(
        f"ears {MODEL}",
        RATE,
        lambda waves: [_kept(model().hear(wave)) for wave in waves],
        lambda kept: {"tags": kept["tags"], "vector": unpacked(kept["vector"])},
        ready=model,
    )
    names = workspace.settings.features.ears_providers
    return hear_songs(context, workspace, sounds, songs, listens, datasets.EARS, names, hearing)


@dg.asset_check(asset=ears, description="Every vector has unit length.")
def ears_are_sound(ears: pl.DataFrame) -> dg.AssetCheckResult:
    return sound_rows(ears, pl.col("vector").is_not_null(), off_unit_length(ears))


@registered_asset(group_name=FEATURES, kinds={"pytorch", "parquet"})
def clap(
    context: dg.AssetExecutionContext,
    workspace: WorkspaceResource,
    sounds: SoundsResource,
    songs: pl.DataFrame,
    listens: pl.DataFrame,
) -> dg.MaterializeResult:
    """A unit vector of what thirty seconds of each song sound like; empty where ``features.clap_providers`` is. Songs that were
    heard once are not heard again, unless by another model."""
    settings = workspace.settings.features
    model = cache(lambda: Clap(settings.clap_model, settings.clap_batch_size))
    hearing = Hearing(
        f"clap {settings.clap_model}",
        CLAP_RATE,
        lambda waves: [packed(vector) for vector in model().sound_vectors(waves)],
        lambda kept: {"vector": unpacked(kept), "model": settings.clap_model},
        ready=model,
        together=max(1, settings.clap_batch_size // PIECES_A_SONG),
        model=settings.clap_model,
    )
    return hear_songs(context, workspace, sounds, songs, listens, datasets.CLAP, settings.clap_providers, hearing)


@dg.asset_check(asset=clap, description="Every vector has unit length and is of the model in the settings, or of none.")
def clap_is_sound(clap: pl.DataFrame) -> dg.AssetCheckResult:
    several = clap["model"].drop_nulls().n_unique() > 1
    return sound_rows(clap, pl.col("vector").is_not_null(), off_unit_length(clap) | pl.lit(several))


def _kept(song: Heard | None) -> dict[str, object]:
    if song is None:
        return {}
    tags = [{"tag": tag, "weight": weight} for tag, weight in likely(song.tags).items()]
    return {"tags": tags, "vector": packed(song.vector)}
