"""A memory that is kept between refreshes: yesterday's with today's plays is that of all, and a changed past is learned again."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from spotify_ai_pipeline.music.plays.play_counts import Plays
from spotify_ai_pipeline.music.taste import activation_store
from spotify_ai_pipeline.music.taste.activation import Memory

START = datetime(2024, 1, 1, tzinfo=UTC)
SONGS = pl.Series("song_id", [f"s{number}" for number in range(40)])


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


def kept(listens: pl.DataFrame, now: float) -> tuple[pl.DataFrame, activation_store.Rest]:
    memory = Memory.empty(len(SONGS)).until(now, Plays.of(listens, SONGS))
    on_disk = json.loads(json.dumps(activation_store.rest(memory, listens)))
    return activation_store.to_table(memory, SONGS), on_disk


def test_a_memory_comes_back_as_it_was_kept_also_where_songs_are_numbered_anew(listens: pl.DataFrame) -> None:
    table, rest = kept(listens, day(250))
    order = np.random.default_rng(1).permutation(len(SONGS))
    again = activation_store.recall(table, rest, listens, SONGS.gather(order))
    assert again.now == day(250)
    anew = Memory.empty(len(SONGS)).until(day(299), Plays.of(listens, SONGS))
    carried = again.until(day(299), Plays.of(listens, SONGS.gather(order)))
    for name in ("kept", "plays", "first", "last"):
        np.testing.assert_array_equal(getattr(carried, name), getattr(anew, name)[order])


def test_where_the_past_changed_all_is_learned_again(listens: pl.DataFrame) -> None:
    table, rest = kept(listens, day(250))

    def known(listens: pl.DataFrame) -> float:
        return float(activation_store.recall(table, rest, listens, SONGS).plays.sum())

    newer = listens.tail(1).with_columns(pl.col("played_at") + timedelta(days=1))
    assert known(pl.concat([listens, newer])) == table["plays"].sum(), "a new play is no change of the past"
    assert known(listens.filter(pl.int_range(pl.len()) != 7)) == 0, "a play taken away"
    assert known(pl.concat([listens, listens.head(1)])) == 0, "a play that came late"
    swapped = listens.with_columns(
        song_id=pl.when(pl.int_range(pl.len()) == 7).then(pl.lit("s39")).otherwise("song_id")
    )
    assert known(swapped) == 0, "a play that was another song's"


def test_a_memory_of_another_make_is_learned_again(listens: pl.DataFrame) -> None:
    table, rest = kept(listens, day(250))
    assert activation_store.recall(table, rest, listens, SONGS).now == day(250)
    for other in (table.drop("first"), table.with_columns(zone=pl.lit("UTC"))):
        assert activation_store.recall(other, rest, listens, SONGS).now == -np.inf
    slower = [2 * days for days in rest["half_lives"]]
    assert activation_store.recall(table, {**rest, "half_lives": slower}, listens, SONGS).now == -np.inf
