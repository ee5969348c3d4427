"""Listening: against plain loops, and never a look at the present or later."""

import math
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spotify_ai_pipeline.durations import DAY
from spotify_ai_pipeline.music.plays.play_counts import NEVER, Plays, base_level, recency_weighted
from spotify_ai_pipeline.music.taste.activation import Memory
from spotify_ai_pipeline.music.taste.song_statistics import statistics
from spotify_ai_pipeline.music.taste.staleness import formula
from spotify_ai_pipeline.settings import Settings

SONGS = 5
NOW = 1_700_000_000.0
moments = st.lists(st.tuples(st.integers(0, SONGS - 1), st.integers(-400 * 86_400, 86_400)), max_size=60)


def plays_of(pairs: list[tuple[int, int]]) -> Plays:
    ordered = sorted(pairs, key=lambda pair: pair[1])
    songs = np.array([song for song, _ in ordered], np.int64)
    return Plays(songs, np.array([NOW + second for _, second in ordered], np.float64), SONGS)


def stand(plays: Plays, settings: Settings, now: float = NOW) -> pl.DataFrame:
    return statistics(plays, Memory.empty(SONGS).until(now, plays), settings.cycling)


@given(moments, st.sampled_from([1.0, 7.0, 30.0, 365.0]))
def test_recency_weights_are_those_of_a_plain_loop(pairs: list[tuple[int, int]], half_life: float) -> None:
    wanted = [0.0] * SONGS
    for song, second in pairs:
        if second < 0:
            wanted[song] += 0.5 ** (-second / DAY / half_life)
    assert recency_weighted(plays_of(pairs), NOW, half_life) == pytest.approx(wanted)


@given(moments, st.sampled_from([0.1, 0.5, 1.5]))
def test_activation_is_that_of_a_plain_loop(pairs: list[tuple[int, int]], decay: float) -> None:
    wanted = []
    for number in range(SONGS):
        ages = [max(-second / DAY, 1 / 24) for song, second in pairs if song == number and second < 0]
        wanted.append(math.log(sum(age**-decay for age in ages)) if ages else NEVER)
    assert base_level(plays_of(pairs), NOW, decay) == pytest.approx(wanted)


@given(moments, st.lists(st.tuples(st.integers(0, SONGS - 1), st.integers(0, 10 * 86_400)), min_size=1, max_size=20))
def test_plays_at_or_after_now_change_nothing(
    defaults: Settings, pairs: list[tuple[int, int]], later: list[tuple[int, int]]
) -> None:
    past = [pair for pair in pairs if pair[1] < 0]
    known, peeking = (stand(plays_of(history), defaults) for history in (past, past + later))
    assert known.equals(peeking)


@given(moments, st.integers(-1_000, 1_000))
def test_moving_the_clock_and_the_plays_together_changes_no_measure(
    defaults: Settings, pairs: list[tuple[int, int]], days: int
) -> None:
    here = plays_of(pairs)
    there = Plays(here.song, here.at + days * DAY, SONGS)
    measures = ["plays", "recent_plays", "days_quiet", "staleness", "activation"]
    one, other = (
        stand(plays, defaults, NOW + shift).select(measures) for plays, shift in ((here, 0.0), (there, days * DAY))
    )
    for name in measures:
        assert one[name].to_list() == pytest.approx(other[name].to_list(), nan_ok=True)


@given(moments, st.floats(0.5, 200))
def test_waiting_halves_recency_every_half_life_and_lowers_activation(
    pairs: list[tuple[int, int]], days: float
) -> None:
    plays = plays_of([pair for pair in pairs if pair[1] < -3_600])
    later = NOW + days * DAY
    halved = recency_weighted(plays, NOW, 30) * 0.5 ** (days / 30)
    assert recency_weighted(plays, later, 30) == pytest.approx(halved)
    heard = plays.count() > 0
    assert (base_level(plays, later, 0.5)[heard] < base_level(plays, NOW, 0.5)[heard]).all()


def test_staleness_follows_the_plan(defaults: Settings) -> None:
    counts = np.array([0, 5, 50])
    wanted = [0.0, 1 - math.exp(-0.05 * 5), 1 - math.exp(-0.05 * 50)]
    assert formula(counts, defaults.cycling) == pytest.approx(wanted)


def test_a_song_never_played_has_no_times_and_no_activation(defaults: Settings) -> None:
    row = stand(plays_of([]), defaults).row(0, named=True)
    assert (row["plays"], row["activation"], row["staleness"]) == (0, 0.0, 0.0)
    assert [row[name] for name in ("first_played", "last_played", "days_quiet")] == [None] * 3


def test_plays_are_numbered_as_the_songs_and_strangers_left_out() -> None:
    at = [datetime(2024, 5, day, tzinfo=UTC) for day in (3, 1, 2)]
    listens = pl.DataFrame(
        {"song_id": ["b", "a", "?"], "played_at": at}, schema_overrides={"played_at": pl.Datetime("ms", "UTC")}
    )
    plays = Plays.of(listens, pl.Series(["a", "b"]))
    assert plays.song.tolist() == [0, 1]
    assert plays.at.tolist() == [at[1].timestamp(), at[0].timestamp()]


def test_the_staleness_window_counts_its_first_second(defaults: Settings) -> None:
    window = defaults.cycling.staleness_window_days * 86_400
    stats = stand(plays_of([(0, -window), (1, -window - 1)]), defaults)
    assert stats["recent_plays"].to_list()[:2] == [1, 0]
