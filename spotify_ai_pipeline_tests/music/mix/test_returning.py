"""Returning: a song that left rests, and a week has a cap however often the list is made."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spotify_ai_pipeline.durations import DAY, HOUR, WEEK
from spotify_ai_pipeline.music.mix import Left, changes_left, departures, resting, select
from spotify_ai_pipeline.music.mix.returning import RETURNS_AT
from spotify_ai_pipeline.settings import Settings

NOW = 1_700_000_000.0
WENT = NOW - 10 * DAY


def song(heard: float | None, expected: float | None, tired: bool = False) -> pl.DataFrame:
    """One that was heard at a moment (UTC seconds), or never."""
    last = None if heard is None else datetime.fromtimestamp(heard, UTC)
    schema = {
        "song_id": pl.String,
        "last_played": pl.Datetime("ms", "UTC"),
        "expected": pl.Float64,
        "tired": pl.Boolean,
    }
    return pl.DataFrame([("a", last, expected, tired)], schema=schema, orient="row")


def gone(settings: Settings, tired: bool) -> dict[object, Left]:
    return departures(pl.DataFrame({"song_id": ["a"], "tired": [tired]}), WENT, settings.cycling)


@pytest.mark.parametrize(("tired", "days"), [(False, 28), (True, 60)])
def test_a_song_that_left_rests_four_weeks_and_a_tired_one_the_cool_down(
    defaults: Settings, tired: bool, days: int
) -> None:
    left = gone(defaults, tired)
    quiet = song(WENT - DAY, 5.0)
    assert resting(left, quiet, WENT) == {"a"}
    assert resting(left, quiet, WENT + days * DAY - 1) == {"a"}
    assert resting(left, quiet, WENT + days * DAY) == set()


def test_the_cool_down_is_the_settings(defaults: Settings) -> None:
    shorter = defaults.model_copy(update={"cycling": defaults.cycling.model_copy(update={"cooldown_days": 7})})
    assert resting(gone(shorter, tired=True), song(WENT, 0.1), WENT + 7 * DAY) == set()


@pytest.mark.parametrize(
    ("heard", "expected", "tired", "rests"),
    [
        (WENT + DAY, RETURNS_AT, False, False),
        (WENT + DAY, RETURNS_AT - 0.01, False, True),
        (WENT + DAY, None, False, True),
        (WENT - DAY, 3.0, False, True),
        (WENT, 3.0, False, True),
        (None, 3.0, False, True),
        (WENT + DAY, 3.0, True, True),
    ],
)
def test_a_song_comes_back_early_where_it_was_heard_since_and_is_expected(
    defaults: Settings, heard: float | None, expected: float | None, tired: bool, rests: bool
) -> None:
    assert resting(gone(defaults, tired=False), song(heard, expected, tired), NOW) == ({"a"} if rests else set())


def test_songs_that_never_left_or_are_unknown_do_not_matter(defaults: Settings) -> None:
    assert resting({}, song(NOW - 1, 3.0), NOW) == set()
    stranger: dict[object, Left] = {"b": Left(WENT, NOW + DAY)}
    assert resting(stranger, song(NOW - 1, 3.0), NOW) == {"b"}


def songs(settings: Settings) -> tuple[pl.DataFrame, list[str]]:
    size = settings.playlist.target_size
    names = [f"s{number:03}" for number in range(3 * size)]
    rng = np.random.default_rng(1)
    table = pl.DataFrame({"song_id": names, "slot": "core", "score": rng.uniform(0, 1, len(names))})
    return table, names[:size]


def test_a_resting_song_comes_only_where_the_list_would_be_short(defaults: Settings) -> None:
    table, current = songs(defaults)
    best = table.filter(~pl.col("song_id").is_in(current)).sort("score", descending=True)["song_id"].head(10).to_list()
    chosen = select(table, current, defaults.playlist, resting=best)
    assert chosen["is_new"].sum() == 15 and not set(best) & set(chosen["song_id"])
    few = table.filter(pl.col("song_id").is_in([*current[:-5], *best[:3]]))
    short = select(few, current[:-5], defaults.playlist, resting=best[:3])
    assert set(best[:3]) < set(short["song_id"])
    anew = select(few, [], defaults.playlist, resting=best[:3])
    assert set(anew["song_id"]) == set(few["song_id"]), "a list that was emptied is filled again"


@given(st.lists(st.sampled_from([12, 24, 36, 168]), min_size=20, max_size=40), st.floats(0, 1), st.floats(0, 1))
def test_no_seven_days_bring_more_than_the_week_may(
    defaults: Settings, waits: list[int], per_refresh: float, per_week: float
) -> None:
    """However often the list is made, and whatever is asked of it at each refresh."""
    playlist = defaults.playlist.model_copy(
        update={"max_change_per_refresh": per_refresh, "max_change_per_week": per_week}
    )
    changes: list[tuple[float, int]] = []
    now = NOW
    for wait in waits:
        now += wait * HOUR
        most = changes_left(playlist, changes, now)
        assert 0 <= most <= 100 * per_refresh + 1e-6
        changes.append((now, most))
        assert sum(came for at, came in changes if now - at < WEEK - 1) <= 100 * per_week + 1e-6


def test_at_two_refreshes_a_day_a_week_changes_as_much_as_it_may_and_no_more(defaults: Settings) -> None:
    """Worth is drawn anew at each refresh, so that all would change."""
    table, _ = songs(defaults)
    rng = np.random.default_rng(2)
    current = select(table, [], defaults.playlist)["song_id"].to_list()
    changes: list[tuple[float, int]] = []
    for number in range(4 * 14):
        now = NOW + number * 12 * HOUR
        fresh = table.with_columns(score=pl.Series(rng.uniform(0, 1, table.height)))
        chosen = select(fresh, current, defaults.playlist, most=changes_left(defaults.playlist, changes, now))
        changes.append((now, int(chosen["is_new"].sum())))
        current = chosen["song_id"].to_list()
        assert len(current) == len(set(current)) == 100
    by_week = [sum(came for _, came in changes[start : start + 14]) for start in range(0, len(changes), 14)]
    assert by_week == [20] * 4
    assert max(came for _, came in changes) == 15
