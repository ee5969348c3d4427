"""The embedding's model is kept with it: a second run fits nothing, and downstream knows what changed."""

from typing import Any, cast

import dagster as dg
import polars as pl
import pytest

from spotify_ai_pipeline.defs.features import embeddings
from spotify_ai_pipeline.defs.resources import WorkspaceResource
from spotify_ai_pipeline.music.embedding import index
from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline.storage.workspace import Workspace

Frames = dict[str, pl.DataFrame]


@pytest.fixture
def frames(workspace: Workspace) -> Frames:
    names = ("songs", "audio_features", "tags", "lyrics", "clap")
    return {name: workspace.lake.read(datasets.REGISTER[name]) for name in names}


def maker(asset: dg.AssetsDefinition) -> Any:
    """Makes an asset, without the look at whether that is needed."""
    return cast(Any, asset.op.compute_fn).decorated_fn.__wrapped__


def made(workspace: Workspace, frames: Frames) -> dg.MaterializeResult:
    """The asset's result for ``frames``, published as the graph would."""
    result = maker(embeddings.song_embeddings)(workspace=WorkspaceResource(root=str(workspace.root)), **frames)
    assert isinstance(result, dg.MaterializeResult)
    workspace.lake.write(result.value.frame, datasets.SONG_EMBEDDINGS, blobs=result.value.blobs)
    return result


def indexed(workspace: Workspace) -> dg.MaterializeResult:
    table = workspace.lake.read(datasets.SONG_EMBEDDINGS)
    result = maker(embeddings.song_index)(workspace=WorkspaceResource(root=str(workspace.root)), song_embeddings=table)
    assert isinstance(result, dg.MaterializeResult)
    workspace.lake.write(result.value.frame, datasets.SONG_INDEX, blobs=result.value.blobs)
    return result


def without(frames: Frames, songs: int) -> Frames:
    """The library before its last songs came."""
    first = frames["songs"]["song_id"].sort().head(frames["songs"].height - songs)
    return {name: frame.filter(pl.col("song_id").is_in(first.implode())) for name, frame in frames.items()}


def test_the_same_library_gives_the_same_data_version(workspace: Workspace, frames: Frames) -> None:
    first, second = made(workspace, frames), made(workspace, frames)
    assert str(second.metadata["fitted anew because"]).startswith("not")
    assert first.data_version == second.data_version
    assert first.value.frame.equals(second.value.frame)


def test_a_new_song_is_placed_and_appended_and_moves_no_other(workspace: Workspace, frames: Frames) -> None:
    workspace.lake.write(pl.DataFrame({"old": [1]}), datasets.SONG_EMBEDDINGS)  # of a time before models were kept
    few = made(workspace, without(frames, 1))
    assert few.metadata["fitted anew because"] == "there was no model yet"
    indexed(workspace)
    all_of_them = made(workspace, frames)
    assert str(all_of_them.metadata["fitted anew because"]).startswith("not")
    assert all_of_them.metadata["model"] == few.metadata["model"]
    assert all_of_them.data_version != few.data_version
    old = few.value.frame
    both = old.join(all_of_them.value.frame, on="song_id")
    assert both.height == old.height
    assert both["vector_right"].to_numpy() == pytest.approx(both["vector"].to_numpy(), abs=1e-6)
    grown = indexed(workspace)
    assert grown.metadata["added"] == 1
    whole = index.from_bytes(grown.value.blobs["index.faiss"])
    vectors = grown.value.frame.join(all_of_them.value.frame, on="song_id", maintain_order="left")["vector"]
    assert index.holds(whole, vectors.to_numpy())


def test_a_library_that_grew_is_fitted_anew_and_its_index_built_anew(workspace: Workspace, frames: Frames) -> None:
    workspace.lake.write(pl.DataFrame({"old": [1]}), datasets.SONG_EMBEDDINGS)
    few = made(workspace, without(frames, 60))
    indexed(workspace)
    grown = made(workspace, frames)
    assert "at the last fit" in grown.metadata["fitted anew because"]
    assert grown.metadata["model"] != few.metadata["model"]
    assert indexed(workspace).metadata["added"] == grown.value.frame.height


def test_dagster_knows_the_data_version(workspace: Workspace, frames: Frames) -> None:
    instance = dg.DagsterInstance.ephemeral()
    result = dg.materialize(
        [embeddings.song_embeddings, *(_source(name, frame) for name, frame in frames.items())],
        resources={"workspace": WorkspaceResource(root=str(workspace.root))},
        instance=instance,
    )
    assert result.success
    record = instance.get_latest_data_version_record(dg.AssetKey("song_embeddings"))
    assert record is not None
    tags = record.event_log_entry.asset_materialization.tags  # pyright: ignore[reportOptionalMemberAccess]
    assert tags["dagster/data_version"].startswith(workspace.lake.read(datasets.SONG_EMBEDDINGS)["model"][0])


def _source(name: str, frame: pl.DataFrame) -> dg.AssetsDefinition:
    @dg.asset(name=name)
    def made_before() -> pl.DataFrame:
        return frame

    return made_before
