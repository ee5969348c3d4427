"""ListenBrainz's export: ``listens/YYYY/M.jsonl`` of its archive, or one JSON array of listens. Times are starts of plays."""

from __future__ import annotations

from collections.abc import Iterator
from io import BufferedReader

import polars as pl

from spotify_ai_pipeline.importers.parse import Batch, json_rows, missing, sift, wrong_time
from spotify_ai_pipeline.music.plays.records import LISTENBRAINZ_EXPORT
from spotify_ai_pipeline.music.tables import MOMENT

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


def recognises(name: str, head: bytes) -> bool:
    return b'"listened_at"' in head and b'"track_metadata"' in head


def read(stream: BufferedReader) -> Iterator[Batch]:
    for rows, unreadable in json_rows(stream, FIELDS):
        told = rows.unnest("track_metadata").with_columns(
            stamped_at=(pl.col("listened_at") * 1_000).cast(MOMENT),
            about=pl.col("additional_info"),
            mbid=pl.col("mbid_mapping").struct.field("recording_mbid"),
        )
        right, broken = sift(
            told, {**wrong_time("stamped_at"), "no artist": missing("artist_name"), "no title": missing("track_name")}
        )
        about = pl.col("about").struct
        plays = right.select(
            source=pl.lit(LISTENBRAINZ_EXPORT.name),
            played_at="stamped_at",
            artist="artist_name",
            title="track_name",
            album="release_name",
            track_id=about.field("spotify_id").str.extract(r"([A-Za-z0-9]{22})$"),
            track_mbid="mbid",
            duration_ms=about.field("duration_ms"),
            device=about.field("media_player"),
            stamped_at="stamped_at",
        )
        yield Batch(plays, rows.height + len(unreadable), unreadable + broken)
