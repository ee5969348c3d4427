"""The taste model starts from what others taught, learns what the listener's weeks prove, and says what it knows in parts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from spotify_ai_pipeline.durations import DAY, WEEK
from spotify_ai_pipeline.evaluation.backtest import Listener, clean_history
from spotify_ai_pipeline.music.plays.play_counts import LookAhead, Plays
from spotify_ai_pipeline.music.taste import model_card, taste_model
from spotify_ai_pipeline.music.taste.activation import Memory, near
from spotify_ai_pipeline.music.taste.population import shipped
from spotify_ai_pipeline.music.taste.rolling_forecast import RollingForecast, deviance
from spotify_ai_pipeline.music.taste.taste_model import PARTS, SAID, TERMS, Habit, Lesson, Line, Moment, TasteModel

WIDTH = len(TERMS)


def habit(mean: np.ndarray, spread: float, doubt: float = 1.0) -> Habit:
    nothing, one = np.zeros(WIDTH), np.ones(WIDTH)
    return Habit(1, 50.0, doubt, nothing, one, mean, np.diag(np.full(WIDTH + 1, spread)))


def truth() -> np.ndarray:
    return np.array([-1.0, 0.7, -0.4, *np.zeros(WIDTH - 2)])


def lesson(rng: np.random.Generator, weights: np.ndarray, songs: int = 2_000) -> Lesson:
    terms = rng.normal(size=(songs, WIDTH))
    return Lesson(terms, rng.poisson(np.exp(weights[0] + terms @ weights[1:])).astype(float))


def test_the_weights_that_made_the_plays_are_found() -> None:
    rng = np.random.default_rng(1)
    found = habit(np.zeros(WIDTH + 1), 1.0).fit([lesson(rng, truth()) for _ in range(4)])
    np.testing.assert_allclose(found, truth(), atol=0.06)


def test_weights_are_found_on_terms_of_any_scale() -> None:
    rng = np.random.default_rng(2)
    taught = [lesson(rng, truth()) for _ in range(4)]
    means, spreads = np.linspace(-3, 3, WIDTH), np.linspace(0.2, 5, WIDTH)
    scaled = [Lesson(one.terms * spreads + means, one.plays) for one in taught]
    plain = habit(np.zeros(WIDTH + 1), 1.0)
    wide = replace(plain, means=means, spreads=spreads)
    np.testing.assert_allclose(wide.fit(scaled), plain.fit(taught), atol=1e-6)
    told = Line.from_habit(wide, wide.fit(scaled)).log_plays(scaled[0].terms)
    np.testing.assert_allclose(told, Line.from_habit(plain, plain.fit(taught)).log_plays(taught[0].terms), atol=1e-6)


def test_shuffled_plays_teach_nothing() -> None:
    rng = np.random.default_rng(3)
    taught = [Lesson(one.terms, rng.permutation(one.plays)) for one in (lesson(rng, truth()) for _ in range(4))]
    assert np.abs(habit(np.zeros(WIDTH + 1), 1.0).fit(taught)[1:]).max() < 0.06


def test_without_lessons_the_weights_are_those_of_others() -> None:
    np.testing.assert_array_equal(habit(truth(), 0.1).fit([]), truth())
    empty = Lesson(np.zeros((0, WIDTH)), np.zeros(0))
    np.testing.assert_allclose(habit(truth(), 0.1).fit([empty]), truth(), atol=1e-9)


def test_own_lessons_move_the_weights_the_more_of_them_there_are() -> None:
    rng = np.random.default_rng(4)
    start = np.array([-1.0, *np.zeros(WIDTH)])
    far = [
        float(np.linalg.norm(habit(start, 0.02, doubt=10.0).fit([lesson(rng, truth(), songs)]) - truth()))
        for songs in (50, 500, 20_000)
    ]
    assert np.linalg.norm(start - truth()) > far[0] > far[1] > far[2]


def test_doubt_and_surer_others_hold_the_weights_back() -> None:
    taught = [lesson(np.random.default_rng(5), truth(), 300)]
    start = np.array([-1.0, *np.zeros(WIDTH)])

    def moved(spread: float, doubt: float) -> float:
        return abs(float(habit(start, spread, doubt).fit(taught)[1]))

    assert moved(0.05, 10) < moved(0.05, 1)
    assert moved(0.001, 1) < moved(0.05, 1)


def test_what_was_taught_long_ago_counts_less() -> None:
    rng = np.random.default_rng(6)
    other = truth() * [1, -1, *np.ones(WIDTH - 1)]
    old, new = ([lesson(rng, weights, 300) for _ in range(40)] for weights in (other, truth()))
    start = habit(np.zeros(WIDTH + 1), 0.5)
    assert start.fit([*old, *new])[1] > 0 > start.fit([*new, *old])[1]


def test_a_model_survives_its_table() -> None:
    rng = np.random.default_rng(7)
    lines = [Line(float(rng.normal()), rng.normal(size=WIDTH), rng.normal(size=WIDTH)) for _ in range(2)]
    model = TasteModel(*lines)
    table = taste_model.to_table(model)
    assert dict(table.schema) == taste_model.TABLE
    again = taste_model.from_table(table)
    assert_frame_equal(taste_model.to_table(again), table)
    terms = rng.normal(size=(50, WIDTH))
    at = Moment(0.0, np.arange(50), terms, rng.random(50) < 0.5)
    np.testing.assert_array_equal(again.expected(at), model.expected(at))


def test_a_table_of_other_terms_is_refused() -> None:
    table = taste_model.to_table(shipped().model)
    with pytest.raises(ValueError, match="dormant habit"):
        taste_model.from_table(table.head(-1))
    with pytest.raises(ValueError, match="rotation habit"):
        taste_model.from_table(table.with_columns(term=pl.lit("another")))


@pytest.fixture
def listener(history: pl.DataFrame) -> Listener:
    return Listener.from_history(clean_history(history))


def rolled(one: Listener, now: float) -> RollingForecast:
    rolling = RollingForecast(one.plays, one.artist, shipped(), 60, 14)
    rolling.prepare(now)
    rolling.stand_at(now)
    return rolling


def test_the_parts_multiply_to_the_forecast(listener: Listener) -> None:
    rolling = rolled(listener, listener.plays.at[-1] - 3 * DAY)
    told = taste_model.forecast(rolling.model, rolling.at, listener.plays.songs)
    average = np.where(rolling.at.dormant, rolling.model.dormant.base, rolling.model.rotation.base)
    known = told[rolling.at.song]
    product = np.exp(average) * np.prod([known[part].to_numpy() for part in PARTS if part != SAID], axis=0)
    np.testing.assert_allclose(product, known["expected"].to_numpy(), rtol=1e-6)
    assert rolling.at.dormant.any() and not rolling.at.dormant.all()


def test_in_the_first_week_others_rank(listener: Listener) -> None:
    now = listener.plays.at[0] + 5 * DAY
    rolling = rolled(listener, now)
    np.testing.assert_array_equal(rolling.model.expected(rolling.at), shipped().model.expected(rolling.at))
    assert (rolling.model.expected(rolling.at) > 0).all()


def test_own_weeks_forecast_this_listener_better(listener: Listener) -> None:
    """The lessons of the last quarter; none of it was learned from."""
    at = listener.plays.at
    cut = at[len(at) * 3 // 4]
    learned = rolled(listener, cut).fit().rotation
    later = RollingForecast(listener.plays, listener.artist, shipped(), 60, 10_000)
    for now in np.arange(cut, at[-1], WEEK):
        later.stand_at(float(now))
    own = shipped().rotation
    taught = later.lessons(later.population.rotation)
    assert len(taught) > 10
    assert deviance(learned, taught) < deviance(Line.from_habit(own, own.mean), taught)


def test_a_look_at_the_contenders_alone_tells_the_same_of_them(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taste_model, "CONTENDERS", 20)
    now = float(listener.plays.at[len(listener.plays.at) // 2])
    memory, past = Memory.empty(listener.plays.songs).until(now, listener.plays), listener.plays.before(now)
    every = taste_model.moment(memory, past, listener.artist, 60)
    company = near(listener.plays)
    alone = taste_model.moment(memory, past, listener.artist, 60, None, company, taste_model.strongest)
    for name in ("song", "terms", "dormant"):
        np.testing.assert_array_equal(getattr(alone, name), getattr(every.contenders(), name))


def test_later_plays_change_no_term(listener: Listener) -> None:
    now = float(listener.plays.at[len(listener.plays.at) // 2])
    before = listener.plays.at < now
    cut = Plays(listener.plays.song[before], listener.plays.at[before], listener.plays.songs)
    one, other = (
        taste_model.moment(Memory.empty(plays.songs).until(now, plays), plays, listener.artist, 60)
        for plays in (listener.plays, cut)
    )
    for name in ("song", "terms", "dormant"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_later_plays_change_no_forecast(listener: Listener) -> None:
    now = float(listener.plays.at[len(listener.plays.at) // 2])
    before = listener.plays.at < now
    cut = Plays(listener.plays.song[before], listener.plays.at[before], listener.plays.songs)
    whole, known = (rolled(replace(listener, plays=plays), now) for plays in (listener.plays, cut))
    np.testing.assert_array_equal(whole.model.expected(whole.at), known.model.expected(known.at))
    assert not np.array_equal(known.model.rotation.weights, shipped().model.rotation.weights)


def test_a_term_that_peeks_into_the_week_it_forecasts_raises(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The walk through the past hands out views that end at the cut: a term that looks further cannot be computed."""
    honest = taste_model.moment

    def peeking(memory: Memory, plays: Plays, *others: Any) -> Moment:
        plays.since(memory.now).before(memory.now + WEEK).count()
        return honest(memory, plays, *others)

    now = float(listener.plays.at[len(listener.plays.at) // 2])
    rolling = rolled(listener, now)
    monkeypatch.setattr(taste_model, "moment", peeking)
    with pytest.raises(LookAhead):
        rolling.stand_at(now + WEEK)


def test_a_lesson_needs_its_whole_horizon(listener: Listener) -> None:
    now = float(listener.plays.at[-1])
    rolling = rolled(listener, now)
    rotation, dormant = (rolling.lessons(one) for one in rolling.population.habits)
    assert len(rotation) - len(dormant) == 5, "six weeks must be over instead of one"
    with pytest.raises(LookAhead):
        shipped().dormant.lesson(rolling.at, rolling.at.dormant, listener.plays.before(now + 5 * WEEK))


def test_the_record_says_how_far_own_weeks_moved_the_weights(listener: Listener) -> None:
    now = float(listener.plays.at[-1])
    table = model_card.record(rolled(listener, now), datetime.fromtimestamp(now, UTC), "v1")
    assert dict(table.schema) == model_card.RECORD
    np.testing.assert_array_equal(
        table["others"].to_numpy(), taste_model.to_table(shipped().model)["weight"].to_numpy()
    )
    moved = table.group_by("habit").agg((pl.col("weight") - pl.col("others")).abs().max())
    assert (moved["weight"] > 0.01).all()
    told = model_card.standings(table)
    assert told["habit"].to_list() == ["rotation", "dormant"]
    assert told["weeks"].to_list() == [taste_model.CUTS] * 2
    assert told["deviance"].null_count() == 0
    assert sum(model_card.importance(table).values()) == pytest.approx(1.0)
    young = model_card.record(rolled(listener, listener.plays.at[0] + 5 * WEEK), datetime.fromtimestamp(now, UTC), "")
    assert young["deviance"].null_count() == young.height
    assert "too few to tell" in model_card.card(young, shipped().card)
