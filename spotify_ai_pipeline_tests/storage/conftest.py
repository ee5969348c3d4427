"""A lake, on disk and in an object store, and a frame to keep in it."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from spotify_ai_pipeline.storage.durable import place_of
from spotify_ai_pipeline.storage.lake import Lake


@pytest.fixture(params=["disk", "bucket"])
def lake(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Lake]:
    """Twice: on disk, and where fsspec keeps objects in memory as a bucket would."""
    root = place_of(f"memory:/{tmp_path}/lake" if request.param == "bucket" else str(tmp_path / "lake"))
    yield Lake(root, "me")
    if request.param == "bucket" and root.exists():
        root.rmdir(recursive=True)


@pytest.fixture
def frame() -> pl.DataFrame:
    return pl.DataFrame({"song_id": ["a", "b"], "plays": [1, None]}, schema={"song_id": pl.String, "plays": pl.Int64})
