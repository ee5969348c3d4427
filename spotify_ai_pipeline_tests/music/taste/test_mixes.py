"""The mixes of the backtest: no look-ahead, within the law, and moved by the settings that say so."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from spotify_ai_pipeline.durations import DAY
from spotify_ai_pipeline.evaluation import backtest
from spotify_ai_pipeline.evaluation.histories import read_history
from spotify_ai_pipeline.music import mix
from spotify_ai_pipeline.settings import Settings


def mixes(history: pl.DataFrame, settings: Settings, start: float, end: float) -> pl.DataFrame:
    plays = backtest.clean_history(history)
    times = backtest.refresh_times(plays["ts"].to_numpy(), start)
    return pl.concat(backtest.weekly_mixes(plays, times[times <= end], settings))


def cut_changes_nothing(history: pl.DataFrame, settings: Settings, weeks: int) -> None:
    start = float(history["ts"].sort()[history.height // 2])
    end = start + weeks * 7 * DAY
    cut = history.filter(pl.col("ts") <= end + 8 * DAY)
    assert_frame_equal(mixes(cut, settings, start, end), mixes(history, settings, start, end))


def test_what_comes_later_changes_no_mix(history: pl.DataFrame, settings: Settings) -> None:
    cut_changes_nothing(history, settings, 12)


def test_what_comes_later_changes_no_mix_of_a_real_listener(real_history: Path, settings: Settings) -> None:
    cut_changes_nothing(read_history(real_history), settings, 10)


def test_a_refresh_keeps_the_law(history: pl.DataFrame, settings: Settings) -> None:
    start = float(history["ts"].sort()[history.height // 2])
    made = mixes(history, settings, start, start + 80 * DAY).partition_by("refresh_at")
    lists = [set(one.select("artist", "track").iter_rows()) for one in made]
    assert [len(one) for one in lists] == [100] * len(lists)
    assert max(len(new - old) for old, new in itertools.pairwise(lists)) <= 15


def ranked(scores: dict[str, tuple[str, float]]) -> pl.DataFrame:
    rows = [(song, slot, score) for song, (slot, score) in scores.items()]
    return pl.DataFrame(rows, schema=["song_id", "slot", "score"], orient="row")


@pytest.mark.parametrize(("aggressiveness", "turned"), [(1, 0), (5, 1), (10, 4)])
def test_aggressiveness_moves_how_soon_a_song_gives_up_its_place(
    settings: Settings, aggressiveness: int, turned: int
) -> None:
    playlist = settings.playlist.model_copy(update={"target_size": 10, "max_change_per_refresh": 1.0})
    listed = {f"old {place}": ("core", 0.8 - place / 100) for place in range(10)}
    waiting = {f"new {place}": ("core", 0.75 - place / 10) for place in range(4)}
    loyalty = mix.loyalty(settings.cycling.model_copy(update={"aggressiveness": aggressiveness}))
    chosen = mix.select(ranked(listed | waiting), list(listed), playlist, loyalty=loyalty)
    assert int(chosen["is_new"].sum()) == turned


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
