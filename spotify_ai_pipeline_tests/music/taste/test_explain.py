"""Why: parts that sum to the score, and plays told as a story."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spotify_ai_pipeline.music.taste.explain import parts, story
from spotify_ai_pipeline.music.taste.ranking import rank
from spotify_ai_pipeline.music.taste.taste_model import PARTS
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
