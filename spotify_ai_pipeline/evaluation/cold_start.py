"""Newcomers: how well the candidate model tells which of the songs that were new once stayed.

Rolling forward: the songs first heard in each four weeks are judged by a model that learned from the songs whose fate was known
before. Beside it artist affinity alone, common sense alone (cold start), and common sense with fifty verdicts. Artist affinity
is whichever term of the artist tells best on these very songs: more than anyone could have known.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl

from spotify_ai_pipeline.durations import DAY
from spotify_ai_pipeline.music.discovery.calibration import auc, brier, calibrate
from spotify_ai_pipeline.music.discovery.candidate_model import (
    TERMS,
    VERDICT_WEIGHT,
    Content,
    chances,
    features,
    first_heards,
    fit,
)
from spotify_ai_pipeline.music.plays.play_counts import Plays

STEP = 28 * DAY
VERDICTS = 50
DRAWS = 20
"""Times that fifty verdicts are drawn, and the forecasts of the models they make averaged."""

ARTIST_TERMS = TERMS[:8]
AFFINITY, COLD, AFTER_VERDICTS, OWN_PAST = (
    "artist affinity alone",
    "cold start",
    f"after {VERDICTS} verdicts",
    "learned from own past",
)
RANKERS = (AFFINITY, COLD, AFTER_VERDICTS, OWN_PAST)


def judge_all(plays: Plays, content: Content, start: float, rng: np.random.Generator) -> Iterator[pl.DataFrame]:
    """Gives for each four weeks from ``start`` (UTC seconds) the songs first heard in them whose fate is known: ``at``,
    ``stay``, each of ``ARTIST_TERMS``, log odds by the cold model and those of verdicts, and the chance that the own past gives.

    ``content`` is of the songs of ``plays``, by number. Verdicts are drawn with ``rng`` from before ``start``, and tell
    the truth.
    """
    new = first_heards(plays)
    candidates = content.rows(new.song)
    terms = features(candidates, new.at, plays, content)
    before = np.flatnonzero(new.over <= start)
    scale = terms[new.at < start]
    none = np.zeros(0, np.int64)
    cold = fit(terms[none], new.stay[none], scale=scale)
    drawn = [np.sort(rng.choice(before, min(VERDICTS, len(before)), replace=False)) for _ in range(DRAWS)]
    told = [fit(terms[rows], new.stay[rows], np.full(len(rows), VERDICT_WEIGHT), scale=scale) for rows in drawn]
    end = float(plays.at[-1])
    for moment in np.arange(start, end, STEP):
        rows = (new.at >= moment) & (new.at < moment + STEP) & (new.over <= end)
        if not rows.any():
            continue
        known = new.over <= moment
        own = fit(terms[known], new.stay[known], scale=terms[new.at < moment])
        yield pl.DataFrame(
            {
                "at": new.at[rows],
                "stay": new.stay[rows],
                **{name: terms[rows, place] for place, name in enumerate(ARTIST_TERMS)},
                COLD: cold.log_odds(terms[rows]),
                AFTER_VERDICTS: np.mean([model.log_odds(terms[rows]) for model in told], axis=0),
                OWN_PAST: chances(own, terms[rows]),
            }
        )


def summary(judged: pl.DataFrame, rng: np.random.Generator, samples: int = 200) -> list[dict[str, object]]:
    """One row a ranker: ``auc`` and its 95 % interval ``low``, ``high``; ``lead`` over artist affinity with its interval.

    Bootstrapped by weeks, as songs of one evening share their fate.
    """
    weeks = judged.with_columns(week=(pl.col("at") // (7 * DAY))).partition_by("week")
    chosen: list[list[int]] = rng.integers(0, len(weeks), (samples, len(weeks))).tolist()
    draws = [pl.concat([weeks[one] for one in numbers]) for numbers in chosen]
    best = max(ARTIST_TERMS, key=lambda term: _auc(judged, term))
    draws = [draw.with_columns(pl.col(best).alias(AFFINITY)) for draw in draws]
    judged = judged.with_columns(pl.col(best).alias(AFFINITY))
    whole = {name: _auc(judged, name) for name in RANKERS}
    sampled = {name: np.array([_auc(draw, name) for draw in draws]) for name in RANKERS}
    rows: list[dict[str, object]] = []
    for name in RANKERS:
        low, high = np.nanquantile(sampled[name], [0.025, 0.975]).tolist()
        lead_low, lead_high = np.nanquantile(sampled[name] - sampled[AFFINITY], [0.025, 0.975]).tolist()
        interval: dict[str, object] = {"auc": whole[name], "low": low, "high": high}
        lead: dict[str, object] = {
            "lead": whole[name] - whole[AFFINITY],
            "lead_low": lead_low,
            "lead_high": lead_high,
        }
        rows.append({"ranker": name} | interval | lead)
    return rows


def report(judged: pl.DataFrame, seed: int) -> dict[str, Any]:
    """Gives what ``judge_all`` came to: the rankers, and how true the chances were that the own past gave."""
    chance, stay = judged[OWN_PAST].to_numpy(), judged["stay"].to_numpy()
    return {
        "rankers": summary(judged, np.random.default_rng(seed)),
        "calibration": calibrate(chance, stay).to_dicts(),
        "brier": brier(chance, stay),
        "brier of the share that stayed": brier(np.full(len(stay), stay.mean()), stay),
    }


def _auc(judged: pl.DataFrame, name: str) -> float:
    found = auc(judged[name].to_numpy(), judged["stay"].to_numpy())
    return np.nan if found is None else found
