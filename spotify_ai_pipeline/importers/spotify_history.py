"""Spotify's extended streaming history, both generations: ``endsong_*.json`` and ``Streaming_History_Audio_*.json``.

``ts`` is when a play ended; it began ``ms_played`` before, or earlier where it was paused. ``offline_timestamp`` (milliseconds
in the old generation, seconds in the new) is the start where it is sane: at or before the start that ``ts`` gives, by less than
a pause is long, or, for what was played offline, by less than a month. ``username``, ``ip_addr*`` and ``user_agent*`` are
never read.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BufferedReader

import polars as pl

from spotify_ai_pipeline.importers.objects import json_rows, json_sample
from spotify_ai_pipeline.importers.parse import Batch, sift, wrong_time
from spotify_ai_pipeline.music.plays.records import PLAY, SPOTIFY_HISTORY
from spotify_ai_pipeline.music.sieve import clean_spotify_id, clean_text, missing, wrong_length
from spotify_ai_pipeline.music.tables import MOMENT

NAME = "Spotify extended streaming history"
FIELDS = {
    "ts": pl.String(),
    "ms_played": pl.Int64(),
    "platform": pl.String(),
    "master_metadata_track_name": pl.String(),
    "master_metadata_album_artist_name": pl.String(),
    "master_metadata_album_album_name": pl.String(),
    "spotify_track_uri": pl.String(),
    "reason_end": pl.String(),
    "offline": pl.Boolean(),
    "offline_timestamp": pl.Int64(),
    "incognito_mode": pl.Boolean(),
}
TEXTS = [name for name, kind in FIELDS.items() if kind == pl.String() and name not in ("ts", "spotify_track_uri")]
KEYS = {"ts", "ms_played", "master_metadata_track_name"}
MILLISECONDS_FROM = 10**11
"""A number above this counts milliseconds since 1970, one below counts seconds."""
LONGEST_PAUSE_MS, LONGEST_OFFLINE_MS = 12 * 3_600_000, 30 * 86_400_000
ROUNDING_MS = 5_000


def recognises(name: str, head: bytes) -> bool:
    return any(row.keys() >= KEYS for row in json_sample(head)) or all(f'"{key}"'.encode() in head for key in KEYS)


def read(stream: BufferedReader) -> Iterator[Batch]:
    for rows, unreadable in json_rows(stream, FIELDS):
        ended = pl.col("ts").str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_unit="ms", time_zone="UTC", strict=False)
        texts = [clean_text(name) for name in TEXTS]
        right, broken = sift(
            rows.with_columns(*texts, stamped_at=ended), {**wrong_time("stamped_at"), **wrong_length("ms_played")}
        )
        music = right.filter(~missing("master_metadata_track_name") & ~missing("master_metadata_album_artist_name"))
        yield Batch(
            _plays(music), rows.height + len(unreadable), unreadable + broken, no_music=right.height - music.height
        )


def _plays(rows: pl.DataFrame) -> pl.DataFrame:
    stamp = pl.col("offline_timestamp")
    offline_at = pl.when(stamp > MILLISECONDS_FROM).then(stamp).otherwise(stamp * 1_000)
    by_end = pl.col("stamped_at").dt.epoch("ms") - pl.col("ms_played")
    limit = pl.when(pl.col("offline")).then(LONGEST_OFFLINE_MS).otherwise(LONGEST_PAUSE_MS)
    whole_seconds = stamp < MILLISECONDS_FROM  # the old generation stamps offline mode, not the play
    sane = (by_end - offline_at).is_between(-ROUNDING_MS, limit) & (whole_seconds | pl.col("offline").fill_null(False))
    later = pl.min_horizontal(offline_at, by_end)
    return rows.select(
        source=pl.lit(SPOTIFY_HISTORY.name),
        played_at=pl.when(sane).then(later).otherwise(by_end).cast(MOMENT),
        artist="master_metadata_album_artist_name",
        title="master_metadata_track_name",
        album="master_metadata_album_album_name",
        track_id=clean_spotify_id("spotify_track_uri"),
        track_mbid=pl.lit(None, PLAY["track_mbid"]),
        ms_played="ms_played",
        duration_ms=pl.lit(None, PLAY["duration_ms"]),
        ended_by="reason_end",
        device="platform",
        playlist_id=pl.lit(None, PLAY["playlist_id"]),
        private="incognito_mode",
        stamped_at="stamped_at",
    )
