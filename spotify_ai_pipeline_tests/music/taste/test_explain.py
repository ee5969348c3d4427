"""The reasons: parts that sum to the score, and plays told as a story."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spotify_ai_pipeline.music.plays.play_counts import Plays
from spotify_ai_pipeline.music.taste.activation import Memory
from spotify_ai_pipeline.music.taste.explain import TELLS, parts, reasons, story
from spotify_ai_pipeline.music.taste.population import shipped
from spotify_ai_pipeline.music.taste.ranking import CORE, EXPLORATION, rank
from spotify_ai_pipeline.music.taste.taste_model import AGE, ARTIST, COMPANY, OWN, PARTS, SAID, forecast, moment
from spotify_ai_pipeline.settings import Settings

factor = st.floats(0.01, 50)


@given(st.lists(st.tuples(*[factor] * len(PARTS), st.floats(0, 1)), min_size=1, max_size=5), st.booleans())
def test_the_parts_sum_to_the_score(defaults: Settings, rows: list[tuple[float, ...]], learned: bool) -> None:
    scoring = defaults.scoring.model_copy(
        update={"taste_weight": 2.0, "mood_weight": 1.0, "freshness_weight": 0.5, "exploration_noise": 0.1}
    )
    table = pl.DataFrame(
        [
            {"days_quiet": 2.0, "staleness": share, "mood_match": share, "expected": 0.3 * float(np.prod(factors))}
            | (dict(zip(PARTS, factors, strict=True)) if learned else dict.fromkeys(PARTS))
            for *factors, share in rows
        ]
    )
    for row in rank(table, defaults.cycling, scoring, np.random.default_rng(1)).to_dicts():
        found = parts(row)
        assert sum(part.worth for part in found) == pytest.approx(row["score"])
        assert len(found) == (4 + len(PARTS) if learned else 4) - (row["from_freshness"] == 0) - (row["from_mood"] == 0)


NUMBERS = {"plays": pl.Int64, "recent_plays": pl.Int64, "days_quiet": pl.Float64} | dict.fromkeys(PARTS, pl.Float64)
SONG = {
    "artist": "Ada", "slot": CORE, "plays": 3, "recent_plays": 1, "days_quiet": 2.5, "said": None,
    **dict.fromkeys(PARTS, 1.0),
}  # fmt: skip


def reason(defaults: Settings, **row: Any) -> str:
    table = pl.DataFrame([SONG | row], dict.fromkeys(("artist", "slot", "said"), pl.String) | NUMBERS)
    return table.select(reasons(defaults.cycling)).item()


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"plays": 0, "days_quiet": None}, "in your library, not heard yet"),
        ({"plays": 0, "days_quiet": None, "said": "liked"}, "liked, not heard yet"),
        ({"plays": 0, "days_quiet": None, ARTIST: 3.0}, "you play much of Ada, not heard yet"),
        ({"slot": EXPLORATION, "days_quiet": 90.0, "plays": 1}, "quiet for 90 days after 1 play"),
        ({"recent_plays": 2, "plays": 7, "days_quiet": 0.3}, "2 of 7 plays in the last 30 days, last heard today"),
        ({"recent_plays": 1, "plays": 7, "days_quiet": 1.9, OWN: 4.0}, "7 plays in all, last heard yesterday"),
        (
            {"plays": 2, "days_quiet": 31.0, COMPANY: 2.0},
            "goes with what you play now, 2 plays in all, last heard 31 days ago",
        ),
        ({"said": "a favourite of yours", SAID: 1.6}, "a favourite of yours, 3 plays in all, last heard 2 days ago"),
        (
            {"said": "a favourite of yours", SAID: 1.6, ARTIST: 2.0},
            "you play much of Ada, 3 plays in all, last heard 2 days ago",
        ),
    ],
)
def test_reasons_read_as_sentences(defaults: Settings, row: dict[str, Any], words: str) -> None:
    assert reason(defaults, **row) == words


@given(st.tuples(*[factor] * len(PARTS)))
def test_without_the_part_that_is_named_the_forecast_falls_most(defaults: Settings, factors: tuple[float, ...]) -> None:
    named = reason(defaults, said="liked", **dict(zip(PARTS, factors, strict=True)))
    leads = {"you play much": ARTIST, "goes with": COMPANY, "liked": SAID}
    lift: dict[str, float] = dict(zip(PARTS, factors, strict=True))
    part = next((part for words, part in leads.items() if named.startswith(words)), None)
    told_by_plays = max(lift[OWN], lift[AGE], TELLS)
    assert (lift[part] if part else told_by_plays) >= max(lift.values())


def test_without_the_plays_that_a_reason_names_the_song_falls() -> None:
    """Two songs alike, one by an artist who is played much this week; then the same without those plays."""
    day = 86_400.0
    alike = [(song, NOW.timestamp() - days * day) for song in (0, 1) for days in (45.0, 20.0)]
    of_the_artist = [(2, NOW.timestamp() - hours * 3_600) for hours in range(1, 60, 3)]
    elsewhere = [(3, at) for _, at in of_the_artist]

    def forecasts(plays: list[tuple[int, float]]) -> pl.DataFrame:
        song, at = (np.array(column) for column in zip(*sorted(plays, key=lambda play: play[1]), strict=True))
        past = Plays(song, at, 4)
        then = moment(Memory.empty(4).until(NOW.timestamp(), past), past, np.array([0, 1, 0, 2]), 60)
        return forecast(shipped().model, then, 4)

    with_them, without = forecasts(alike + of_the_artist), forecasts(alike + elsewhere)
    parts_of = with_them.row(0, named=True)
    assert max((part for part in PARTS if part != SAID), key=lambda part: parts_of[part]) == ARTIST
    assert with_them["expected"][0] > with_them["expected"][1]
    assert without["expected"][0] == pytest.approx(without["expected"][1], rel=0.05)


def test_a_song_without_a_score_has_no_parts() -> None:
    assert parts({"score": None}) == []


NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LISBON = ZoneInfo("Europe/Lisbon")


def times(*days_ago: float) -> np.ndarray:
    return np.array(sorted((NOW - timedelta(days=day)).timestamp() for day in days_ago))


def told(song: np.ndarray, artist: np.ndarray | None = None) -> str:
    return story(song, song if artist is None else artist, NOW.timestamp(), LISBON)


def test_a_story_tells_of_the_spell_the_silence_and_the_artist() -> None:
    spring = times(240, 230, 220, 200, 190, 185)
    assert told(spring) == "played 6 times in March–May 2026, quiet since"
    on_the_rise = times(*spring_days(), 1, 2, 3, 4)
    assert told(spring, on_the_rise).endswith("; artist on the rise this week (4 plays, usually 0)")
    assert told(times(1, 2, 500)) == "played twice in November 2026, once before"
    assert told(times(3, 400, 405, 410)) == "played 3 times in October 2025, once since"
    assert told(times()) == "never heard"


def spring_days() -> list[float]:
    return [240, 230, 220, 200, 190, 185]


def test_an_artist_may_be_quiet() -> None:
    weekly = times(*(8 + 2 * n for n in range(42)))
    assert (
        told(times(200), weekly)
        == "played once in May 2026, quiet since; artist quiet this week (0 plays, usually 3.5)"
    )
