"""Evaluation: the mixes that this program would have made, week by week, from nothing but the past.

Rolling-origin protocol: a refresh each 7 days from the middle of the history on, the list carried from one to the next. The
judge of the mixes stands apart and knows nothing of this code.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from spotify_ai_pipeline.durations import WEEK
from spotify_ai_pipeline.music import mix
from spotify_ai_pipeline.music.mix.habit import artist_cap
from spotify_ai_pipeline.music.plays.play_counts import Plays
from spotify_ai_pipeline.music.plays.records import SHORTEST_MS
from spotify_ai_pipeline.music.taste import ranking, song_statistics
from spotify_ai_pipeline.music.taste.model_selection import Championship
from spotify_ai_pipeline.music.taste.taste_model import artist_numbers
from spotify_ai_pipeline.settings import Settings


def clean_history(history: pl.DataFrame) -> pl.DataFrame:
    """Real plays of ``history`` (ts, artist, track[, ms_played]), each once, in order of time, with ``song_id`` and
    ``played_at``. Songs are known by case-folded artist and track."""
    if "ms_played" in history.columns:
        history = history.filter(pl.col("ms_played").is_null() | (pl.col("ms_played") >= SHORTEST_MS))
    return (
        history.with_columns(
            song_id=pl.col("artist").str.to_lowercase() + "\t" + pl.col("track").str.to_lowercase(),
            played_at=pl.from_epoch(pl.col("ts").cast(pl.Int64), "s").dt.replace_time_zone("UTC"),
        )
        .unique(["ts", "song_id"], keep="first", maintain_order=True)
        .sort("ts", "song_id")
    )


def refresh_times(at: np.ndarray, start: float | None = None) -> np.ndarray:
    """The weekly refreshes (UTC seconds) from ``start``, else from the median play, that have a whole week after them."""
    begin = start if start is not None else float(at[len(at) // 2])
    return np.arange(begin, at[-1] - WEEK, WEEK)


def weekly_mixes(history: pl.DataFrame, times: np.ndarray, settings: Settings) -> Iterator[pl.DataFrame]:
    """For each of ``times`` the mix (refresh_at, rank, artist, track, slot) that a refresh at that moment makes.

    ``history`` comes from ``clean_history``. The exploration noise is seeded by the time of the refresh.
    """
    songs = history.group_by("song_id", maintain_order=True).agg(pl.first("artist", "track"))
    plays = Plays.of(history, songs["song_id"])
    artist = artist_numbers(songs["artist"].str.to_lowercase())
    songs = songs.with_columns(credits=pl.concat_list(pl.Series(artist)))
    rankers = Championship(plays, artist, settings)
    rankers.prepare(float(times[0]))
    loyalty = mix.loyalty(settings.cycling)
    current: list[str] = []
    for now in times:
        rankers.stand_at(float(now))
        stats = song_statistics.statistics(plays, rankers.memory, settings.cycling, settings.scoring)
        known = pl.concat([songs, stats.with_columns(rankers.expected())], how="horizontal").filter(pl.col("plays") > 0)
        known = known.with_columns(mood_match=pl.lit(None, pl.Float64))
        ranked = ranking.rank(known, settings.cycling, settings.scoring, np.random.default_rng(int(now)))
        cap = artist_cap(plays, artist, float(now), settings.playlist.target_size)
        chosen = mix.select(ranked, current, settings.playlist, loyalty=loyalty, artist_cap=cap)
        current = chosen["song_id"].to_list()
        yield chosen.select(
            pl.lit(int(now)).alias("refresh_at"), pl.int_range(1, pl.len() + 1).alias("rank"), "artist", "track", "slot"
        )
