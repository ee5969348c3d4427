"""Ranking: slots, parts that add up, and what is unknown."""

import math
from typing import Any

import numpy as np
import polars as pl
import pytest

from spotify_ai_pipeline.music.taste.ranking import CORE, EXPLORATION, rank
from spotify_ai_pipeline.settings import Settings

SCHEMA = {
    "song_id": pl.String,
    "plays": pl.Int64,
    "recent_plays": pl.Int64,
    "days_quiet": pl.Float64,
    "staleness": pl.Float64,
    "expected": pl.Float64,
    "mood_match": pl.Float64,
    "said": pl.String,
}


def songs(*rows: dict[str, Any]) -> pl.DataFrame:
    plain = {"plays": 3, "recent_plays": 1, "days_quiet": 2.5, "staleness": 0.0, "expected": 1.0}
    return pl.DataFrame([{"song_id": f"s{i}", **plain, **row} for i, row in enumerate(rows)], schema=SCHEMA)


def ranked(table: pl.DataFrame, settings: Settings, seed: int = 1, **weights: float) -> list[dict[str, Any]]:
    scoring = settings.scoring.model_copy(update=weights)
    return rank(table, settings.cycling, scoring, np.random.default_rng(seed)).to_dicts()


def test_songs_unheard_for_the_dormant_days_or_for_ever_are_brought_back(defaults: Settings) -> None:
    days = defaults.cycling.dormant_days
    table = songs({"days_quiet": days - 0.1}, {"days_quiet": float(days)}, {"days_quiet": None, "expected": None})
    rows = ranked(table, defaults)
    assert [row["slot"] for row in rows] == [CORE, EXPLORATION, EXPLORATION]
    assert rows[1]["score"] == rows[0]["score"], "both slots are on one scale: expected plays"
    assert rows[2]["score"] is None, "never heard: unknown, not zero"


def test_a_core_score_is_the_weighted_mean_of_its_parts(defaults: Settings) -> None:
    table = songs(
        {"expected": 3.0, "staleness": 0.4, "mood_match": 0.9}, {"expected": 1.0, "staleness": 0.0, "mood_match": 0.2}
    )
    weights = {"taste_weight": 4.0, "mood_weight": 4.0, "freshness_weight": 2.0}
    first, second = ranked(table, defaults, 1, **weights)
    assert (first["taste"], first["mood"], first["freshness"]) == pytest.approx((1.0, 0.9, 0.6))
    assert second["taste"] == pytest.approx(math.log1p(1) / math.log1p(3))
    for row in (first, second):
        assert row["score"] == pytest.approx(0.4 * row["taste"] + 0.4 * row["mood"] + 0.2 * row["freshness"])
    halves = ranked(table, defaults, taste_weight=2.0, mood_weight=2.0, freshness_weight=1.0)
    assert [row["score"] for row in halves] == pytest.approx([first["score"], second["score"]]), "only ratios matter"


def test_an_unknown_mood_counts_as_the_mean_of_the_known(defaults: Settings) -> None:
    rows = ranked(songs({"mood_match": 0.2}, {"mood_match": 0.6}, {}), defaults, mood_weight=1.0)
    assert rows[2]["mood"] == pytest.approx(0.4)
    assert [row["mood"] for row in ranked(songs({}, {}), defaults)] == [0.0, 0.0]


def test_no_weights_and_no_plays_still_give_numbers(defaults: Settings) -> None:
    rows = ranked(songs({"expected": 0.0}), defaults, taste_weight=0.0)
    assert (rows[0]["taste"], rows[0]["score"]) == (0.0, 0.0)


def test_noise_comes_from_the_seed_alone_and_stays_below_its_bound(defaults: Settings) -> None:
    table = songs(*[{}] * 50)
    one, same, other = (ranked(table, defaults, seed, exploration_noise=0.2) for seed in (1, 1, 2))
    plain = ranked(table, defaults)
    assert one == same
    assert one != other
    added = [row["score"] - base["score"] for row, base in zip(one, plain, strict=True)]
    assert 0 <= min(added) < max(added) < 0.2
