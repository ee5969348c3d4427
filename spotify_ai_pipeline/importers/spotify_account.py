"""Spotify's account data: ``StreamingHistory_music_*.json`` and ``StreamingHistory*.json``, about a year, to the minute.

``endTime`` is the minute (UTC) in which a play ended.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BufferedReader

import polars as pl

from spotify_ai_pipeline.importers.objects import json_rows, json_sample
from spotify_ai_pipeline.importers.parse import Batch, sift, wrong_time
from spotify_ai_pipeline.music.plays.records import SPOTIFY_ACCOUNT
from spotify_ai_pipeline.music.sieve import clean_text, missing, wrong_length
from spotify_ai_pipeline.music.tables import MOMENT

NAME = "Spotify account data"
FIELDS = {
    "endTime": pl.String(),
    "artistName": pl.String(),
    "trackName": pl.String(),
    "msPlayed": pl.Int64(),
    "episodeName": pl.String(),
    "audiobookName": pl.String(),
    "chapterName": pl.String(),
}
KEYS = {"endTime", "msPlayed"}
SPOKEN = ("episodeName", "audiobookName", "chapterName")
"""What podcasts and audiobooks have, and music has not."""


def recognises(name: str, head: bytes) -> bool:
    return any(row.keys() >= KEYS for row in json_sample(head)) or all(f'"{key}"'.encode() in head for key in KEYS)


def read(stream: BufferedReader) -> Iterator[Batch]:
    for rows, unreadable in json_rows(stream, FIELDS):
        ended = pl.col("endTime").str.to_datetime("%Y-%m-%d %H:%M", time_unit="ms", time_zone="UTC", strict=False)
        spoken = pl.any_horizontal(~missing(name) for name in SPOKEN)
        nameless = (missing("artistName") | missing("trackName")) & ~spoken
        right, broken = sift(
            rows.with_columns(clean_text("artistName"), clean_text("trackName"), stamped_at=ended),
            {**wrong_time("stamped_at"), **wrong_length("msPlayed"), "no artist or title": nameless},
        )
        music = right.filter(~missing("artistName") & ~missing("trackName"))
        plays = music.select(
            source=pl.lit(SPOTIFY_ACCOUNT.name),
            played_at=(pl.col("stamped_at").dt.epoch("ms") - pl.col("msPlayed")).cast(MOMENT),
            artist="artistName",
            title="trackName",
            ms_played="msPlayed",
            stamped_at="stamped_at",
        )
        yield Batch(plays, rows.height + len(unreadable), unreadable + broken, no_music=right.height - music.height)
