"""ListenBrainz's export: ``listens/YYYY/M.jsonl`` of its archive, or one JSON array of listens. Times are starts of plays."""

from __future__ import annotations

from collections.abc import Iterator
from io import BufferedReader

import polars as pl

from spotify_ai_pipeline.importers.objects import json_rows, json_sample
from spotify_ai_pipeline.importers.parse import Batch, from_epoch, sift, wrong_time
from spotify_ai_pipeline.music.plays.records import LISTENBRAINZ_EXPORT
from spotify_ai_pipeline.music.sieve import LONGEST_MS, clean_mbid, clean_number, clean_spotify_id, clean_text, missing

NAME = "ListenBrainz export"
FIELDS = {
    "listened_at": pl.Int64(),
    "track_metadata": pl.Struct(
        {
            "artist_name": pl.String(),
            "track_name": pl.String(),
            "release_name": pl.String(),
            "additional_info": pl.Struct(
                {"duration_ms": pl.Int64(), "spotify_id": pl.String(), "media_player": pl.String()}
            ),
            "mbid_mapping": pl.Struct({"recording_mbid": pl.String()}),
        }
    ),
}
KEYS = {"listened_at", "track_metadata"}


def recognises(name: str, head: bytes) -> bool:
    return any(row.keys() >= KEYS for row in json_sample(head)) or all(f'"{key}"'.encode() in head for key in KEYS)


def read(stream: BufferedReader) -> Iterator[Batch]:
    for rows, unreadable in json_rows(stream, FIELDS):
        told = rows.unnest("track_metadata").with_columns(
            clean_text("artist_name"),
            clean_text("track_name"),
            clean_text("release_name"),
            stamped_at=from_epoch(pl.col("listened_at")),
            track_mbid=pl.col("mbid_mapping").struct.field("recording_mbid"),
            track_id=pl.col("additional_info").struct.field("spotify_id"),
            duration_ms=pl.col("additional_info").struct.field("duration_ms"),
            device=pl.col("additional_info").struct.field("media_player"),
        )
        right, broken = sift(
            told, {**wrong_time("stamped_at"), "no artist": missing("artist_name"), "no title": missing("track_name")}
        )
        plays = right.select(
            clean_spotify_id("track_id"),
            clean_mbid("track_mbid"),
            clean_number("duration_ms", 1, LONGEST_MS),
            clean_text("device"),
            source=pl.lit(LISTENBRAINZ_EXPORT.name),
            played_at="stamped_at",
            artist="artist_name",
            title="track_name",
            album="release_name",
            stamped_at="stamped_at",
        )
        yield Batch(plays, rows.height + len(unreadable), unreadable + broken)
