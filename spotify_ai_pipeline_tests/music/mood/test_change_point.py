"""Change points of the mood: found where there is one, and seldom where there is none."""

import numpy as np
import pytest

from spotify_ai_pipeline.music.mood import change_point
from spotify_ai_pipeline.music.mood.change_point import BEFORE, RECENT


def mean_moods(rng: np.random.Generator, count: int, shift: float = 0.0) -> np.ndarray:
    """``count`` sessions around one direction, the last five ``shift`` away from it."""
    rows = rng.normal(0, 0.3, (count, 8)) + np.eye(8)[0]
    rows[-RECENT:] += shift * np.eye(8)[1]
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_sessions_are_parted_by_silence_and_need_three_songs() -> None:
    at = np.array([0.0, 200, 400, 5_000, 5_200, 20_000, 20_100, 20_200])
    vectors = np.eye(8)
    found = change_point.sessions(at, vectors, 1_200)
    assert found.ended.tolist() == [400, 20_200]
    assert found.means[0] == pytest.approx(np.array([1, 1, 1, 0, 0, 0, 0, 0]) / np.sqrt(3))


def test_a_change_is_found_and_told_apart_from_none() -> None:
    rng = np.random.default_rng(5)
    changed = change_point.latest_shift(mean_moods(rng, 60, shift=1.0))
    assert changed is not None
    assert changed.chance <= 0.002
    assert changed.recent[1] > 0.4 > changed.before[1]
    assert change_point.latest_shift(mean_moods(rng, RECENT + BEFORE - 1)) is None


def test_false_alarms_are_as_rare_as_asked_for() -> None:
    """p-values of sessions without any change are uniform: 300 windows, 5 % asked for."""
    rng = np.random.default_rng(7)
    chances = np.array([change_point.chance(mean_moods(rng, RECENT + BEFORE)) for _ in range(300)])
    assert 0.01 <= (chances <= 0.05).mean() <= 0.10
    assert 0.4 <= chances.mean() <= 0.6


def test_after_an_alarm_there_is_quiet_for_five_sessions() -> None:
    rng = np.random.default_rng(11)
    found = change_point.alarms(np.vstack([mean_moods(rng, 60, 1.0), mean_moods(rng, 20)]), 0.01)
    assert found
    assert min(np.diff(found), default=RECENT) >= RECENT
