"""The index: exact while small, near enough to exact when large, and appended to."""

import numpy as np
import pytest

from spotify_ai_pipeline.music.embedding import index


def vectors(count: int, seed: int = 0, dimensions: int = 16) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(count, dimensions)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def nearest(rows: np.ndarray, queries: np.ndarray) -> np.ndarray:
    return np.argsort(-(queries @ rows.T), axis=1, kind="stable")[:, :10]


@pytest.fixture(params=["exact", "compressed"])
def limit(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both kinds of index over the same few songs."""
    if request.param == "compressed":
        monkeypatch.setattr(index, "EXACT_UP_TO", 1_000)
        monkeypatch.setattr(index, "SAMPLE", 1_000)
    return request.param


def test_the_nearest_are_found_before_and_after_a_song_is_appended(limit: str) -> None:
    rows, more, queries = vectors(3_000), vectors(5, seed=1), vectors(50, seed=2)
    found = index.build(rows)
    assert index.is_exact(found) == (limit == "exact")
    for row in more:
        index.append(found, row[None])
    again = index.from_bytes(index.to_bytes(found))
    whole = np.vstack([rows, more])
    assert index.holds(again, whole)
    assert not index.holds(again, whole[::-1])
    assert not index.holds(again, rows)
    assert (index.vector_of(again, 3_002) == more[2]).all()
    near, places = index.search(again, queries, 10)
    truth = nearest(whole, queries)
    recall = np.mean([len(set(mine) & set(theirs)) / 10 for mine, theirs in zip(places, truth, strict=True)])
    assert recall >= (1 if limit == "exact" else 0.97)
    assert near[:, 0] == pytest.approx((queries @ whole.T).max(axis=1), abs=1e-5), "cosines are exact in both kinds"
    assert index.search(again, more[2:3], 1)[1][0, 0] == 3_002


def test_the_kind_follows_the_number_of_songs() -> None:
    small = index.build(vectors(100))
    assert index.fits(small, index.EXACT_UP_TO)
    assert not index.fits(small, index.EXACT_UP_TO + 1)


def test_an_empty_library_has_an_empty_index() -> None:
    found = index.build(np.zeros((0, 8), np.float32))
    assert index.search(found, vectors(1, dimensions=8), 10)[1].shape == (1, 0)
    assert index.holds(found, np.zeros((0, 8), np.float32))
