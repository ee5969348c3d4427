"""Embeddings: a vector a song from all that is known of it, with the model that made it, and the index that searches them."""

import hashlib

import dagster as dg
import polars as pl

from spotify_ai_pipeline.defs.groups import FEATURES
from spotify_ai_pipeline.defs.io_manager import WithBlobs, frame_of
from spotify_ai_pipeline.defs.registered_asset import Derived, registered_asset
from spotify_ai_pipeline.defs.resources import WorkspaceResource
from spotify_ai_pipeline.music.embedding import index
from spotify_ai_pipeline.music.embedding.model import MODEL_FILE, Inputs, Model
from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline.storage.embedding_model import embedding_model


def _reads(workspace: WorkspaceResource) -> object:
    return workspace.settings.features, workspace.lake.version_of(datasets.EARS)


@registered_asset(derived=Derived(_reads), group_name=FEATURES, kinds={"numpy", "parquet"}, deps=["ears"])
def song_embeddings(
    workspace: WorkspaceResource,
    songs: pl.DataFrame,
    audio_features: pl.DataFrame,
    tags: pl.DataFrame,
    lyrics: pl.DataFrame,
    clap: pl.DataFrame,
) -> dg.MaterializeResult:
    """A unit vector a song, from its audio features, tags, artist, lyrics and sound (CLAP, else ears), each block scaled and
    weighted.

    The model that makes them is kept with them and places new songs as it is, until the library outgrew it.
    """
    features = workspace.settings.features
    words = tags.explode("tags").unnest("tags").drop_nulls("tag").select("song_id", "tag", "weight")
    sound = clap if clap["vector"].count() else frame_of(workspace.lake, datasets.EARS)
    known = Inputs(songs.select("song_id", "artist_key"), audio_features, words, lyrics, sound)
    model = embedding_model(workspace.lake)
    refit = model.outgrown(known, features) if model else "there was no model yet"
    if model is None or refit:
        model = Model.fit(known, features)
    table = model.embed(known, features)
    version = model.version(features)
    has = [column for column in table.columns if column.startswith("has_")]
    return dg.MaterializeResult(
        value=WithBlobs(table, {MODEL_FILE: model.to_bytes()}),
        data_version=dg.DataVersion(f"{version}-{_content(table)}"),
        metadata={
            "model": version,
            "fitted anew because": refit or "not: new songs were placed in the space as it is",
            "dimensions": table.schema["vector"].shape[0],  # pyright: ignore[reportAttributeAccessIssue]
            **{f"with {column.removeprefix('has_')}": int(table[column].sum()) for column in has},
            "without a vector": songs.height - table.height,
        },
    )


@dg.asset_check(asset=song_embeddings, description="Vectors have unit length and hold no NaN, and each song has one.")
def embeddings_are_sound(song_embeddings: pl.DataFrame) -> dg.AssetCheckResult:
    lengths = song_embeddings["vector"].to_numpy() ** 2
    off = int((~(abs(lengths.sum(axis=1) - 1) <= 1e-3)).sum()) if len(lengths) else 0  # NaN is off, too
    doubled = song_embeddings.height - song_embeddings["song_id"].n_unique()
    return dg.AssetCheckResult(passed=not off and not doubled, metadata={"off unit length": off, "doubled": doubled})


@registered_asset(derived=Derived(), group_name=FEATURES, kinds={"faiss"})
def song_index(workspace: WorkspaceResource, song_embeddings: pl.DataFrame) -> dg.MaterializeResult:
    """A FAISS index for search by cosine; row i of the table names the song of vector i. New songs are appended; it is built
    anew where vectors changed or songs left."""
    kept, names = (
        workspace.lake.blob_or_none(datasets.SONG_INDEX, index.FILE),
        workspace.lake.read_or_none(datasets.SONG_INDEX),
    )
    found = index.from_bytes(kept) if kept is not None else None
    if found is not None and names is not None and _still_holds(found, names, song_embeddings):
        new = song_embeddings.join(names, on="song_id", how="anti", maintain_order="left")
        index.append(found, new["vector"].to_numpy())
        names = pl.concat([names, new.select("song_id")])
    else:
        found, new = index.build(song_embeddings["vector"].to_numpy()), song_embeddings
        names = song_embeddings.select("song_id")
    return dg.MaterializeResult(
        value=WithBlobs(names, {index.FILE: index.to_bytes(found)}),
        metadata={"search": "exact" if index.is_exact(found) else "compressed, re-ranked", "added": new.height},
    )


def _still_holds(found: index.Index, names: pl.DataFrame, embeddings: pl.DataFrame) -> bool:
    """Tells whether every song of the index still has the vector that it has there, and the kind of index still
    suits."""
    same = names.join(embeddings, on="song_id", maintain_order="left")
    return (
        index.fits(found, embeddings.height)
        and same.height == names.height
        and index.holds(found, same["vector"].to_numpy())
    )


def _content(table: pl.DataFrame) -> str:
    digest = hashlib.sha256("\n".join(table["song_id"]).encode())
    digest.update(table["vector"].to_numpy().tobytes())
    return digest.hexdigest()[:12]
