"""Completion: how much of each play was heard, and whether it was skipped, with how sure that is.

Where a source measured it, it is known. Otherwise the next play's start bounds it: a play whose song lasts longer than the gap
was broken off. A gap longer than the song says nothing, and leaves nulls.
"""

from __future__ import annotations

from datetime import datetime

import polars as pl

from spotify_ai_pipeline.music.plays.records import SHORTEST_MS, SOURCES

BROKEN_OFF = 0.5
"""A play of which less was heard counts as skipped, where it was ended by hand."""
BY_HAND = ("fwdbtn", "backbtn", "clickrow", "endplay", "remote")
NOT_BY_HAND = ("trackdone", "logout", "unexpected-exit", "unexpected-exit-while-paused", "trackerror")
PLAYED_ON_MS = 15_000
"""A next play that begins within this time of a song's end means that the song was heard to its end."""
SURE, ALMOST_SURE = 1.0, 0.9
NOISE_MS, NOISE_OF_MINUTES_MS = 15_000.0, 60_000.0
"""How far off a gap between two stamps usually is."""


def durations(songs: pl.DataFrame, plays: pl.LazyFrame) -> pl.DataFrame:
    """song_id, duration_ms: from the library (``songs``), else the longest that a play of it tells of."""
    whole = pl.col("ms_played").filter(pl.col("ended_by") == "trackdone")
    told = (
        plays.filter(pl.any_horizontal(pl.col("duration_ms", "ms_played").is_not_null()))
        .group_by("song_id")
        .agg(told=pl.max_horizontal(pl.col("duration_ms").max(), whole.max()))
    )
    known = songs.select("song_id", "duration_ms").join(
        told.collect(engine="streaming"), on="song_id", how="full", coalesce=True
    )
    return known.select("song_id", duration_ms=pl.coalesce("duration_ms", "told")).filter(pl.col("duration_ms") > 0)


def judge(plays: pl.DataFrame, lengths: pl.DataFrame, after: datetime | None = None) -> pl.DataFrame:
    """``plays`` (merged, any order) oldest first with ``completion`` (0 to 1), ``skipped`` and ``skip_confidence`` (0 to 1);
    null where nothing tells. ``after`` is the start of the next play, where there is one.

    The confidence of what was inferred is m / (m + n): m is how far the time heard lies from the bound, n how far off a gap
    between two stamps usually is.
    """
    rows = (
        plays.drop("duration_ms")
        .join(lengths, on="song_id", how="left")
        .sort("played_at", "song_id", "source", "ms_played")
        .with_columns(
            gap=(pl.col("played_at").shift(-1, fill_value=after) - pl.col("played_at")).dt.total_milliseconds()
        )
    )
    measured = pl.col("ms_played").is_not_null()
    duration, gap = pl.col("duration_ms"), pl.col("gap")
    minutes = pl.col("source").is_in([source.name for source in SOURCES if source.whole_minutes])
    noise = pl.when(minutes).then(NOISE_OF_MINUTES_MS).otherwise(NOISE_MS)
    heard = pl.min_horizontal(pl.coalesce("ms_played", "gap"), "duration_ms")
    tells = measured | (gap <= duration + PLAYED_ON_MS)
    margin = (heard - BROKEN_OFF * duration).abs()
    brief = (pl.col("ms_played") < SHORTEST_MS).fill_null(False)
    ended = pl.col("ended_by")
    short = brief | (heard < BROKEN_OFF * duration)
    skipped = (
        pl.when(measured & ended.is_in(NOT_BY_HAND) & short & (ended != "trackdone"))
        .then(None)  # the player stopped, not the listener
        .when(measured | tells)
        .then(short & (ended != "trackdone").fill_null(True))
    )
    confidence = (
        pl.when(measured & ended.is_in([*BY_HAND, "trackdone"]))
        .then(SURE)
        .when(measured)
        .then(ALMOST_SURE)
        .otherwise(margin / (margin + noise))
    )
    return rows.with_columns(
        completion=pl.when(tells).then(heard / duration).clip(0, 1),
        skipped=skipped,
        skip_confidence=pl.when(skipped.is_not_null()).then(confidence),
    ).drop("gap")
