"""CLAP: what a song sounds like, as a vector that a text can be compared with."""

import base64
import itertools
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import dagster as dg
import numpy as np
import polars as pl

from spotify_ai_pipeline.defs.degraded import report_degraded
from spotify_ai_pipeline.defs.features.providers import (
    Ask,
    ask_in_order,
    coverage,
    off,
    off_unit_length,
    open_questions,
    sound_rows,
)
from spotify_ai_pipeline.defs.features.sounds import TooLong, waves, within
from spotify_ai_pipeline.defs.groups import FEATURES
from spotify_ai_pipeline.defs.io_manager import frame_of
from spotify_ai_pipeline.defs.registered_asset import registered_asset
from spotify_ai_pipeline.defs.resources import SoundsResource, WorkspaceResource
from spotify_ai_pipeline.encoders.clap import RATE, Clap
from spotify_ai_pipeline.storage import datasets

PIECES_A_SONG = 3


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
    if not settings.clap_providers:
        return off(context, workspace, datasets.CLAP, "features.clap_providers")
    known = frame_of(workspace.lake, datasets.CLAP)
    of_this_model = known.filter(pl.col("source").is_null() | (pl.col("model") == settings.clap_model))
    kept, wanted = open_questions(of_this_model, songs, listens, workspace.now())
    model = cache(lambda: Clap(settings.clap_model, settings.clap_batch_size))
    providers = {name: _heard(context, workspace, sounds, name, wanted, model) for name in settings.clap_providers}
    rows, trouble = ask_in_order(providers, wanted["song_id"].to_list(), workspace)
    table = pl.concat([kept, pl.DataFrame(rows, schema=datasets.CLAP.schema)])
    return dg.MaterializeResult(
        value=table,
        metadata={
            "asked now": len(rows),
            **coverage(table, songs, "sound"),
            "model": settings.clap_model,
            **report_degraded(context, workspace, trouble),
        },
    )


@dg.asset_check(asset=clap, description="Every vector has unit length and is of the model in the settings, or of none.")
def clap_is_sound(clap: pl.DataFrame) -> dg.AssetCheckResult:
    several = clap["model"].drop_nulls().n_unique() > 1
    return sound_rows(clap, pl.col("vector").is_not_null(), off_unit_length(clap) | pl.lit(several))


def _heard(
    context: dg.AssetExecutionContext,
    workspace: WorkspaceResource,
    sounds: SoundsResource,
    provider: str,
    songs: pl.DataFrame,
    model: Callable[[], Clap],
) -> Ask:
    """The sound of ``provider`` through the model. Each vector is kept as soon as it is made: a run that is cut is resumed."""
    settings, answers = workspace.settings.features, workspace.workspace.answers
    kind = f"clap {settings.clap_model} {provider}"
    together = max(1, settings.clap_batch_size // PIECES_A_SONG)

    def values(kept: str) -> Mapping[str, Any]:
        return {"vector": np.frombuffer(base64.b64decode(kept), np.float32).tolist(), "model": settings.clap_model}

    def ask(song_ids: Sequence[str]) -> Iterator[tuple[Collection[str], Mapping[str, Mapping[str, Any]]]]:
        kept = answers.get(kind, song_ids)
        yield list(kept), {song: values(vector) for song, vector in kept.items()}
        wanted = songs.filter(pl.col("song_id").is_in(song_ids) & ~pl.col("song_id").is_in(list(kept)))
        if wanted.is_empty():
            return
        model()  # what is missing is told before anything is fetched
        listened = waves(context, workspace, sounds, provider, wanted.head(settings.sound_songs_per_run), RATE)
        while part := dict(itertools.islice(listened, together)):
            hearable = {song: wave for song, wave in part.items() if wave is not None}
            made: dict[str, str] = {}
            try:
                vectors = within(
                    settings.sound_seconds * together,
                    lambda hearable=hearable: model().sound_vectors(list(hearable.values())),
                )
                made = {
                    song: base64.b64encode(vector.tobytes()).decode()
                    for song, vector in zip(hearable, vectors, strict=True)
                }
            except TooLong:
                context.log.warning(f"{len(hearable)} songs were not heard in time")
            answers.put(kind, made)
            yield list(part), {song: values(vector) for song, vector in made.items()}

    return ask
