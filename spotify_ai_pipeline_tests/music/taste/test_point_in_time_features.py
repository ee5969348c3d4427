"""What is known as of a moment: nothing of later, kept between refreshes, and learned again where the past changed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from spotify_ai_pipeline.durations import DAY
from spotify_ai_pipeline.music.plays.play_counts import LookAhead, Plays
from spotify_ai_pipeline.music.taste import activation_store, taste_model
from spotify_ai_pipeline.music.taste.activation import Memory
from spotify_ai_pipeline.music.taste.model_selection import Championship
from spotify_ai_pipeline.music.taste.point_in_time_features import Features, features_at
from spotify_ai_pipeline.music.taste.taste_model import Lesson, Moment, fit_habit, lessons
from spotify_ai_pipeline.settings import Settings

START = datetime(2024, 1, 1, tzinfo=UTC)
SONGS = pl.Series("song_id", [f"s{number}" for number in range(40)])
GROUPS = {"artist": np.arange(40) // 4, "cluster": np.where(np.arange(40) < 20, 0, -1)}


@pytest.fixture(scope="module")
def listens() -> pl.DataFrame:
    """300 days of sittings of ten songs; the last two songs are never heard."""
    rng = np.random.default_rng(3)
    rows = [
        (f"s{(day // 10 + int(rng.integers(0, 12))) % 38}", START + timedelta(days=day, hours=18, minutes=4 * place))
        for day in range(300)
        for place in range(10)
    ]
    return pl.DataFrame(rows, schema={"song_id": pl.String, "played_at": pl.Datetime("ms", "UTC")}, orient="row")


def day(number: float) -> float:
    return (START + timedelta(days=number)).timestamp()


def at(listens: pl.DataFrame, now: float) -> Features:
    plays = Plays.of(listens, SONGS)
    return features_at(Memory.empty(len(SONGS)).until(now, plays), plays.before(now), GROUPS)


def test_later_plays_change_no_feature(listens: pl.DataFrame) -> None:
    now = day(200.3)
    cut = listens.filter(pl.col("played_at").dt.epoch("ms") < now * 1_000)
    known, whole = at(cut, now), at(listens, now)
    assert known.names == whole.names
    np.testing.assert_array_equal(known.values, whole.values)


def test_a_feature_computed_with_the_future_raises(listens: pl.DataFrame) -> None:
    plays = Plays.of(listens, SONGS)
    memory = Memory.empty(len(SONGS)).until(day(200), plays)
    with pytest.raises(LookAhead, match="were given plays up to"):
        features_at(memory, plays, GROUPS)
    with pytest.raises(LookAhead):
        features_at(memory, plays.before(day(201)), GROUPS)
    with pytest.raises(LookAhead, match="were asked what happened"):
        plays.before(day(200)).before(day(207)).count()


def test_a_model_that_peeks_into_the_week_it_forecasts_raises(
    listens: pl.DataFrame, defaults: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The walk through the past hands out views that end at the cut: a term that looks further cannot be computed."""
    honest = taste_model.moment

    def peeking(memory: Memory, plays: Plays, *others: Any) -> Moment:
        plays.since(memory.now).before(memory.now + 7 * DAY).count()
        return honest(memory, plays, *others)

    rankers = Championship(Plays.of(listens, SONGS), GROUPS["artist"], defaults)
    rankers.stand_at(day(100))
    monkeypatch.setattr(taste_model, "moment", peeking)
    with pytest.raises(LookAhead):
        rankers.stand_at(day(107))


def test_shuffled_targets_teach_no_more_than_chance(listens: pl.DataFrame, defaults: Settings) -> None:
    """With each week's plays dealt out at random among its songs, the model finds later weeks no better than a guess."""
    plays = Plays.of(listens, SONGS)
    rng = np.random.default_rng(0)
    taught, shuffled = [], []
    for cut in range(60, 290, 7):
        memory = Memory.empty(len(SONGS)).until(day(cut), plays)
        past = plays.before(day(cut))
        at = taste_model.moment(memory, past, GROUPS["artist"], defaults.cycling, defaults.scoring)
        lesson = lessons(at, plays)[0]
        taught.append(lesson)
        shuffled.append(Lesson(lesson.terms, rng.permutation(lesson.plays)))
    assert ordered_right(taught) > 0.7
    assert ordered_right(shuffled) == pytest.approx(0.5, abs=0.08)


def ordered_right(taught: list[Lesson]) -> float:
    """Taught on the first half, the share of pairs (played more, played less) of the second half put in that order."""
    half = len(taught) // 2
    habit = fit_habit(taste_model.ROTATION_TERMS, taught[:half])
    assert habit is not None
    right, pairs = 0.0, 0
    for lesson in taught[half:]:
        told = habit.log_plays(lesson.terms)
        more = lesson.plays[:, None] > lesson.plays[None, :]
        right += (told[:, None] > told[None, :])[more].sum()
        pairs += more.sum()
    return right / pairs


def test_groups_hold_their_songs_and_what_cannot_be_known_is_no_number(listens: pl.DataFrame) -> None:
    features = at(listens, day(290))
    assert np.isnan(features["song: days since the last play"][38:]).all(), "never heard"
    assert np.isfinite(features["artist: base level, decay 0.86"][38:]).all(), "but its artist was"
    assert np.isnan(features["cluster: plays"][20:]).all(), "in no cluster"
    plays = Plays.of(listens, SONGS).before(day(290)).count()
    np.testing.assert_allclose(np.expm1(features["artist: plays"][:4]), plays[:4].sum())


def test_a_song_is_due_when_it_is_quiet_beyond_its_rhythm() -> None:
    daily, monthly = np.arange(0, 300, 1.0), np.arange(0, 300, 30.0)
    rows = sorted([(value, 0) for value in daily] + [(value + 0.1, 1) for value in monthly])
    plays = Plays(np.array([song for _, song in rows]), np.array([day(value) for value, _ in rows]), 2)
    now = day(310)
    due = features_at(Memory.empty(2).until(now, plays), plays.before(now), {})["song: due"]
    assert due[0] > 2 > due[1]


def test_hours_and_weekdays_tell_songs_apart() -> None:
    evenings = [(value + 0.8, 0) for value in range(100)]
    mornings = [(value + 0.4, 1) for value in range(100)]
    rows = sorted(evenings + mornings)
    plays = Plays(np.array([song for _, song in rows]), np.array([day(value) for value, _ in rows]), 2)
    now = day(101.85)
    features = features_at(Memory.empty(2).until(now, plays), plays.before(now), {})
    assert features["song: time of day"][0] > 0.5
    assert features["song: time of day"][1] < -0.5
    assert features["song: day of week"][0] == pytest.approx(features["song: day of week"][1])


def kept(listens: pl.DataFrame, now: float) -> tuple[pl.DataFrame, activation_store.Rest]:
    memory = Memory.empty(len(SONGS), "Europe/Lisbon").until(now, Plays.of(listens, SONGS))
    on_disk = json.loads(json.dumps(activation_store.rest(memory, listens)))
    return activation_store.to_table(memory, SONGS), on_disk


def test_a_memory_comes_back_as_it_was_kept_also_where_songs_are_numbered_anew(listens: pl.DataFrame) -> None:
    table, rest = kept(listens, day(250))
    order = np.random.default_rng(1).permutation(len(SONGS))
    again = activation_store.recall(table, rest, listens, SONGS.gather(order), "Europe/Lisbon")
    assert again.now == day(250)
    anew = Memory.empty(len(SONGS), "Europe/Lisbon").until(day(299), Plays.of(listens, SONGS))
    carried = again.until(day(299), Plays.of(listens, SONGS.gather(order)))
    for name in ("kept", "plays", "first", "last", "gap_sum", "gap_squares", "by_part"):
        np.testing.assert_array_equal(getattr(carried, name), getattr(anew, name)[order])
    np.testing.assert_array_equal(carried.came_back, anew.came_back)


def test_where_the_past_changed_all_is_learned_again(listens: pl.DataFrame) -> None:
    table, rest = kept(listens, day(250))

    def known(listens: pl.DataFrame, zone: str = "Europe/Lisbon") -> float:
        return float(activation_store.recall(table, rest, listens, SONGS, zone).plays.sum())

    newer = listens.tail(1).with_columns(pl.col("played_at") + timedelta(days=1))
    assert known(pl.concat([listens, newer])) == table["plays"].sum(), "a new play is no change of the past"
    assert known(listens.filter(pl.int_range(pl.len()) != 7)) == 0, "a play taken away"
    assert known(pl.concat([listens, listens.head(1)])) == 0, "a play that came late"
    swapped = listens.with_columns(
        song_id=pl.when(pl.int_range(pl.len()) == 7).then(pl.lit("s39")).otherwise("song_id")
    )
    assert known(swapped) == 0, "a play that was another song's"
    assert known(listens, "UTC") == 0
