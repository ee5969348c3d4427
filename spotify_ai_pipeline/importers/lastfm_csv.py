"""Last.fm scrobbles as CSV, in both common layouts: that of lastfm-to-csv (no header: artist, album, name, date to the minute)
and that of lastfm.ghan.nl (a header that begins with ``uts``, times to the second). Times are UTC and starts of plays."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BufferedReader

import polars as pl

from spotify_ai_pipeline.importers.parse import Batch, Broken, csv_rows, missing, sift, wrong_time
from spotify_ai_pipeline.music.plays.records import LASTFM_EXPORT, LASTFM_EXPORT_MINUTES
from spotify_ai_pipeline.music.tables import MOMENT

NAME = "Last.fm CSV"
FIRST_FIELDS = b"uts,utc_time,artist"
WITH_HEADER = {"uts": "uts", "artist": "artist", "album": "album", "track": "title", "track_mbid": "track_mbid"}
WITHOUT_HEADER = ("artist", "album", "title", "date")
ENDS_IN_A_DATE = re.compile(rb'(?m)^[^\n]*,[^\n]*,[^\n]*,"?\d{1,2} [A-Z][a-z]{2} \d{4},? \d{2}:\d{2}"?\r?$')


def recognises(name: str, head: bytes) -> bool:
    return _has_header(head) or ENDS_IN_A_DATE.search(head) is not None


def _has_header(head: bytes) -> bool:
    return head.removeprefix(b"\xef\xbb\xbf").replace(b'"', b"").startswith(FIRST_FIELDS)


def read(stream: BufferedReader) -> Iterator[Batch]:
    yield from (_read_seconds if _has_header(stream.peek()) else _read_minutes)(stream)


def _read_seconds(stream: BufferedReader) -> Iterator[Batch]:
    for rows, unreadable in csv_rows(stream, WITH_HEADER):
        at = (pl.col("uts").cast(pl.Int64, strict=False) * 1_000).cast(MOMENT)
        yield _batch(rows.with_columns(stamped_at=at), unreadable, LASTFM_EXPORT.name, now_playing=pl.lit(False))


def _read_minutes(stream: BufferedReader) -> Iterator[Batch]:
    for rows, unreadable in csv_rows(stream, WITHOUT_HEADER):
        date = pl.col("date").str.replace(",", "", literal=True)
        at = date.str.to_datetime("%d %b %Y %H:%M", time_unit="ms", time_zone="UTC", strict=False)
        stamped = rows.with_columns(stamped_at=at, track_mbid=pl.lit(None, pl.String))
        yield _batch(stamped, unreadable, LASTFM_EXPORT_MINUTES.name, now_playing=pl.col("date") == "")


def _batch(rows: pl.DataFrame, unreadable: list[Broken], source: str, now_playing: pl.Expr) -> Batch:
    plays = rows.filter(~now_playing)
    right, broken = sift(
        plays, {**wrong_time("stamped_at"), "no artist": missing("artist"), "no title": missing("title")}
    )
    known = right.select(
        source=pl.lit(source),
        played_at="stamped_at",
        artist="artist",
        title="title",
        album=pl.when(~missing("album")).then("album"),
        track_mbid=pl.when(~missing("track_mbid")).then("track_mbid"),
        stamped_at="stamped_at",
    )
    return Batch(known, rows.height + len(unreadable), unreadable + broken, no_music=rows.height - plays.height)
