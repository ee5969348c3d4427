"""Made-up libraries of songs in groups."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from spotify_ai_pipeline.settings import PROJECT_ROOT, Clustering, load


@pytest.fixture(scope="session")
def rules() -> Clustering:
    return load([PROJECT_ROOT / "config" / "config.yaml"]).clustering


@pytest.fixture(scope="session")
def grouped() -> Callable[..., tuple[pl.DataFrame, np.ndarray]]:
    """``grouped(songs, groups)``: (embeddings, the group of each song), with vectors scattered about a direction a group."""

    def make(songs: int, groups: int, *, seed: int = 1, spread: float = 0.25) -> tuple[pl.DataFrame, np.ndarray]:
        rng = np.random.default_rng(seed)
        middles = np.linalg.qr(np.random.default_rng(0).normal(size=(16, 16)))[0]
        truth = rng.integers(0, groups, songs)
        vectors = middles[truth] + rng.normal(scale=spread, size=(songs, 16)) / 2
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        ids = [f"song-{place:05d}" for place in range(songs)]
        return pl.DataFrame(
            {"song_id": ids, "vector": pl.Series(vectors.astype(np.float32), dtype=pl.Array(pl.Float32, 16))}
        ), truth

    return make
