"""Spotify's account data: ``StreamingHistory_music_*.json`` and ``StreamingHistory*.json``, about a year, to the minute.

``endTime`` is the minute (UTC) in which a play ended.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BufferedReader

import polars as pl

from spotify_ai_pipeline.importers.parse import Batch, json_rows, missing, sift, wrong_length, wrong_time
from spotify_ai_pipeline.music.plays.records import SPOTIFY_ACCOUNT
from spotify_ai_pipeline.music.tables import MOMENT

NAME = "Spotify account data"
FIELDS = {
    "endTime": pl.String(),
    "artistName": pl.String(),
    "trackName": pl.String(),
    "msPlayed": pl.Int64(),
    "episodeName": pl.String(),
}


def recognises(name: str, head: bytes) -> bool:
    return b'"endTime"' in head and b'"msPlayed"' in head


def read(stream: BufferedReader) -> Iterator[Batch]:
    for rows, unreadable in json_rows(stream, FIELDS):
        ended = pl.col("endTime").str.to_datetime("%Y-%m-%d %H:%M", time_unit="ms", time_zone="UTC", strict=False)
        nameless = (missing("artistName") | missing("trackName")) & missing("episodeName")
        right, broken = sift(
            rows.with_columns(stamped_at=ended),
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
