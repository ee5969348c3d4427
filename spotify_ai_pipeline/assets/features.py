"""What the features are made into: a vector a song, and the index to search it by."""

import dagster as dg
import polars as pl

from spotify_ai_pipeline.assets.groups import FEATURES, OWNERS
from spotify_ai_pipeline.assets.io import WithBlobs
from spotify_ai_pipeline.assets.resources import HomeResource
from spotify_ai_pipeline.music.embedding import embed


@dg.asset(group_name=FEATURES, kinds={"numpy", "parquet"}, owners=OWNERS, code_version="1")
def song_embeddings(
    home: HomeResource, songs: pl.DataFrame, audio_features: pl.DataFrame, tags: pl.DataFrame
) -> dg.MaterializeResult:
    """A unit vector a song, from its audio features and its tags, each block scaled and weighted."""
    words = tags.explode("tags").unnest("tags").drop_nulls("tag").select("song_id", "tag", "weight")
    table = embed(audio_features, words, songs["song_id"], home.settings.features)
    return dg.MaterializeResult(
        value=table,
        metadata={
            "dimensions": table.schema["vector"].shape[0],  # pyright: ignore[reportAttributeAccessIssue]
            "from audio and tags": int((table["has_audio"] & table["has_tags"]).sum()),
            "from audio alone": int((table["has_audio"] & ~table["has_tags"]).sum()),
            "from tags alone": int((~table["has_audio"] & table["has_tags"]).sum()),
            "without a vector": songs.height - table.height,
        },
    )


@dg.asset_check(asset=song_embeddings, description="Vectors have unit length and hold no NaN, and each song has one.")
def embeddings_are_sound(song_embeddings: pl.DataFrame) -> dg.AssetCheckResult:
    lengths = song_embeddings["vector"].to_numpy() ** 2
    off = int((~(abs(lengths.sum(axis=1) - 1) <= 1e-3)).sum()) if len(lengths) else 0  # NaN is off, too
    doubled = song_embeddings.height - song_embeddings["song_id"].n_unique()
    return dg.AssetCheckResult(passed=not off and not doubled, metadata={"off unit length": off, "doubled": doubled})


@dg.asset(group_name=FEATURES, kinds={"faiss"}, owners=OWNERS, code_version="1")
def song_index(song_embeddings: pl.DataFrame) -> WithBlobs:
    """A FAISS index for exact search by cosine; row i of the table names the song of vector i."""
    import faiss

    vectors = song_embeddings["vector"].to_numpy()
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    return WithBlobs(song_embeddings.select("song_id"), {"index.faiss": faiss.serialize_index(index).tobytes()})
