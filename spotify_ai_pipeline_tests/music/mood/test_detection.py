"""Mood: recent listens, the latest and those of this session first, and habit at this hour."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

from spotify_ai_pipeline.music.mood.detection import (
    day_part,
    habit,
    heard_mood,
    mood_match,
    mood_rank,
    nearest_clusters,
)
from spotify_ai_pipeline.settings import Mood

MOOD = Mood(window_size=4, decay_rate=0.5, session_decay=0.1, habit_weight=0.0, said_weight=1.0, visit_change=0.5)
NOW = datetime(2024, 1, 10, 20, tzinfo=UTC)  # a Wednesday evening
LISBON = ZoneInfo("Europe/Lisbon")
VECTORS = pl.DataFrame(
    {"song_id": ["x", "y"], "vector": [[1.0, 0.0], [0.0, 1.0]]}, schema_overrides={"vector": pl.Array(pl.Float32, 2)}
)


def listens(*songs: str, minutes: int = 5, before: datetime = NOW) -> pl.DataFrame:
    """Listens so many minutes apart, the oldest first, the last one so long before ``before``."""
    at = [before - timedelta(minutes=minutes * back) for back in range(len(songs), 0, -1)]
    return pl.DataFrame(
        {"song_id": list(songs), "played_at": at}, schema={"song_id": pl.String, "played_at": pl.Datetime("ms", "UTC")}
    )


def mood_of(heard: pl.DataFrame, mood: Mood = MOOD, now: datetime = NOW):
    return heard_mood(heard, VECTORS, now.timestamp(), LISBON, mood)


def toward(*weights: float) -> object:
    return pytest.approx((np.array(weights) / np.linalg.norm(weights)).tolist())


def test_the_latest_listen_weighs_most() -> None:
    found = mood_of(listens("y", "x"))
    assert found is not None
    assert found.vector.tolist() == toward(1.0, 0.5)
    assert (found.listens, found.since, found.until) == (2, NOW - timedelta(minutes=10), NOW - timedelta(minutes=5))


def test_a_listen_without_a_vector_takes_its_place_in_the_window() -> None:
    found = mood_of(listens("x", "y", "?"))
    assert found is not None
    assert found.vector.tolist() == toward(0.25, 0.5)
    assert found.listens == 2


def test_older_listens_than_the_window_do_not_count() -> None:
    found = mood_of(listens("y", "x", "x", "x", "x"))
    assert found is not None
    assert found.vector.tolist() == [1, 0]


def test_an_earlier_session_counts_less() -> None:
    found = mood_of(pl.concat([listens("y", before=NOW - timedelta(hours=5)), listens("x")]))
    assert found is not None
    assert found.vector.tolist() == toward(1.0, 0.5 * 0.1)


def test_what_comes_later_changes_nothing() -> None:
    heard = listens("y", "x")
    later = pl.concat([heard, listens("y", "y", before=NOW + timedelta(hours=3))])
    assert mood_of(later).vector.tolist() == mood_of(heard).vector.tolist()  # pyright: ignore


def test_habit_is_what_this_hour_adds_and_grows_with_what_is_known() -> None:
    """The listener plays y in the evening and x in the morning."""
    days = [NOW - timedelta(days=7 * week) for week in range(1, 41)]
    evening = pl.concat([listens("y", before=day) for day in days])
    morning = pl.concat([listens("x", before=day - timedelta(hours=11)) for day in days])
    past = pl.concat([evening, morning])
    much, little = (
        habit(some, VECTORS, NOW.timestamp(), LISBON) for some in (past, pl.concat([past.head(3), past.tail(3)]))
    )
    assert much[1] > 0 > much[0]
    assert much[1] > 3 * little[1] > 0
    alone = mood_of(past.with_columns(song_id=pl.lit("?")), MOOD.model_copy(update={"habit_weight": 3.0}))
    assert alone is None, "no song heard has a vector"
    with_habit = mood_of(pl.concat([past, listens("x")]), MOOD.model_copy(update={"habit_weight": 3.0}))
    without = mood_of(pl.concat([past, listens("x")]))
    assert with_habit is not None and without is not None
    assert with_habit.vector[1] > without.vector[1]


def test_no_listen_is_no_mood() -> None:
    assert mood_of(listens()) is None
    assert mood_of(listens("?", "?")) is None


def test_the_part_of_the_day_is_the_listeners() -> None:
    midnight = datetime(2024, 7, 1, 23, 30, tzinfo=UTC).timestamp()
    assert (day_part(midnight, LISBON), day_part(midnight, ZoneInfo("UTC"))) == ("night", "evening")


def test_the_nearest_clusters_name_a_mood() -> None:
    clusters = pl.DataFrame({"song_id": ["x", "y"], "name": ["Loud", "Calm"]})
    assert nearest_clusters(np.array([0.1, 1.0]), VECTORS, clusters, 1) == ["Calm"]
    assert nearest_clusters(np.array([0.1, 1.0]), VECTORS, clusters.head(0)) == []


def test_a_match_is_one_for_the_same_direction_and_zero_for_the_opposite() -> None:
    vectors = np.array([[1, 0], [-1, 0], [0, 1]], np.float32)
    match = mood_match(vectors, np.array([1, 0], np.float32))
    assert match.tolist() == [1.0, 0.0, 0.5]
    assert mood_rank(match).tolist() == pytest.approx([1, 1 / 3, 2 / 3])
