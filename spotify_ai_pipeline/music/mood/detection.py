"""Mood: what the listener is in the middle of, as a direction in the space of embeddings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
from numpy.typing import NDArray

from spotify_ai_pipeline.music.plays.play_counts import SESSION_GAP
from spotify_ai_pipeline.settings import Mood

DAY_PARTS = ("night", "morning", "afternoon", "evening")
"""Six hours each, from midnight."""

SHRINKAGE = 200
"""Listens that a habit needs to count half: what is heard at an hour so rarely that it may be chance says little."""

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class Heard:
    """The mood that listening shows: ``vector`` of unit length, of how many listens (0: habit alone), from when to when."""

    vector: Vector
    listens: int
    since: datetime | None
    until: datetime | None


def heard_mood(listens: pl.DataFrame, embeddings: pl.DataFrame, now: float, zone: ZoneInfo, mood: Mood) -> Heard | None:
    """The mood at ``now`` (UTC seconds) from the listens before it, None where none of them has a vector.

    The last ``window_size`` listens, the i-th latest weighted decay_rate^i (the plan's formula) and once more by
    ``session_decay`` for each silence between it and now that ended a session; then what the listener's habit at this time
    of the day and week adds to the mean of all listening, ``habit_weight`` times.
    """
    past = listens.filter(pl.col("played_at").dt.epoch("ms") < now * 1_000).sort("played_at")
    latest = past.tail(mood.window_size).reverse().join(embeddings, on="song_id", how="left", maintain_order="left")
    known = latest["vector"].is_not_null().to_numpy()
    if past.is_empty():
        return None
    at = latest["played_at"].dt.epoch("ms").to_numpy() / 1_000
    silences = np.cumsum(np.diff(at, prepend=now) < -SESSION_GAP)
    weights = mood.decay_rate ** np.arange(len(at)) * mood.session_decay**silences
    whole = mood.habit_weight * habit(past, embeddings, now, zone)
    if known.any():
        whole = whole + weights[known] @ latest.filter(known)["vector"].to_numpy()
    length = float(np.linalg.norm(whole))
    if length < 1e-9:
        return None
    times = latest.filter(known)["played_at"]
    since, until = (times[-1], times[0]) if len(times) else (None, None)
    return Heard(whole / length, int(known.sum()), since, until)


def habit(past: pl.DataFrame, embeddings: pl.DataFrame, now: float, zone: ZoneInfo) -> Vector:
    """Tells how listening at this part of the day, on working days or at weekends, differs from all listening, shape
    (d,).

    The mean vector of those listens less the mean of all, shrunk by how few they are.
    """
    moment = datetime.fromtimestamp(now, UTC).astimezone(zone)
    local = pl.col("played_at").dt.convert_time_zone(str(zone))
    alike = (local.dt.hour() // 6 == moment.hour // 6) & ((local.dt.weekday() > 5) == (moment.isoweekday() > 5))
    counts = past.group_by("song_id").agg(pl.len().alias("all"), alike.sum().alias("now"))
    known = embeddings.join(counts, on="song_id").sort("song_id")
    if known.is_empty():
        return np.zeros(embeddings["vector"].to_numpy().shape[1] if embeddings.height else 0)
    every, here = (known[name].to_numpy().astype(np.float64) for name in ("all", "now"))
    vectors = known["vector"].to_numpy().astype(np.float64)
    mean = every @ vectors / every.sum()
    return (here @ vectors - here.sum() * mean) / (here.sum() + SHRINKAGE)


def day_part(now: float, zone: ZoneInfo) -> str:
    """Such as "evening"."""
    return DAY_PARTS[datetime.fromtimestamp(now, UTC).astimezone(zone).hour // 6]


def nearest_clusters(vector: Vector, embeddings: pl.DataFrame, clusters: pl.DataFrame, count: int = 2) -> list[str]:
    """Names of the clusters (``clusters``: song_id, name) whose songs' mean direction is nearest to a mood."""
    members = embeddings.join(clusters.drop_nulls("name"), on="song_id")
    near = {
        str(name[0]): float(vector @ mean / (np.linalg.norm(mean) or 1.0))
        for name, rows in members.group_by("name")
        for mean in [rows["vector"].to_numpy().mean(axis=0)]
    }
    return sorted(near, key=lambda name: (-near[name], name))[:count]


def mood_match(vectors: NDArray[np.float32], mood: NDArray[np.float32]) -> NDArray[np.floating]:
    """Nearness of each row of ``vectors`` (unit length, shape (songs, d)) to ``mood`` (shape (d,)): cosine, moved to 0..1."""
    return (vectors @ mood + 1) / 2


def mood_rank(match: NDArray[np.floating]) -> NDArray[np.floating]:
    """The share of songs that match less, 0..1: a mood that was asked for parts songs fully, however near they lie together."""
    return pl.Series(match).rank("average").to_numpy() / max(len(match), 1)
