"""The population that ships: it survives its file, is refused where it is of other terms, and is found again by the fit."""

from __future__ import annotations

import json

import numpy as np
import pytest

from spotify_ai_pipeline.durations import DAY
from spotify_ai_pipeline.music.plays.play_counts import Plays
from spotify_ai_pipeline.music.taste.activation import Memory
from spotify_ai_pipeline.music.taste.population import Population, shipped
from spotify_ai_pipeline.music.taste.taste_model import TERMS, moment


def test_what_ships_is_sound_and_holds_no_history() -> None:
    for habit in shipped().habits:
        assert habit.mean.shape == (len(TERMS) + 1,)
        np.testing.assert_allclose(habit.covariance, habit.covariance.T, atol=1e-3)
        assert np.linalg.eigvalsh((habit.covariance + habit.covariance.T) / 2).min() > 0, "a covariance"
        assert (habit.spreads > 0).all()
    assert set(json.loads(shipped().to_json())) == {"card", "terms", "rotation", "dormant"}


def test_a_population_survives_its_file() -> None:
    text = shipped().to_json()
    again = Population.from_json(text)
    assert again.to_json() == text
    for one, other in zip(again.habits, shipped().habits, strict=True):
        assert (one.horizon, one.most, one.doubt) == (other.horizon, other.most, other.doubt)
        for name in ("means", "spreads", "mean", "covariance"):
            np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=1e-3)


def test_a_population_of_other_terms_is_refused() -> None:
    read = json.loads(shipped().to_json())
    for terms in (read["terms"][:-1], read["terms"][::-1], [*read["terms"], "another"]):
        with pytest.raises(ValueError, match="other terms"):
            Population.from_json(json.dumps(read | {"terms": terms}))


def test_of_two_songs_the_one_heard_more_and_later_is_expected_more() -> None:
    now = 400 * DAY
    rows = [(song, 300.0) for song in range(4)] + [(0, day) for day in (380.0, 390.0, 395.0, 399.0)] + [(1, 399.0)]
    heard = sorted(rows, key=lambda one: one[1])
    plays = Plays(np.array([song for song, _ in heard]), np.array([day * DAY for _, day in heard]), 4)
    at = moment(Memory.empty(4).until(now, plays), plays, np.arange(4), 60)
    expected = shipped().model.expected(at)
    assert expected[0] > expected[1] > expected[2] == pytest.approx(expected[3])
