"""The backtest: mixes from nothing but the past, at the steps that are asked for."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from spotify_ai_pipeline.durations import HOUR, WEEK
from spotify_ai_pipeline.evaluation import backtest
from spotify_ai_pipeline.evaluation.backtest import EVERY, Listener, clean_history, heard_moods, refresh_times
from spotify_ai_pipeline.music.taste.population import shipped
from spotify_ai_pipeline.settings import PROJECT_ROOT, Settings

START = 1_600_000_000
SHARED = PROJECT_ROOT.parent / "shared"


def history(days: int = 120, plays_a_day: int = 20, songs: int = 60) -> pl.DataFrame:
    """A listener who prefers low numbers, and whose preference moves on by a song every four days."""
    rng = np.random.default_rng(5)
    at = np.sort(rng.integers(0, days * 86_400, days * plays_a_day)) + START
    song = (rng.geometric(0.08, len(at)) + (at - START) // (4 * 86_400)) % songs
    return pl.DataFrame(
        {
            "ts": at,
            "artist": [f"Artist {number % 9}" for number in song],
            "track": [f"Track {number}" for number in song],
        }
    )


@pytest.fixture(scope="module")
def small(defaults: Settings) -> Settings:
    return defaults.model_copy(update={"playlist": defaults.playlist.model_copy(update={"target_size": 20})})


def mixes(plays: pl.DataFrame, times: np.ndarray, settings: Settings) -> list[pl.DataFrame]:
    return list(backtest.mixes(Listener.from_history(plays), times, settings, shipped()))


def test_real_plays_are_kept_once_and_in_order() -> None:
    raw = pl.DataFrame(
        {
            "ts": [30, 10, 10, 20, 40],
            "artist": ["A", "A", "a", "A", "B"],
            "track": ["X", "Y", "y", "X", "Z"],
            "ms_played": [None, 60_000, 60_000, 29_999, 30_000],
        }
    )
    clean = clean_history(raw)
    assert clean["ts"].to_list() == [10, 30, 40]
    assert clean["song_id"].to_list() == ["a\ty", "a\tx", "b\tz"]


def test_refreshes_are_weekly_from_the_median_and_have_a_week_after_them() -> None:
    at = clean_history(history())["ts"].to_numpy()
    times = refresh_times(at)
    assert times[0] == at[len(at) // 2]
    assert set(np.diff(times)) == {WEEK}
    assert times[-1] + WEEK < at[-1] <= times[-1] + 2 * WEEK
    assert refresh_times(at, start=START + 86_400.0)[0] == START + 86_400


def test_refreshes_come_as_often_as_is_asked() -> None:
    at = clean_history(history())["ts"].to_numpy()
    assert {name: set(np.diff(refresh_times(at, every))) for name, every in EVERY.items()} == {
        "12h": {12 * HOUR},
        "1d": {24 * HOUR},
        "7d": {WEEK},
    }


def test_a_mix_is_whole_known_and_moves_within_the_cap(small: Settings) -> None:
    plays = clean_history(history())
    before: set[tuple[str, str]] = set()
    for mix in mixes(plays, refresh_times(plays["ts"].to_numpy()), small):
        songs = set(mix.select("artist", "track").iter_rows())
        at = mix["refresh_at"][0]
        assert mix["rank"].to_list() == list(range(1, 21))
        assert len(songs) == 20
        assert songs <= set(plays.filter(pl.col("ts") < at).select("artist", "track").iter_rows())
        assert not before or len(songs - before) <= 3
        before = songs
    assert before


def test_the_mix_follows_the_listener(small: Settings) -> None:
    plays = clean_history(history())
    times = refresh_times(plays["ts"].to_numpy())
    shares = []
    for mix in mixes(plays, times, small):
        at = mix["refresh_at"][0]
        week = plays.filter((pl.col("ts") >= at) & (pl.col("ts") < at + WEEK))
        shares.append(week.join(mix, on=["artist", "track"], how="semi").height / week.height)
    assert np.mean(shares) > 20 / 60 + 0.1, "better than twenty songs at random"


@pytest.mark.parametrize("noise", [0.0, 0.5])
def test_a_history_cut_at_t_gives_the_same_mixes_up_to_t(small: Settings, noise: float) -> None:
    settings = small.model_copy(update={"scoring": small.scoring.model_copy(update={"exploration_noise": noise})})
    raw = history()
    whole = clean_history(raw)
    times = refresh_times(whole["ts"].to_numpy())
    cut = times[len(times) // 2]
    known = [time for time in times if time <= cut]
    past = clean_history(raw.filter(pl.col("ts") < cut))
    expected = mixes(whole, times, settings)[: len(known)]
    assert pl.concat(mixes(past, np.array(known), settings)).equals(pl.concat(expected))


def test_a_mood_that_is_heard_draws_the_songs_that_match_it(small: Settings) -> None:
    plays = clean_history(history())
    listener, times = Listener.from_history(plays), refresh_times(plays["ts"].to_numpy())
    odd = listener.songs["track"].str.extract(r"(\d+)").cast(pl.Int64) % 2 == 1
    weighed = small.model_copy(update={"scoring": small.scoring.model_copy(update={"mood_weight": 0.5})})

    def odd_share(settings: Settings) -> float:
        made = pl.concat(backtest.mixes(listener, times, settings, shipped(), lambda _: odd.cast(pl.Float64)))
        return float((made["track"].str.extract(r"(\d+)").cast(pl.Int64) % 2).mean() or 0)  # pyright: ignore[reportArgumentType]

    unweighed = small.model_copy(update={"scoring": small.scoring.model_copy(update={"mood_weight": 0.0})})
    assert odd_share(weighed) > odd_share(unweighed) + 0.1


def test_the_mood_of_a_moment_is_near_what_was_played_before_it(defaults: Settings) -> None:
    plays = clean_history(history())
    songs = plays.select("song_id").unique(maintain_order=True)
    vectors = np.eye(songs.height, dtype=np.float32)
    known = songs.with_columns(vector=pl.Series(vectors, dtype=pl.Array(pl.Float32, songs.height))).head(-1)
    match = heard_moods(plays, songs, known, defaults)(float(plays["ts"][500]))
    latest = songs["song_id"].to_list().index(plays["song_id"][499])
    assert match.null_count() == 1, "a song without a vector"
    assert match[latest] > match.drop_nulls().mean()


def test_the_same_history_gives_the_same_mixes(small: Settings) -> None:
    plays = clean_history(history())
    times = refresh_times(plays["ts"].to_numpy())
    assert pl.concat(mixes(plays, times, small)).equals(pl.concat(mixes(plays, times, small)))


@pytest.mark.parametrize(("file", "least"), [("listener_a_scrobbles", 0.12), ("listener_b_streaming", 0.24)])
def test_the_judge_accepts_the_mixes_of_real_listeners(
    defaults: Settings, tmp_path: Path, file: str, least: float
) -> None:
    source, judge = SHARED / "data" / f"{file}.parquet", SHARED / "tools" / "referee.py"
    if not (source.exists() and judge.exists()):
        pytest.skip(f"{source} or {judge} is not there")
    raw = pl.read_parquet(source)
    plays = clean_history(raw.rename({"uts": "ts"}) if "uts" in raw.columns else raw)
    out = tmp_path / "mixes.parquet"
    pl.concat(mixes(plays, refresh_times(plays["ts"].to_numpy()), defaults)).write_parquet(out)
    judged = subprocess.run(
        [sys.executable, str(judge), str(source), str(out), "--json"], capture_output=True, text=True, check=False
    )
    assert judged.returncode == 0, judged.stdout + judged.stderr
    assert json.loads(judged.stdout)["coverage"] >= least
