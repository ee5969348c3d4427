"""The mixes of the backtest: no look-ahead, within the law, and moved by the settings that say so."""

from __future__ import annotations

import itertools
from collections import Counter
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from spotify_ai_pipeline.durations import DAY, HOUR, WEEK
from spotify_ai_pipeline.evaluation import backtest
from spotify_ai_pipeline.evaluation.histories import read_history
from spotify_ai_pipeline.music import mix
from spotify_ai_pipeline.music.mix.habit import artist_cap
from spotify_ai_pipeline.music.mix.returning import REST
from spotify_ai_pipeline.music.mix.select import MARGIN
from spotify_ai_pipeline.music.taste.population import shipped
from spotify_ai_pipeline.settings import Settings


def mixes(history: pl.DataFrame, settings: Settings, start: float, end: float, every: float = WEEK) -> pl.DataFrame:
    plays = backtest.clean_history(history)
    times = backtest.refresh_times(plays["ts"].to_numpy(), every, start)
    listener = backtest.Listener.from_history(plays)
    return pl.concat(backtest.mixes(listener, times[times <= end], settings, shipped()))


def cut_changes_nothing(history: pl.DataFrame, settings: Settings, weeks: int, every: float = WEEK) -> None:
    start = float(history["ts"].sort()[history.height // 2])
    end = start + weeks * WEEK
    cut = history.filter(pl.col("ts") <= end + 8 * DAY)
    known = mixes(cut, settings, start, end, every)
    assert_frame_equal(known, mixes(history, settings, start, end, every))
    assert known["refresh_at"].n_unique() >= (end - start) // every


@pytest.mark.parametrize(("weeks", "every"), [(12, WEEK), (3, 12 * HOUR)])
def test_what_comes_later_changes_no_mix(history: pl.DataFrame, settings: Settings, weeks: int, every: float) -> None:
    cut_changes_nothing(history, settings, weeks, every)


def test_what_comes_later_changes_no_mix_of_a_real_listener(real_history: Path, settings: Settings) -> None:
    cut_changes_nothing(read_history(real_history), settings, 10)


@pytest.mark.parametrize(("every", "days"), [(WEEK, 84), (12 * HOUR, 42)])
def test_a_refresh_keeps_the_law(history: pl.DataFrame, settings: Settings, every: float, days: int) -> None:
    start = float(history["ts"].sort()[history.height // 2])
    made = mixes(history, settings, start, start + days * DAY, every).partition_by("refresh_at")
    plays = backtest.clean_history(history)
    lists = [one.select("artist", "track").rows() for one in made]
    at = [one["refresh_at"][0] for one in made]
    came = [len(set(new) - set(old)) for old, new in itertools.pairwise(lists)]
    assert max(came) <= 15
    for now in at:
        assert sum(many for then, many in zip(at[1:], came, strict=True) if now - WEEK < then <= now) <= 20
    assert sum(came) > 0
    for now, listed in zip(at, lists, strict=True):
        assert len(listed) == len(set(listed)) == 100
        heard = set(plays.filter(pl.col("ts") < now).select("artist", "track").iter_rows())
        assert set(listed) <= heard, "songs that were known by then"


def test_no_artist_grows_beyond_what_the_habit_leaves_room_for(history: pl.DataFrame, settings: Settings) -> None:
    start = float(history["ts"].sort()[history.height // 2])
    listener = backtest.Listener.from_history(backtest.clean_history(history))
    before: Counter[str] = Counter()
    for one in mixes(history, settings, start, start + 80 * DAY).partition_by("refresh_at"):
        cap = artist_cap(listener.plays, listener.artist, float(one["refresh_at"][0]), settings.playlist)
        songs = Counter(one["artist"])
        assert all(many <= max(cap, before[artist]) for artist, many in songs.items())
        before = songs


def test_a_song_that_left_rests(history: pl.DataFrame, settings: Settings) -> None:
    """The songs that come back within four weeks were all heard since."""
    start = float(history["ts"].sort()[history.height // 2])
    made = mixes(history, settings, start, start + 56 * DAY, 12 * HOUR).partition_by("refresh_at")
    heard = {
        (artist, track): np.sort(np.array(at))
        for artist, track, at in history.group_by("artist", "track").agg("ts").iter_rows()
    }
    left: dict[tuple[str, str], float] = {}
    came = 0
    for before, after in itertools.pairwise(made):
        now, old, new = (
            float(after["refresh_at"][0]),
            set(before.select("artist", "track").iter_rows()),
            set(after.select("artist", "track").iter_rows()),
        )
        for song in new - old:
            came += 1
            if song in left and now - left[song] < REST:
                plays = heard[song]
                assert ((plays > left[song]) & (plays < now)).any()
        left |= dict.fromkeys(old - new, now)
    assert came > 20 and left


def ranked(scores: dict[str, tuple[str, float]]) -> pl.DataFrame:
    rows = [(song, slot, score) for song, (slot, score) in scores.items()]
    return pl.DataFrame(rows, schema=["song_id", "slot", "score"], orient="row")


@pytest.mark.parametrize(("aggressiveness", "turned"), [(1, 0), (5, 1), (10, 4)])
def test_aggressiveness_moves_how_soon_a_song_gives_up_its_place(
    settings: Settings, aggressiveness: int, turned: int
) -> None:
    playlist = settings.playlist.model_copy(update={"target_size": 10, "max_change_per_refresh": 1.0})
    listed = {f"old {place}": ("core", 0.8 - place / 100) for place in range(10)}
    waiting = {f"new {place}": ("core", 0.78 - place / 10) for place in range(4)}
    loyalty = mix.loyalty(settings.cycling.model_copy(update={"aggressiveness": aggressiveness}))
    chosen = mix.select(ranked(listed | waiting), list(listed), playlist, loyalty=loyalty)
    assert int(chosen["is_new"].sum()) == turned


def test_songs_of_nearly_equal_worth_do_not_take_turns(settings: Settings) -> None:
    playlist = settings.playlist.model_copy(update={"target_size": 10, "max_change_per_refresh": 1.0})
    listed = {f"old {place}": ("core", 0.5) for place in range(10)}
    near = {f"new {place}": ("core", 0.5 + 0.9 * MARGIN) for place in range(5)}
    far = {"far": ("core", 0.5 + 1.1 * MARGIN)}
    assert not mix.select(ranked(listed | near), list(listed), playlist)["is_new"].any()
    chosen = mix.select(ranked(listed | near | far), list(listed), playlist)
    assert chosen.filter("is_new")["song_id"].to_list() == ["far"]


def test_changes_go_first_where_most_is_expected(settings: Settings) -> None:
    playlist = settings.playlist.model_copy(update={"target_size": 10, "max_change_per_refresh": 0.1})
    listed = {f"old {place}": ("core", 0.1) for place in range(10)}
    waiting = {"hot": ("core", 0.9), "back": ("exploration", 0.2), "back too": ("exploration", 0.1)}
    chosen = mix.select(ranked(listed | waiting), list(listed), playlist)
    assert chosen.filter("is_new")["song_id"].to_list() == ["hot"]


def test_the_noise_is_seeded(history: pl.DataFrame, settings: Settings) -> None:
    noisy = settings.model_copy(update={"scoring": settings.scoring.model_copy(update={"exploration_noise": 0.3})})
    start = float(np.sort(history["ts"].to_numpy())[history.height // 2])
    end = start + 15 * DAY
    assert_frame_equal(mixes(history, noisy, start, end), mixes(history, noisy, start, end))
    with pytest.raises(AssertionError):
        assert_frame_equal(mixes(history, noisy, start, end), mixes(history, settings, start, end))
