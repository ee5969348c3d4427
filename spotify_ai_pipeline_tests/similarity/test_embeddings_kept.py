"""The embedding's model is kept with it: a second run fits nothing, and downstream knows what changed."""

import dagster as dg
import polars as pl
import pytest

from spotify_ai_pipeline.assets import embeddings
from spotify_ai_pipeline.assets.resources import HomeResource
from spotify_ai_pipeline.music.embedding import index
from spotify_ai_pipeline.storage.home import Home

Frames = dict[str, pl.DataFrame]


@pytest.fixture
def frames(home: Home) -> Frames:
    layers = {"songs": "identity"} | dict.fromkeys(("audio_features", "tags", "lyrics", "clap"), "features")
    return {name: home.lake.read(layer, name) for name, layer in layers.items()}


def made(home: Home, frames: Frames) -> dg.MaterializeResult:
    """The asset's result for ``frames``, published as the graph would."""
    result = embeddings.song_embeddings(home=HomeResource(root=str(home.root)), **frames)
    assert isinstance(result, dg.MaterializeResult)
    home.lake.write(result.value.frame, "features", "song_embeddings", blobs=result.value.blobs)
    return result


def indexed(home: Home) -> dg.MaterializeResult:
    table = home.lake.read("features", "song_embeddings")
    result = embeddings.song_index(home=HomeResource(root=str(home.root)), song_embeddings=table)
    assert isinstance(result, dg.MaterializeResult)
    home.lake.write(result.value.frame, "features", "song_index", blobs=result.value.blobs)
    return result


def without(frames: Frames, songs: int) -> Frames:
    """The library before its last songs came."""
    first = frames["songs"]["song_id"].sort().head(frames["songs"].height - songs)
    return {name: frame.filter(pl.col("song_id").is_in(first.implode())) for name, frame in frames.items()}


def test_the_same_library_gives_the_same_data_version(home: Home, frames: Frames) -> None:
    first, second = made(home, frames), made(home, frames)
    assert second.metadata["fitted anew because"].startswith("not")
    assert first.data_version == second.data_version
    assert first.value.frame.equals(second.value.frame)


def test_a_new_song_is_placed_and_appended_and_moves_no_other(home: Home, frames: Frames) -> None:
    home.lake.write(pl.DataFrame({"old": [1]}), "features", "song_embeddings")  # of a time before models were kept
    few = made(home, without(frames, 1))
    assert few.metadata["fitted anew because"] == "there was no model yet"
    indexed(home)
    all_of_them = made(home, frames)
    assert all_of_them.metadata["fitted anew because"].startswith("not")
    assert all_of_them.metadata["model"] == few.metadata["model"]
    assert all_of_them.data_version != few.data_version
    old = few.value.frame
    both = old.join(all_of_them.value.frame, on="song_id")
    assert both.height == old.height
    assert both["vector_right"].to_numpy() == pytest.approx(both["vector"].to_numpy(), abs=1e-6)
    grown = indexed(home)
    assert grown.metadata["added"] == 1
    whole = index.from_bytes(grown.value.blobs["index.faiss"])
    vectors = grown.value.frame.join(all_of_them.value.frame, on="song_id", maintain_order="left")["vector"]
    assert index.holds(whole, vectors.to_numpy())


def test_a_library_that_grew_is_fitted_anew_and_its_index_built_anew(home: Home, frames: Frames) -> None:
    home.lake.write(pl.DataFrame({"old": [1]}), "features", "song_embeddings")
    few = made(home, without(frames, 60))
    indexed(home)
    grown = made(home, frames)
    assert "at the last fit" in grown.metadata["fitted anew because"]
    assert grown.metadata["model"] != few.metadata["model"]
    assert indexed(home).metadata["added"] == grown.value.frame.height


def test_dagster_knows_the_data_version(home: Home, frames: Frames) -> None:
    instance = dg.DagsterInstance.ephemeral()
    result = dg.materialize(
        [embeddings.song_embeddings, *(_source(name, frame) for name, frame in frames.items())],
        resources={"home": HomeResource(root=str(home.root))},
        instance=instance,
    )
    assert result.success
    record = instance.get_latest_data_version_record(dg.AssetKey("song_embeddings"))
    assert record is not None
    tags = record.event_log_entry.asset_materialization.tags  # pyright: ignore[reportOptionalMemberAccess]
    assert tags["dagster/data_version"].startswith(home.lake.read("features", "song_embeddings")["model"][0])


def _source(name: str, frame: pl.DataFrame) -> dg.AssetsDefinition:
    @dg.asset(name=name)
    def made_before() -> pl.DataFrame:
        return frame

    return made_before
