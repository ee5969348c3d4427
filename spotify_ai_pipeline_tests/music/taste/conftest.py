"""Made-up listening for the tests of taste."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from spotify_ai_pipeline.settings import PROJECT_ROOT, Settings, load


@pytest.fixture
def settings() -> Settings:
    return load([PROJECT_ROOT / "config" / "config.yaml"])


@pytest.fixture
def history() -> pl.DataFrame:
    """Two years of a listener who plays albums for some weeks and comes back to a few: ts, artist, track."""
    rng = np.random.default_rng(5)
    rows: list[tuple[int, str, str]] = []
    for day in range(730):
        album = max(0, day // 9 - int(rng.geometric(0.3)))
        start = 1_500_000_000 + day * 86_400 + int(rng.integers(0, 40_000))
        rows += [
            (start + 200 * place, f"Artist {album % 23}", f"Song {album}-{place % 10}")
            for place in range(int(rng.integers(4, 14)))
        ]
    return pl.DataFrame(rows, schema=["ts", "artist", "track"], orient="row").with_columns(pl.col("ts").cast(pl.Int64))


@pytest.fixture
def real_history() -> Path:
    file = PROJECT_ROOT.parent / "shared" / "data" / "listener_b_streaming.parquet"
    if not file.exists():
        pytest.skip(f"needs a real history at {file}")
    return file
