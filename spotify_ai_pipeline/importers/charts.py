"""Charts and lists in CSV: a header with an artist and a song (title, track or song) or an album, one a row, best first."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import BufferedReader

import polars as pl

from spotify_ai_pipeline.importers.parse import Batch, csv_rows, missing, sift
from spotify_ai_pipeline.storage import datasets

NAME = "charts (CSV with the columns artist and title or album)"
FIELDS = {
    "artist": ("artist", "artist name", "artist(s)", "performer", "artist_name"),
    "title": ("title", "track", "song", "track name", "song title", "track_name"),
    "album": ("album", "release", "album name", "release name"),
}
"""What the columns are called, in small letters; the first that is there counts."""
NOT_CHARTS = frozenset({"uts", "utc_time", "date", "played_at", "timestamp", "ts"})
"""Columns of histories: what was played when is no chart."""


def recognises(name: str, head: bytes) -> bool:
    columns = _columns(_header(head))
    return name.lower().endswith(".csv") and "artist" in columns.values() and len(columns) > 1


def read(stream: BufferedReader) -> Iterator[Batch]:
    columns = _columns(_header(stream.peek()))
    position = 0
    for rows, unreadable in csv_rows(stream, columns, long_texts=True):
        absent = [pl.lit(None, pl.String).alias(name) for name in ("title", "album") if name not in rows.columns]
        whole = rows.with_columns(absent).with_columns(
            pl.col("artist", "title", "album").str.strip_chars().replace("", None)
        )
        right, broken = sift(
            whole,
            {
                "no artist": missing("artist"),
                "neither song nor album": missing("title") & missing("album"),
            },
        )
        ranked = right.with_columns(
            list=pl.lit(None, pl.String), position=pl.int_range(1, pl.len() + 1, dtype=pl.Int64) + position
        )
        position += right.height
        yield Batch(ranked.select(list(datasets.CHARTS.schema)), rows.height + len(unreadable), unreadable + broken)


def _header(head: bytes) -> list[str]:
    lines = head.decode("utf-8-sig", errors="replace").splitlines()
    return next(csv.reader(lines[:1]), []) if lines else []


def _columns(names: list[str]) -> dict[str, str]:
    """Which column of the file is which of ``FIELDS``; none for a history of plays."""
    there = {name.strip().casefold() for name in names}
    if there & NOT_CHARTS:
        return {}
    found = {kind: next((call for call in calls if call in there), None) for kind, calls in FIELDS.items()}
    return {name: kind for kind, name in found.items() if name}
