"""The listener's words: favourite above liked above listed above the rest, more stars above fewer; songs never heard by
addition."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spotify_ai_pipeline.durations import DAY
from spotify_ai_pipeline.music.plays.play_counts import Plays
from spotify_ai_pipeline.music.taste import said
from spotify_ai_pipeline.music.taste.activation import Memory
from spotify_ai_pipeline.music.taste.population import shipped
from spotify_ai_pipeline.music.taste.ranking import rank
from spotify_ai_pipeline.music.taste.rolling_forecast import RollingForecast
from spotify_ai_pipeline.music.taste.song_statistics import statistics
from spotify_ai_pipeline.music.taste.taste_model import forecast, moment
from spotify_ai_pipeline.music.taste.unheard import calibrated, likeness, with_additions
from spotify_ai_pipeline.settings import Settings

SCHEMA = {
    "best": pl.Boolean,
    "liked": pl.Boolean,
    "lists": pl.List(pl.String),
    "days_added": pl.Float64,
    "rating": pl.Float64,
    "of": pl.String,
    "verdict": pl.String,
}
NOTHING: dict[str, Any] = dict.fromkeys(SCHEMA) | {"best": False, "liked": False, "lists": []}


def songs(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame([NOTHING | row for row in rows], schema=SCHEMA)


def factors(*rows: dict[str, Any]) -> list[float]:
    return songs(*rows).select(said.factor() * said.lately()).to_series().to_list()


ratings = st.none() | st.floats(0.5, 5)
verdicts = st.sampled_from([None, *said.VERDICTS])


@given(ratings, verdicts, st.none() | st.floats(0, 5_000), st.booleans(), st.booleans())
def test_the_plans_order_holds_all_else_equal(
    rating: float | None, verdict: str | None, days: float | None, liked: bool, listed: bool
) -> None:
    same: dict[str, Any] = {"rating": rating, "verdict": verdict, "days_added": days}
    favourite, like, on_a_list, none = factors(
        same | {"best": True, "liked": liked, "lists": ["l"] * listed},
        same | {"liked": True, "lists": ["l"] * listed},
        same | {"lists": ["l"]},
        same,
    )
    assert favourite > like > on_a_list > none > 0


@given(st.floats(0.5, 5), st.floats(0.5, 5), verdicts, st.booleans(), st.booleans())
def test_more_stars_count_more(one: float, other: float, verdict: str | None, best: bool, liked: bool) -> None:
    low, high = sorted((one, other))
    same: dict[str, Any] = {"verdict": verdict, "best": best, "liked": liked}
    found = factors(same | {"rating": low}, same | {"rating": high})
    assert found[0] < found[1] or high - low < 1e-9
    assert found == sorted(found)


@given(st.floats(0, 500), st.floats(0, 500))
def test_what_was_liked_lately_counts_more_and_a_day_without_a_like_says_nothing(one: float, other: float) -> None:
    late, early = sorted((one, other))
    found = factors({"liked": True, "days_added": late}, {"liked": True, "days_added": early}, {"liked": True})
    assert found == sorted(found, reverse=True)
    assert factors({"days_added": late}) == [1.0]


def test_nothing_said_changes_nothing_and_unrated_is_middling() -> None:
    assert factors({}, {"rating": 3.0}, {"verdict": "another"}) == [1.0, 1.0, 1.0]
    assert factors({"rating": 2.9})[0] < 1 < factors({"rating": 3.1})[0]


def test_what_was_said_is_told_in_words() -> None:
    told = songs(
        {},
        {"best": True, "liked": True},
        {"liked": True, "rating": 4.0},
        {"rating": 2.5, "of": "album"},
        {"verdict": "keep"},
    ).select(said.words())
    assert told.to_series().to_list() == [
        None,
        "a favourite of yours",
        "liked, rated 4.0 of 5",
        "its album rated 2.5 of 5",
        "you put it on the list",
    ]


NOW = 1_000 * DAY


def library() -> tuple[Plays, np.ndarray, np.ndarray]:
    """60 songs of 6 artists. The first 20 were played, those of artist 0 daily. The others never were; the last ten are not in
    the library; each of the rest was added on a day of its own."""
    rows = [(song, day + song / 100) for day in range(900, 1_000) for song in range(0, 20, 6)]
    rows += [(song, 950.0 + song) for song in range(20)]
    rows.sort(key=lambda row: row[1])
    plays = Plays(np.array([song for song, _ in rows]), np.array([day * DAY for _, day in rows]), 60)
    added = np.full(60, np.nan)
    added[:50] = (NOW - 5 * DAY) - np.arange(50) * 3.7 * DAY
    return plays, np.arange(60) % 6, added


def expected() -> tuple[np.ndarray, pl.DataFrame]:
    plays, artist, added = library()
    memory = Memory.empty(60).until(NOW, plays)
    told = forecast(shipped().model, moment(memory, plays, artist, 60, added), 60)
    return told["expected"].to_numpy(), told


def test_songs_never_heard_are_expected_by_their_addition_their_artist_and_nothing_else() -> None:
    found, told = expected()
    assert np.isnan(found[50:]).all(), "not in the library: unknown"
    assert (found[20:50] > 0).all()
    assert told.filter(pl.col("expected").is_not_null()).null_count().sum_horizontal().item() == 0, "every part is told"
    of_one_artist = found[21:50:6]
    assert of_one_artist[0] > of_one_artist[-1], "added a season later: expected more"
    assert len(set(found[20:50])) == 30
    assert found[24] > found[23], "an artist who is played daily, though added earlier"


def test_songs_never_heard_are_ranked_without_ties(defaults: Settings) -> None:
    """The order is by what is expected, whatever the songs are called."""
    plays, artist, added = library()
    memory = Memory.empty(60).until(NOW, plays)
    told = forecast(shipped().model, moment(memory, plays, artist, 60, added), 60)
    stats = statistics(plays, memory, defaults.cycling)
    table = pl.concat([pl.DataFrame({"song_id": np.arange(60)}), stats, told], how="horizontal")
    table = table.with_columns(mood_match=pl.lit(None, pl.Float64))

    def order(table: pl.DataFrame) -> list[int]:
        ranked = rank(table, defaults.cycling, defaults.scoring, np.random.default_rng(0)).filter(
            pl.col("plays") == 0, pl.col("score").is_not_null()
        )
        assert ranked["score"].n_unique() == ranked.height == 30
        assert set(ranked["slot"]) == {"exploration"}
        return ranked.sort("score", descending=True)["song_id"].to_list()

    assert order(table) == order(table.reverse())
    assert order(table) != sorted(order(table))


def test_what_is_added_later_or_known_already_is_no_hearing() -> None:
    plays, _, added = library()
    memory = Memory.empty(60).until(NOW, plays)
    added[20] = NOW + DAY
    known = with_additions(memory, added, 60.0)
    assert known.plays[20] == 0 and known.plays[21] == 1
    assert known.last[21] == min(added[21], NOW - 60 * DAY), "the model knows songs that are quiet for so long"
    np.testing.assert_array_equal(known.plays[:20], memory.plays[:20])
    assert memory.plays[21] == 0, "the memory stays as it is"


@given(st.floats(0, 1_000), st.floats(0, 1_000))
def test_the_level_is_drawn_to_what_was_heard_and_never_past_it(told: float, heard: float) -> None:
    factor = calibrated(told, heard)
    assert min(1.0, heard / told if told else 1.0) <= factor + 1e-12
    assert (factor > 1) == (heard > told) or factor == pytest.approx(1)
    assert calibrated(told, heard + 1) > factor


def test_a_listener_who_plays_what_they_add_expects_more_of_it() -> None:
    """Every day a song is added; one listener plays each a day later, the other none of them."""
    rng = np.random.default_rng(1)
    habit = [(song, float(day) + rng.random()) for day in range(300) for song in rng.choice(20, 5)]
    added = np.full(320, np.nan)
    added[20:] = np.arange(300) * DAY

    def factor(rows: list[tuple[int, float]]) -> float:
        rows = sorted(rows, key=lambda row: row[1])
        plays = Plays(np.array([song for song, _ in rows]), np.array([day * DAY for _, day in rows]), 320)
        rolling = RollingForecast(plays, np.arange(320) % 40, shipped(), 60, 14, added)
        rolling.prepare(300 * DAY)
        rolling.stand_at(300 * DAY)
        return rolling.unheard_factor

    plays_them = [(20 + day, day + wait) for day in range(297) for wait in (8.0, 9.0, 12.0)]
    assert factor(habit + plays_them) > 1 > factor(habit)


def test_songs_like_what_is_played_are_expected_more() -> None:
    vectors = np.array([[1, 0], [1, 0.1], [0.9, 0.2], [1, 0.05], [0, 1], [np.nan, np.nan]])
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    unheard = np.array([False, False, False, True, True, True])
    found = likeness(vectors, np.array([1.0, 1.0, 1.0, 0, 0, 0]), unheard)
    assert found[:3].tolist() == [1, 1, 1] and found[5] == 1, "heard, or unknown"
    assert found[3] > 1 > found[4] > 0.5
    assert likeness(vectors, np.zeros(6), unheard).tolist() == [1] * 6
