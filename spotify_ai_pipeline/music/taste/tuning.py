"""Tuning: the weights of the score that would have served this listener best, found on their own past weeks.

Each try carries a list of its own through the weeks by the rules of the mix. Weights are chosen on the earlier half of the
weeks, one at a time, and proven on the later half, which had no say in the choice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from spotify_ai_pipeline.durations import WEEK
from spotify_ai_pipeline.music import mix
from spotify_ai_pipeline.music.mix.habit import artist_cap
from spotify_ai_pipeline.music.mood.detection import heard_mood, mood_match
from spotify_ai_pipeline.music.plays.play_counts import Floats, Plays
from spotify_ai_pipeline.music.taste import song_statistics
from spotify_ai_pipeline.music.taste.population import shipped
from spotify_ai_pipeline.music.taste.ranking import rank
from spotify_ai_pipeline.music.taste.rolling_forecast import RollingForecast
from spotify_ai_pipeline.music.taste.taste_model import artist_numbers
from spotify_ai_pipeline.settings import Scoring, Settings

WEEKS, ENOUGH_WEEKS, ENOUGH_PLAYS = 52, 16, 20
"""Weeks that are looked at, at most; fewer than the second tell nothing, nor does a week with fewer plays."""

GRID: Mapping[str, tuple[float, ...]] = {
    "taste_weight": (1.0,),
    "freshness_weight": (0.0, 0.1, 0.3),
    "mood_weight": (0.0, 0.1, 0.3),
    "exploration_noise": (0.0, 0.05, 0.1),
}
"""What is tried of each weight in turn, the others as they were found best so far."""

TRIES = 1 + sum(map(len, GRID.values()))
"""At most."""


@dataclass(frozen=True)
class Cut:
    """The knowledge when a week began (rows for ``ranking.rank``), and the plays of the week."""

    now: float
    known: pl.DataFrame
    week: Plays
    artist_cap: int | None


def cuts(
    songs: pl.DataFrame, listens: pl.DataFrame, embeddings: pl.DataFrame, settings: Settings, now: float
) -> Iterator[Cut]:
    """The weeks before ``now`` (UTC seconds), oldest first, each as it was known when it began.

    ``songs``: song_id, track_id, artist_key; ``listens``: song_id, played_at; ``embeddings``: song_id, vector. A vector says
    what a song is, not when it was heard: today's serve the past.
    """
    plays, artist = Plays.of(listens, songs["song_id"]), artist_numbers(songs["artist_key"])
    weeks = min(WEEKS, int((now - plays.at[0]) / WEEK) if len(plays.at) else 0)
    rolling = RollingForecast(
        plays, artist, shipped(), settings.cycling.dormant_days, settings.taste_model.retrain_interval_days
    )
    rolling.prepare(now - weeks * WEEK)
    about = songs.select(
        "song_id", playable=pl.col("track_id").is_not_null(), credits=pl.concat_list(pl.Series(artist))
    )
    for back in range(weeks, 0, -1):
        moment = now - back * WEEK
        expected = rolling.stand_at(moment)
        week = plays.since(moment).before(moment + WEEK)
        if len(week.song) < ENOUGH_PLAYS:
            continue
        stats = song_statistics.statistics(plays, rolling.memory, settings.cycling).with_columns(expected)
        mood = heard_mood(listens, embeddings, moment, settings.listener.zone, settings.mood)
        match = embeddings.select("song_id", mood_match=pl.lit(None, pl.Float64))
        if mood is not None:
            vectors = embeddings["vector"].to_numpy()
            match = embeddings.select(
                "song_id", mood_match=pl.Series(mood_match(vectors, mood.vector.astype(np.float32)))
            )
        whole = pl.concat([about, stats.select("plays", "days_quiet", "staleness", "expected")], how="horizontal")
        whole = whole.join(match, on="song_id", how="left", maintain_order="left").with_row_index("number")
        known = whole.filter(pl.col("playable") & (pl.col("plays") > 0))
        cap = artist_cap(plays, artist, moment, settings.playlist)
        yield Cut(moment, known.with_columns(song_id=pl.col("number").cast(pl.Int64)), week, cap)


@dataclass(frozen=True)
class Tried:
    """Weights, and the share of each week's plays that the lists which they made held, shape (weeks,)."""

    scoring: Scoring
    held: Floats

    def early(self) -> float:
        """Mean over the weeks that choose."""
        return float(self.held[: len(self.held) // 2].mean())

    def late(self) -> Floats:
        """The weeks that prove."""
        return self.held[len(self.held) // 2 :]


def search(weeks: Sequence[Cut], settings: Settings) -> Iterator[Tried]:
    """One try after the other, first the weights in force; the best is ``best`` of all."""
    tried = [_try(weeks, settings, settings.scoring)]
    yield tried[0]
    for name, values in GRID.items():
        start = best(tried).scoring
        for value in values:
            scoring = start.model_copy(update={name: value})
            if all(scoring != one.scoring for one in tried) and _weighs(scoring):
                tried.append(_try(weeks, settings, scoring))
                yield tried[-1]


def best(tried: Sequence[Tried]) -> Tried:
    """The try that held most in the earlier weeks; of equals the first."""
    return max(tried, key=Tried.early)


def lead(found: Tried, current: Tried, rng: np.random.Generator, samples: int = 2_000) -> tuple[float, float, float]:
    """Measures how much more of a week ``found`` held than ``current`` in the later weeks: the mean, and its 95 %
    interval, bootstrapped over weeks in pairs."""
    leads = found.late() - current.late()
    means = leads[rng.integers(0, len(leads), (samples, len(leads)))].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975]).tolist()
    return float(leads.mean()), low, high


def changed(found: Scoring, current: Scoring) -> dict[str, tuple[float, float]]:
    """(current, found) of each weight that differs."""
    values: dict[str, Any] = found.model_dump()
    return {name: (getattr(current, name), values[name]) for name in GRID if values[name] != getattr(current, name)}


def _weighs(scoring: Scoring) -> bool:
    return scoring.taste_weight + scoring.mood_weight + scoring.freshness_weight > 0


def _try(weeks: Sequence[Cut], settings: Settings, scoring: Scoring) -> Tried:
    current: list[int] = []
    held: list[float] = []
    loyalty = mix.loyalty(settings.cycling)
    for cut in weeks:
        ranked = rank(cut.known, settings.cycling, scoring, np.random.default_rng(int(cut.now)))
        chosen = mix.select(ranked, current, settings.playlist, loyalty=loyalty, artist_cap=cut.artist_cap)
        current = chosen["song_id"].to_list()
        held.append(float(np.isin(cut.week.song, current).mean()))
    return Tried(scoring, np.array(held))
