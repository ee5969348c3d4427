"""A lake on disk and a frame to keep in it."""

from pathlib import Path

import polars as pl
import pytest
from upath import UPath

from spotify_ai_pipeline.storage.lake import Lake


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(UPath(tmp_path / "lake"), "me")


@pytest.fixture
def frame() -> pl.DataFrame:
    return pl.DataFrame({"song_id": ["a", "b"], "plays": [1, None]}, schema={"song_id": pl.String, "plays": pl.Int64})
