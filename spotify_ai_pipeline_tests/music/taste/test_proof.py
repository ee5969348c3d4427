"""Score card and tuning: what was played of lists is counted, and weights change only where that is proven."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner

from spotify_ai_pipeline.durations import DAY, WEEK
from spotify_ai_pipeline.interfaces.cli import main
from spotify_ai_pipeline.music.mix.scorecard import Listed, figures, score, summary
from spotify_ai_pipeline.music.plays.play_counts import Plays
from spotify_ai_pipeline.music.taste import tuning
from spotify_ai_pipeline.settings import Settings
from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline.storage.workspace import Workspace

MONDAY = datetime(2026, 3, 2, tzinfo=UTC).timestamp()
ZONE = ZoneInfo("UTC")


def plays(*told: tuple[int, float]) -> Plays:
    """Plays of (song, days from the Monday)."""
    ordered = sorted(told, key=lambda one: one[1])
    song, day = zip(*ordered, strict=True)
    return Plays(np.array(song), MONDAY + np.array(day, np.float64) * DAY, 10)


def card(heard: Plays, lists: list[Listed], days: float, turned_down: dict[int, float] | None = None) -> pl.DataFrame:
    return score(lists, heard, turned_down or {}, MONDAY + days * DAY, ZONE, 60)


def listed(day: float, songs: list[int], came: list[int]) -> Listed:
    return Listed(MONDAY + day * DAY, np.array(songs), np.array(came, np.int64))


def test_a_week_counts_what_was_played_of_the_list_that_stood_when_it_began() -> None:
    heard = plays((0, -1), (1, -100), (2, -100), (0, 1), (1, 2), (3, 3), (3, 5), (3, 6), (3, 8), (4, 2), (0, 6.9))
    lists = [listed(-0.5, [0, 1], []), listed(1.5, [0, 1, 3], [1, 3])]
    assert card(heard, lists, 6.5).filter(pl.col("week") >= datetime(2026, 3, 2).date()).is_empty(), "not over yet"
    week = card(heard, lists, 7).row(-1, named=True)
    assert (week["plays"], week["held"], week["held_by_recency"]) == (7, 3, 3)
    assert (week["brought_back"], week["quiet"], week["new"], week["kept"], week["new_known"]) == (1, 2, 1, None, 0)
    later = card(heard, lists, 80).row(1, named=True)
    assert (later["kept"], later["quiet_heard"]) == (1, 1)
    assert (later["new_known"], later["new_stayed"], later["found"], later["found_stayed"]) == (1, 1, 1, 0)
    assert card(heard, lists, 80, {1: MONDAY + 3 * DAY}).row(1, named=True)["kept"] == 0, "turned down since"


def test_a_short_history_says_what_is_missing_and_gives_no_interval() -> None:
    heard = plays((0, -1), (0, 1))
    empty = card(heard, [], 30)
    assert summary(empty) == "No week of the mix is over yet."
    assert all(one.value is None and one.missing for one in figures(empty, np.random.default_rng(1)))
    one = figures(card(heard, [listed(0, [0], [0])], 8), np.random.default_rng(1))
    assert one[0].value == 1 and one[0].low is None and "weeks" in one[0].missing
    assert one[1].value is None and "30 days" in one[1].missing


def test_a_clear_lead_has_an_interval_above_zero() -> None:
    told = [(song, week * 7 + 1 + song / 10) for week in range(12) for song in (week % 5, week % 5 + 5)]
    lists = [listed(week * 7, [week % 5, week % 5 + 5], []) for week in range(12)]
    first, *_ = figures(card(plays(*told), lists, 90), np.random.default_rng(1))
    assert first.value == 1 and first.baseline is not None and first.baseline < 0.5
    assert first.low is not None and first.low > 0


def weeks(rng: np.random.Generator, played: str, many: int = 24) -> list[tuning.Cut]:
    """Weeks in which the songs are played that stand highest by ``played``, a column."""
    made: list[tuning.Cut] = []
    for number in range(many):
        known = pl.DataFrame(
            {
                "song_id": np.arange(300),
                "days_quiet": rng.uniform(0, 50, 300),
                "staleness": rng.uniform(0, 1, 300),
                "expected": rng.uniform(0, 1, 300),
                "mood_match": rng.uniform(0, 1, 300),
                "credits": [[song] for song in range(300)],
            }
        )
        top = known.sort(played, descending=played != "staleness")["song_id"].head(60).to_numpy()
        at = number * WEEK + np.sort(rng.uniform(0, WEEK, 60))
        made.append(tuning.Cut(number * WEEK, known, Plays(top, at, 300), None))
    return made


def tuned(settings: Settings, played: str) -> tuple[dict[str, tuple[float, float]], float]:
    size = settings.playlist.model_copy(update={"target_size": 60, "max_change_per_refresh": 1.0})
    settings = settings.model_copy(update={"playlist": size})
    tried = list(tuning.search(weeks(np.random.default_rng(3), played), settings))
    assert len(tried) <= tuning.TRIES
    found = tuning.best(tried)
    return tuning.changed(found.scoring, tried[0].scoring), tuning.lead(found, tried[0], np.random.default_rng(1))[1]


def test_tuning_finds_the_weight_that_matters_and_proves_it(settings: Settings) -> None:
    changes, low = tuned(settings, "staleness")
    assert changes["freshness_weight"][1] == 0.3 and low > 0


def test_tuning_leaves_weights_that_are_right(settings: Settings) -> None:
    right = settings.scoring.model_copy(update={"mood_weight": 0.0})  # moods are noise in these weeks
    changes, low = tuned(settings.model_copy(update={"scoring": right}), "expected")
    assert not changes and low == 0


def listen_by_habit(workspace: Workspace) -> None:
    """Four of five plays are of eight favourites: a short list of what was long unheard holds none of them."""
    listens = workspace.lake.read(datasets.LISTENS).sort("played_at")
    favourites = listens["song_id"].value_counts(sort=True)["song_id"].head(8).to_list()
    habit = [favourites[at % 8] if at % 5 else song for at, song in enumerate(listens["song_id"])]
    workspace.lake.write(listens.with_columns(song_id=pl.Series(habit)), datasets.LISTENS)
    workspace.state.set_override("playlist.target_size", 20)


def test_on_a_filled_home_the_card_is_made_and_weights_are_shown(place: Path, run_job: Any) -> None:
    workspace = Workspace.open(place / "home")
    with workspace.state.transaction() as connection:  # as if the mix had been on the phone for ten weeks
        connection.execute("UPDATE refreshes SET refreshed_at = refreshed_at - ?", (70 * DAY,))
    assert run_job(workspace.root, "score_the_lists")[0].success
    os.environ["SPOTIFY_AI_DATA"] = str(workspace.root)
    said = json.loads(CliRunner().invoke(main, ["scorecard", "--json"]).output)
    assert len(said["weeks"]) >= 9 and said["figures"][0]["low"] is not None
    assert "baseline" in CliRunner().invoke(main, ["scorecard"]).output
    listen_by_habit(workspace)
    workspace.state.set_override("scoring.taste_weight", 0.0)
    workspace.state.set_override("scoring.freshness_weight", 1.0)
    ran = CliRunner().invoke(main, ["tune", "--yes"])
    assert ran.exit_code == 0 and "Taken. To go back:" in ran.output, ran.output
    assert "spotify-ai config set scoring.taste_weight 0.0" in ran.output
    assert Workspace.open(workspace.root).settings.scoring.taste_weight == 1.0
    told = json.loads(CliRunner().invoke(main, ["tune", "--json"]).output)
    assert told["taken"] is False


@pytest.fixture
def run_job() -> Any:
    from spotify_ai_pipeline_tests.conftest import run

    return run
