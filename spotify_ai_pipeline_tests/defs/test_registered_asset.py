"""An asset's derivation decides whether it is made anew."""

from collections.abc import Callable
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from spotify_ai_pipeline.defs import registered_asset as module
from spotify_ai_pipeline.defs.io_manager import LakeIOManager, Pieces
from spotify_ai_pipeline.defs.registered_asset import Derived, registered_asset
from spotify_ai_pipeline.defs.resources import WorkspaceResource
from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline.storage.workspace import Workspace

NAMES = ["Drift", "Ferry"]


@pytest.fixture
def made() -> list[str]:
    return []


@pytest.fixture
def run(tmp_path: Path, made: list[str]) -> Callable[..., dg.ExecuteInProcessResult]:
    """Writes the embeddings of ``songs`` and makes ``song_index`` from them and from a setting."""

    @registered_asset(name="song_index", derived=Derived(lambda workspace: workspace.settings.features.clap_weight))
    def song_index(workspace: WorkspaceResource, song_embeddings: pl.DataFrame) -> Pieces:
        made.append(workspace.settings.listener.name)
        return Pieces([song_embeddings.select("song_id")])

    def run(songs: list[str] = NAMES) -> dg.ExecuteInProcessResult:
        home = Workspace.open(tmp_path / "home")
        empty = datasets.SONG_EMBEDDINGS.empty().select("song_id")
        home.lake.write(pl.concat([empty, pl.DataFrame({"song_id": songs})]), datasets.SONG_EMBEDDINGS)
        place = WorkspaceResource(root=str(home.root))
        known = dg.AssetSpec("song_embeddings")
        return dg.materialize(
            [known, song_index], resources={"workspace": place, "io_manager": LakeIOManager(workspace=place)}
        )

    return run


def index(tmp_path: Path) -> list[str]:
    return Workspace.open(tmp_path / "home").lake.read(datasets.SONG_INDEX)["song_id"].to_list()


def test_an_asset_is_made_anew_when_what_it_is_derived_from_changes(
    run: Callable[..., dg.ExecuteInProcessResult], made: list[str], tmp_path: Path
) -> None:
    assert run().success
    again = run()
    assert len(made) == 1, "the same input, written again, is no news"
    (event,) = again.asset_materializations_for_node("song_index")
    assert event.metadata["dagster/row_count"].value == 2
    assert "unchanged" in event.metadata
    assert all(check.passed for check in again.get_asset_check_evaluations())

    run(["Drift"])
    assert len(made) == 2
    assert index(tmp_path) == ["Drift"]

    Workspace.open(tmp_path / "home").state.set_override("features.clap_weight", 0.25)
    run(["Drift"])
    assert len(made) == 3, "a setting that it reads changed"
    Workspace.open(tmp_path / "home").state.set_override("mood.window_size", 7)
    run(["Drift"])
    assert len(made) == 3, "a setting that it does not read changed"


def test_another_program_makes_everything_once(
    run: Callable[..., dg.ExecuteInProcessResult], made: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run()
    monkeypatch.setattr(module, "program_version", lambda: "the next release")
    run()
    run()
    assert len(made) == 2


def test_what_is_damaged_is_made_anew(
    run: Callable[..., dg.ExecuteInProcessResult], made: list[str], tmp_path: Path
) -> None:
    run()
    (file,) = (tmp_path / "home" / "lake").glob("*/*/song_index/v=*/part-0.parquet")
    file.unlink()
    (file.parent.parent / "current.json").unlink()
    run()
    assert len(made) == 2
    assert index(tmp_path) == NAMES
