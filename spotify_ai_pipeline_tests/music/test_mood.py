"""Mood: the decayed mean of the latest listens."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from spotify_ai_pipeline.music.mood import mood_match, recent_mood
from spotify_ai_pipeline.settings import Mood

MOOD = Mood(window_size=4, decay_rate=0.5)
START = datetime(2024, 1, 1, tzinfo=UTC)
VECTORS = pl.DataFrame(
    {"song_id": ["x", "y"], "vector": [[1.0, 0.0], [0.0, 1.0]]}, schema_overrides={"vector": pl.Array(pl.Float32, 2)}
)


def listens(*songs: str) -> pl.DataFrame:
    """Listens an hour apart, the oldest first."""
    at = [START + timedelta(hours=hour) for hour in range(len(songs))]
    return pl.DataFrame(
        {"song_id": list(songs), "played_at": at}, schema={"song_id": pl.String, "played_at": pl.Datetime("ms", "UTC")}
    )


def test_the_latest_listen_weighs_most() -> None:
    mood = recent_mood(listens("y", "x"), VECTORS, MOOD)
    weights = np.array([1.0, 0.5])
    assert mood["vector"][0].to_list() == pytest.approx((weights / np.linalg.norm(weights)).tolist())
    assert (mood["since"][0], mood["until"][0]) == (START, START + timedelta(hours=1))


def test_a_listen_without_a_vector_takes_its_place_in_the_window() -> None:
    mood = recent_mood(listens("x", "y", "?"), VECTORS, MOOD)
    weights = np.array([0.25, 0.5])
    assert mood["vector"][0].to_list() == pytest.approx((weights / np.linalg.norm(weights)).tolist())
    assert mood["listens"][0] == 2


def test_older_listens_than_the_window_do_not_count() -> None:
    assert recent_mood(listens("y", "x", "x", "x", "x"), VECTORS, MOOD)["vector"][0].to_list() == [1.0, 0.0]


def test_no_listen_with_a_vector_is_no_mood() -> None:
    assert recent_mood(listens(), VECTORS, MOOD).height == 0
    none = recent_mood(listens("?", "?"), VECTORS, MOOD)
    assert none.height == 0
    assert none.columns == recent_mood(listens("x"), VECTORS, MOOD).columns


def test_a_match_is_one_for_the_same_direction_and_zero_for_the_opposite() -> None:
    vectors = np.array([[1, 0], [-1, 0], [0, 1]], np.float32)
    assert mood_match(vectors, np.array([1, 0], np.float32)).tolist() == [1.0, 0.0, 0.5]
