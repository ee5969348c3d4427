"""The fit of the population: what listeners have in common becomes its mean, what sets them apart its covariance."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from spotify_ai_pipeline.durations import DAY, WEEK
from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.evaluation import population
from spotify_ai_pipeline.evaluation.backtest import Listener, clean_history
from spotify_ai_pipeline.music.taste.population import Population
from spotify_ai_pipeline.music.taste.taste_model import TERMS, Lesson, Line

START = 1_500_000_000
WIDTH = len(TERMS)


def taught(weights: list[np.ndarray], songs: int = 20_000) -> list[Lesson]:
    """One lesson a listener, whose plays are made by these weights."""
    rng = np.random.default_rng(1)
    lessons: list[Lesson] = []
    for one in weights:
        terms = rng.normal(size=(songs, WIDTH))
        lessons.append(Lesson(terms, rng.poisson(np.exp(one[0] + terms @ one[1:])).astype(float)))
    return lessons


def weights(first: float, second: float) -> np.ndarray:
    return np.array([-1.0, first, second, *np.zeros(WIDTH - 2)])


def test_the_mean_is_what_listeners_share_and_the_covariance_where_they_differ() -> None:
    found = population.fit(taught([weights(slope, 0.5) for slope in (-0.2, 0.3, 0.8)]), "rotation")
    np.testing.assert_allclose(found.mean[1:3], [0.3, 0.5], atol=0.06)
    assert np.abs(found.mean[3:]).max() < 0.05
    apart = np.sqrt(np.diag(found.covariance))
    assert apart[1] == pytest.approx(np.std([-0.2, 0.3, 0.8]), abs=0.08)
    assert apart[2:].max() < 0.4 * apart[1], "of the rest they are alike"
    assert np.linalg.eigvalsh(found.covariance).min() > 0


def test_a_listener_who_is_left_out_is_forecast_better_with_the_others_than_without() -> None:
    others = population.fit(taught([weights(0.5, 0.4), weights(0.6, 0.3), weights(0.7, 0.5)]), "rotation")
    own = taught([weights(0.6, 0.4)], songs=60)[0]
    truth = own.terms @ weights(0.6, 0.4)[1:] - 1

    def error(weights: np.ndarray) -> float:
        return float(np.abs(Line.from_habit(others, weights).log_plays(own.terms) - truth).mean())

    nothing = np.array([np.log(own.plays.mean()), *np.zeros(WIDTH)])
    assert error(others.mean) < 0.5 * error(nothing)


def test_listeners_with_hardly_a_play_do_not_count() -> None:
    lessons = taught([weights(0.5, 0.4), weights(0.7, 0.4)])
    silent = Lesson(np.full((50, WIDTH), 9.0), np.zeros(50))
    without, beside = population.fit(lessons, "dormant"), population.fit([*lessons, silent], "dormant")
    np.testing.assert_array_equal(without.mean, beside.mean)
    np.testing.assert_array_equal(without.covariance, beside.covariance)


def histories(listeners: int = 3) -> pl.DataFrame:
    """Forty weeks of three listeners, who stay with a song for days, weeks or months, and come back to old ones."""
    rng = np.random.default_rng(2)
    rows: list[tuple[int, int, str, str]] = []
    for number in range(listeners):
        stay = (4, 15, 50)[number % 3]
        for day in range(280):
            old = rng.integers(0, day // stay * 10 + 10, 4)
            for song in [*(day // stay * 10 + rng.geometric(0.2, 11)).tolist(), *old.tolist()]:
                at = START + int(day * DAY + rng.uniform(0, DAY))
                rows.append((number, at, f"Artist {song % 17}", f"Song {song}"))
    schema = {"listener": pl.Int64, "ts": pl.Int64, "artist": pl.String, "track": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("histories") / "histories.parquet"
    histories().write_parquet(made)
    return made


def test_without_listeners_enough_it_says_what_is_missing() -> None:
    with pytest.raises(UserError, match="no listener with 20 plays"):
        population.fit([Lesson(np.zeros((5, WIDTH)), np.ones(5))], "rotation")


def test_histories_become_a_population_that_forecasts(file: Path) -> None:
    listeners = population.histories(file)
    assert list(listeners) == [0, 1, 2]
    found = population.from_listeners(listeners.values())
    assert found.card == {"listeners": 3, "plays": histories().unique(["listener", "ts", "track"]).height, "weeks": 117}
    assert [habit.horizon for habit in found.habits] == [1, 6]
    text = found.to_json()
    assert Population.from_json(text).to_json() == text
    assert not any(name in text for name in ("Artist 3", "Song 3")), "no history"
    for one in listeners.values():
        lesson = population.lessons(one, "rotation", population.cuts(one))
        told = Line.from_habit(found.rotation, found.rotation.mean).log_plays(lesson.terms)
        assert np.corrcoef(told, lesson.plays)[0, 1] > 0.3


def test_a_lesson_of_six_weeks_ends_six_weeks_before_the_history_does() -> None:
    listener = Listener.from_history(clean_history(histories(1).drop("listener")))
    known = population.cuts(listener)
    assert known[0].now == listener.plays.at[0] + population.FIRST_CUT
    end = listener.plays.at[-1]
    rotation, dormant = (population.lessons(listener, habit, known) for habit in ("rotation", "dormant"))
    assert len(rotation.plays) == sum((~cut.dormant).sum() for cut in known if cut.now + WEEK <= end)
    assert len(dormant.plays) == sum(cut.dormant.sum() for cut in known if cut.now + 6 * WEEK <= end)
    assert rotation.plays.max() <= population.MOST["rotation"]


def test_the_script_writes_the_file_that_ships(file: Path, tmp_path: Path) -> None:
    out = tmp_path / "population.json"
    ran = subprocess.run(
        [sys.executable, "-m", "spotify_ai_pipeline.evaluation.population", str(file), "--out", str(out)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert "3 listeners" in ran.stdout
    assert Population.from_json(out.read_text()).card["listeners"] == 3
