"""The taste model learns what is there, finds nothing where there is nothing, and says what it knows in parts."""

from __future__ import annotations

import numpy as np
import polars as pl
from polars.testing import assert_frame_equal

from spotify_ai_pipeline.durations import DAY
from spotify_ai_pipeline.evaluation import backtest
from spotify_ai_pipeline.music.plays.play_counts import Plays
from spotify_ai_pipeline.music.taste import taste_model
from spotify_ai_pipeline.music.taste.activation import Memory
from spotify_ai_pipeline.music.taste.model_selection import COMBINED, POISSON, RECENCY, Championship, Week
from spotify_ai_pipeline.music.taste.song_statistics import statistics
from spotify_ai_pipeline.music.taste.taste_model import ROTATION_TERMS, Habit, Lesson, TasteModel, fit_habit
from spotify_ai_pipeline.settings import Settings


def lesson(rng: np.random.Generator, slope: float, songs: int = 3_000) -> Lesson:
    terms = rng.normal(size=(songs, 2))
    return Lesson(terms, rng.poisson(np.exp(-1 + slope * terms[:, 0])))


def test_a_habit_finds_the_weights_that_made_the_plays() -> None:
    rng = np.random.default_rng(1)
    habit = fit_habit((0, 1), [lesson(rng, 0.7) for _ in range(4)])
    assert habit is not None
    np.testing.assert_allclose(habit.weights, [0.7, 0.0], atol=0.05)


def test_shuffled_plays_teach_nothing() -> None:
    rng = np.random.default_rng(2)
    shuffled = [Lesson(one.terms, rng.permutation(one.plays)) for one in (lesson(rng, 0.7) for _ in range(4))]
    habit = fit_habit((0, 1), shuffled)
    assert habit is not None
    assert np.abs(habit.weights).max() < 0.05


def test_where_nothing_was_played_there_is_no_habit() -> None:
    assert fit_habit((0, 1), []) is None
    assert fit_habit((0, 1), [Lesson(np.ones((3, 2)), np.zeros(3, np.int64))]) is None


def test_a_model_survives_its_table() -> None:
    rng = np.random.default_rng(3)
    width = len(ROTATION_TERMS)
    model = TasteModel(Habit(ROTATION_TERMS, -1.0, rng.normal(size=width), rng.normal(size=width)), None)
    table = taste_model.to_table(model)
    assert_frame_equal(taste_model.to_table(taste_model.of_table(table)), table)


def stand(history: pl.DataFrame, settings: Settings, now: float) -> Championship:
    plays = backtest.clean_history(history)
    songs = plays.group_by("song_id", maintain_order=True).agg(pl.first("artist"))
    rankers = Championship(Plays.of(plays, songs["song_id"]), taste_model.artist_numbers(songs["artist"]), settings)
    rankers.prepare(now)
    rankers.stand_at(now)
    return rankers


def test_the_parts_multiply_to_the_forecast(history: pl.DataFrame, settings: Settings) -> None:
    now = float(history["ts"].max()) - 3 * DAY  # pyright: ignore[reportArgumentType]
    rankers = stand(history, settings, now)
    assert rankers.model is not None
    assert rankers.model.rotation is not None
    memory = Memory.empty(rankers.plays.songs).until(now, rankers.plays)
    at = taste_model.moment(memory, rankers.plays, rankers.artist, settings.cycling, settings.scoring)
    told = taste_model.forecast(rankers.model, at, rankers.plays.songs)[at.song[~at.dormant]]
    product = np.exp(rankers.model.rotation.base) * np.prod(
        [told[part].to_numpy() for part in taste_model.PARTS], axis=0
    )
    np.testing.assert_allclose(product, told["expected"].to_numpy(), rtol=1e-6)


def test_the_combined_forecast_lies_halfway_between_model_and_baseline(
    history: pl.DataFrame, settings: Settings
) -> None:
    now = float(history["ts"].max()) - 3 * DAY  # pyright: ignore[reportArgumentType]
    rankers = stand(history, settings, now)
    memory = Memory.empty(rankers.plays.songs).until(now, rankers.plays)
    at = taste_model.moment(memory, rankers.plays.before(now), rankers.artist, settings.cycling, settings.scoring)
    stats = statistics(rankers.plays, memory, settings.cycling, settings.scoring)
    model, combined = (rankers.models[name].expected(at) for name in (POISSON, COMBINED))
    np.testing.assert_allclose(combined**2, model * stats["expected"].to_numpy()[at.song], rtol=1e-9)


def test_a_short_history_is_ranked_by_recency(history: pl.DataFrame, settings: Settings) -> None:
    first = float(history["ts"].min())  # pyright: ignore[reportArgumentType]
    assert stand(history, settings, first + 40 * DAY).champion == RECENCY


def test_the_model_is_put_aside_where_it_does_not_lead(history: pl.DataFrame, settings: Settings) -> None:
    rankers = stand(history, settings, float(history["ts"].max()))  # pyright: ignore[reportArgumentType]
    rankers.weeks[:] = [Week(week.cut, week.plays, {RECENCY: 0.5, POISSON: 0.499}) for week in rankers.weeks]
    assert rankers.champion == RECENCY
