"""A measure of how often the watch over moods raises a false alarm: on the sessions of a history in random order each
alarm is false."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from spotify_ai_pipeline.durations import WEEK
from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.evaluation import similarity
from spotify_ai_pipeline.evaluation.catalogues import as_inputs, match_history, read_catalogue, split_tags
from spotify_ai_pipeline.music.mood import change_point
from spotify_ai_pipeline.music.plays.play_counts import SESSION_GAP
from spotify_ai_pipeline.settings import Settings


def judge_mood_shift(
    catalogue: Path, history: Path, settings: Settings, shuffles: int, rng: np.random.Generator
) -> dict[str, float]:
    """Sessions and weeks of the plays of ``history`` that are in ``catalogue``, the rate of false alarms that is asked for,
    and the alarms that were raised, on ``shuffles`` random orders and on the history as it was."""
    heard, plays = match_history(read_catalogue(catalogue), history)
    vectors = similarity.spaces(as_inputs(heard, split_tags(heard)), settings.features)["song_embeddings"]
    at, vectors = plays["ts"].to_numpy().astype(float), vectors[plays["row"].to_numpy()].astype(float)
    level = settings.proactive.mood_shift.false_alarms
    found = change_point.sessions(at, vectors, SESSION_GAP)
    tests = len(found.means) - change_point.RECENT - change_point.BEFORE + 1
    if tests < 1:
        raise UserError(f"{history}: too short; {change_point.RECENT + change_point.BEFORE} sessions are needed")
    weeks = float(found.ended[-1] - found.ended[0]) / WEEK
    real = len(change_point.alarms(found.means, level))
    false = [len(change_point.alarms(rng.permutation(found.means), level)) for _ in range(shuffles)]
    return {
        "sessions": len(found.means),
        "weeks": round(weeks, 1),
        "asked for": level,
        "false alarms a session": float(np.mean(false)) / tests,
        "false alarms a week": float(np.mean(false)) / weeks,
        "alarms a week": real / weeks,
    }
