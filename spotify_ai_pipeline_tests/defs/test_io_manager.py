"""The way between Dagster and the lake: versions, what they were made from, and what the UI is shown."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from spotify_ai_pipeline.defs.io_manager import LakeIOManager, Parts, Pieces, WithBlobs, frame_of, sample
from spotify_ai_pipeline.defs.plots import bar_chart
from spotify_ai_pipeline.defs.resources import WorkspaceResource
from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline.storage.lake import Dataset
from spotify_ai_pipeline.storage.workspace import Workspace

FRAME = pl.DataFrame({"song_id": ["a", "b"], "vector": [[0.1, 0.2], [0.3, 0.4]], "note": ["x" * 200, None]})


KNOWN = {
    name: Dataset(layer, name, schema={"song_id": pl.String()} if name == "songs" else {})
    for name, layer in {
        "songs": "identity", "index": "features", "plays": "ingest", "broken": "ingest", "listens": "identity", "later": "taste",
    }.items()
}  # fmt: skip


@pytest.fixture(autouse=True)
def register(monkeypatch: pytest.MonkeyPatch) -> None:
    """The register knows the assets of this module, and no others."""
    monkeypatch.setattr(datasets, "REGISTER", KNOWN)


@dg.asset(group_name="identity", code_version="3")
def songs() -> pl.DataFrame:
    return FRAME


@dg.asset(group_name="features")
def index(songs: pl.DataFrame) -> WithBlobs:
    return WithBlobs(songs.select("song_id"), {"index.bin": b"bytes"})


@dg.asset(group_name="ingest")
def plays() -> Parts:
    return Parts(iter([("2024-01", FRAME), ("2024-02", FRAME.head(1))]))


@dg.asset(group_name="ingest")
def broken() -> Parts:
    def frames() -> Iterator[tuple[str, pl.DataFrame]]:
        yield "2024-01", FRAME
        raise ConnectionError("gone")

    return Parts(frames())


@dg.asset(group_name="identity")
def listens() -> Pieces:
    found: dict[str, int] = {}

    def frames() -> Iterator[pl.DataFrame]:
        yield FRAME
        yield FRAME.head(1)
        found["told at the end"] = 7

    return Pieces(frames(), found)


@dg.asset(group_name="taste")
def later(listens: pl.LazyFrame) -> pl.DataFrame:
    return listens.select("song_id").collect()


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.open(tmp_path / "home")


def make(workspace: Workspace, *assets: dg.AssetsDefinition) -> dg.ExecuteInProcessResult:
    place = WorkspaceResource(root=str(workspace.root))
    manager = LakeIOManager(workspace=place)
    return dg.materialize(list(assets), resources={"io_manager": manager}, raise_on_error=False)


def metadata(result: dg.ExecuteInProcessResult, asset: str) -> dict[str, dg.MetadataValue]:
    (event,) = result.asset_materializations_for_node(asset)
    return dict(event.metadata)


def test_what_an_asset_returns_is_the_version_the_next_one_reads(workspace: Workspace) -> None:
    assert make(workspace, songs, index).success
    assert workspace.lake.read(KNOWN["songs"]).equals(FRAME)
    assert workspace.lake.read(KNOWN["index"])["song_id"].to_list() == ["a", "b"]
    assert workspace.lake.read_blob(KNOWN["index"], "index.bin") == b"bytes"
    version = workspace.lake.current(KNOWN["songs"])
    made = workspace.lake.current(KNOWN["index"])
    assert version is not None
    assert made is not None
    assert version.code_version == "3"
    assert made.inputs == {"songs": version.version}


def test_the_ui_is_shown_rows_schema_and_sample(workspace: Workspace) -> None:
    shown = metadata(make(workspace, songs), "songs")
    assert shown["dagster/row_count"].value == 2
    schema = shown["dagster/column_schema"].value
    assert isinstance(schema, dg.TableSchema)
    assert [column.name for column in schema.columns] == FRAME.columns
    rows = sample(FRAME).records
    assert rows[0].data["vector"] == "2 numbers"
    assert len(str(rows[0].data["note"])) == 60
    assert rows[1].data["note"] == ""


def test_partitions_are_kept_one_by_one(workspace: Workspace) -> None:
    shown = metadata(make(workspace, plays), "plays")
    assert shown["dagster/row_count"].value == 3
    assert workspace.lake.partitions(KNOWN["plays"]) == ["2024-01", "2024-02"]


def test_a_run_that_breaks_off_keeps_the_partitions_it_had(workspace: Workspace) -> None:
    assert not make(workspace, broken).success
    assert workspace.lake.partitions(KNOWN["broken"]) == ["2024-01"]
    assert workspace.lake.read(KNOWN["broken"]).equals(FRAME)


def test_pieces_are_one_version_that_may_be_read_later(workspace: Workspace) -> None:
    result = make(workspace, listens, later)
    assert result.success
    shown = metadata(result, "listens")
    assert (shown["dagster/row_count"].value, shown["told at the end"].value) == (3, 7)
    assert workspace.lake.read(KNOWN["listens"]).equals(pl.concat([FRAME, FRAME.head(1)]))
    assert workspace.lake.read(KNOWN["later"])["song_id"].to_list() == ["a", "b", "a"]


def test_an_own_version_of_another_schema_counts_as_none(workspace: Workspace) -> None:
    assert frame_of(workspace.lake, KNOWN["songs"]).height == 0
    workspace.lake.write(FRAME, KNOWN["songs"])
    assert frame_of(workspace.lake, KNOWN["songs"]).height == 0
    workspace.lake.write(FRAME.select("song_id"), KNOWN["songs"])
    assert frame_of(workspace.lake, KNOWN["songs"])["song_id"].to_list() == ["a", "b"]


@pytest.mark.parametrize("values", [[], [0.0], [1.0, 2.0, 3.0] * 10])
def test_a_chart_is_drawn_of_anything(values: list[float]) -> None:
    chart = bar_chart([f"<{number}>" for number in range(len(values))], values, "a & b")
    assert str(chart.value).startswith("![a &amp; b](data:image/svg+xml;base64,")
