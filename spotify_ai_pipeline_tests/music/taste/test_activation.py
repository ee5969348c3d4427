"""Memory of plays: exact in steps, true to the power law, blind to what comes later."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spotify_ai_pipeline.durations import DAY
from spotify_ai_pipeline.music.plays.play_counts import Plays, base_level
from spotify_ai_pipeline.music.taste.activation import HALF_LIVES, Memory, near, spread

NOW = 1_000 * DAY
moments = st.lists(st.tuples(st.integers(0, 4), st.floats(0, 999)), min_size=1, max_size=60)


def plays_of(rows: list[tuple[int, float]]) -> Plays:
    rows = sorted(rows, key=lambda row: row[1])
    return Plays(np.array([song for song, _ in rows]), np.array([day * DAY for _, day in rows]), 5)


def bits(memory: Memory) -> list[bytes]:
    return [np.asarray(getattr(memory, field.name)).tobytes() for field in fields(memory)]


@given(moments, st.lists(st.floats(0, 1_000), max_size=6))
def test_memory_in_steps_is_memory_at_once_to_the_last_bit(rows: list[tuple[int, float]], pauses: list[float]) -> None:
    plays = plays_of(rows)
    once = Memory.empty(5).until(NOW, plays)
    stepwise = Memory.empty(5)
    for pause in sorted(pauses):
        stepwise = stepwise.until(pause * DAY, plays)
    assert bits(stepwise.until(NOW, plays)) == bits(once)


@given(moments)
def test_counts_and_ends_are_those_of_a_plain_loop(rows: list[tuple[int, float]]) -> None:
    memory = Memory.empty(5).until(NOW, plays_of(rows))
    for song in range(5):
        days = sorted(day for other, day in rows if other == song)
        assert memory.plays[song] == len(days)
        assert (memory.first[song], memory.last[song]) == (
            (days[0] * DAY, days[-1] * DAY) if days else (np.inf, -np.inf)
        )


@given(moments)
def test_faded_is_the_sum_it_says(rows: list[tuple[int, float]]) -> None:
    faded = Memory.empty(5).until(NOW, plays_of(rows)).faded
    for song in range(5):
        ages = np.array([1_000 - day for other, day in rows if other == song])
        expected = [np.exp2(-ages / half_life).sum() for half_life in HALF_LIVES]
        np.testing.assert_allclose(faded[song], expected, rtol=1e-9, atol=1e-12)


@given(st.lists(st.floats(10, 3_650), min_size=1, max_size=30), st.floats(0.05, 2.0))
def test_eight_fadings_make_the_power_law(ages: list[float], decay: float) -> None:
    now = 4_000 * DAY
    plays = plays_of([(0, 4_000 - age) for age in ages])
    near = Memory.empty(5).until(now, plays).power_law(decay)[0]
    assert np.log(near) == pytest.approx(base_level(plays, now, decay)[0], abs=0.03 if decay < 1.1 else 0.1)


def test_a_memory_cannot_be_taken_back() -> None:
    memory = Memory.empty(1).until(NOW, Plays(np.array([0]), np.array([1.0]), 1))
    with pytest.raises(ValueError, match="taken back"):
        memory.until(NOW - DAY, Plays(np.array([0]), np.array([1.0]), 1))


def gains(rows: list[tuple[int, float]], now: float) -> np.ndarray:
    plays = plays_of(rows)
    return spread(plays, near(plays), now, 5)


def test_a_song_gains_from_the_songs_of_its_sessions_alone() -> None:
    old = [(song, 100 + place / 400) for place, song in enumerate([0, 1, 2])] + [(3, 101.0)]
    gained = gains([*old, (0, 999.5)], NOW)
    assert gained[1] > 0
    assert gained[2] > 0
    assert gained[3] == 0


def test_later_plays_change_no_spread() -> None:
    rows = [(0, 100.0), (1, 100.002), (0, 500.0)]
    then = 600 * DAY
    later = [(1, 700.0), (0, 700.002)]
    np.testing.assert_array_equal(gains(rows, then), gains([*rows, *later], then))
