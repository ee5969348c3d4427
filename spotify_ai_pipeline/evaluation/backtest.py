"""Evaluation: the mixes that this program would have made, refresh by refresh, from nothing but the past.

Rolling-origin protocol: a refresh at every step from the middle of the history on, the list carried from one to the next. The
judge of the mixes stands apart and knows nothing of this code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from spotify_ai_pipeline.durations import DAY, HOUR, WEEK
from spotify_ai_pipeline.music import mix
from spotify_ai_pipeline.music.mix.habit import artist_cap
from spotify_ai_pipeline.music.mood.detection import heard_mood, mood_match
from spotify_ai_pipeline.music.plays.play_counts import Plays
from spotify_ai_pipeline.music.plays.records import SHORTEST_MS
from spotify_ai_pipeline.music.taste import ranking, song_statistics
from spotify_ai_pipeline.music.taste.population import Population
from spotify_ai_pipeline.music.taste.rolling_forecast import RollingForecast
from spotify_ai_pipeline.music.taste.taste_model import artist_numbers
from spotify_ai_pipeline.settings import Settings

EVERY = {"12h": 12 * HOUR, "1d": DAY, "7d": WEEK}
"""How often a backtest refreshes; the shipped timetable does so every 12 hours."""


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


@dataclass(frozen=True)
class Listener:
    """A history as the forecast reads it: ``songs`` (song_id, artist, track), numbered by row, and ``artist`` numbers."""

    songs: pl.DataFrame
    plays: Plays
    artist: NDArray[np.int64]

    @classmethod
    def from_history(cls, history: pl.DataFrame) -> Listener:
        """Takes what ``clean_history`` gives."""
        songs = history.group_by("song_id", maintain_order=True).agg(pl.first("artist", "track"))
        artist = artist_numbers(songs["artist"].str.to_lowercase())
        return cls(songs, Plays.of(history, songs["song_id"]), artist)


def refresh_times(at: np.ndarray, every: float = WEEK, start: float | None = None) -> np.ndarray:
    """The refreshes (UTC seconds), ``every`` so many seconds from ``start``, else from the median play, that have a whole
    week after them."""
    begin = start if start is not None else float(at[len(at) // 2])
    return np.arange(begin, at[-1] - WEEK, every)


Moods = Callable[[float], pl.Series]
"""How well each song matches the mood heard at a moment, 0..1; null where it is unknown."""


def heard_moods(history: pl.DataFrame, songs: pl.DataFrame, vectors: pl.DataFrame, settings: Settings) -> Moods:
    """The moods that ``history`` (what ``clean_history`` gives) shows, for ``songs`` some of which have ``vectors`` (song_id,
    vector)."""
    known = songs.select("song_id").join(vectors, on="song_id", how="left", maintain_order="left")["vector"]
    rows = known.is_not_null().to_numpy()
    matrix = np.vstack(known.drop_nulls().to_list()).astype(np.float32)
    plays = history.select("song_id", "played_at")

    def match(now: float) -> pl.Series:
        found = np.full(songs.height, np.nan)
        if heard := heard_mood(plays, vectors, now, settings.listener.zone, settings.mood):
            found[rows] = mood_match(matrix, heard.vector.astype(np.float32))
        return pl.Series(found).fill_nan(None)

    return match


def mixes(
    listener: Listener, times: np.ndarray, settings: Settings, population: Population, moods: Moods | None = None
) -> Iterator[pl.DataFrame]:
    """Gives for each of ``times`` the mix (refresh_at, rank, artist, track, slot) that a refresh at that moment makes.

    The exploration noise is seeded by the time of the refresh.
    """
    plays, artist = listener.plays, listener.artist
    songs = listener.songs.with_columns(credits=pl.concat_list(pl.Series(artist)))
    cycling, playlist = settings.cycling, settings.playlist
    rolling = RollingForecast(
        plays, artist, population, cycling.dormant_days, settings.taste_model.retrain_interval_days
    )
    rolling.prepare(float(times[0]))
    current, left, changes = list[object](), dict[object, mix.Left](), list[tuple[float, int]]()
    for now in times.tolist():
        expected = rolling.stand_at(now)
        stats = song_statistics.statistics(plays, rolling.memory, cycling)
        found = stats.with_columns(expected, mood_match=moods(now) if moods else pl.lit(None, pl.Float64))
        known = pl.concat([songs, found], how="horizontal").filter(pl.col("plays") > 0)
        ranked = ranking.rank(known, cycling, settings.scoring, np.random.default_rng(int(now)))
        chosen = mix.select(
            ranked,
            current,
            playlist,
            loyalty=mix.loyalty(cycling),
            artist_cap=artist_cap(plays, artist, now, playlist),
            most=mix.changes_left(playlist, changes, now),
            resting=mix.resting(left, ranked, now),
        )
        listed = chosen["song_id"].to_list()
        if current:
            changes.append((now, int(chosen["is_new"].sum())))
            gone = ranked.filter(pl.col("song_id").is_in(list(set(current) - set(listed))))
            left |= mix.departures(gone, now, cycling)
        current = listed
        yield chosen.select(
            pl.lit(int(now)).alias("refresh_at"), pl.int_range(1, pl.len() + 1).alias("rank"), "artist", "track", "slot"
        )
