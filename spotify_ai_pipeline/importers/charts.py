"""Charts and lists as tables: a header with an artist and a song (title, track or song) or an album, one a row, best first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from io import BufferedReader

import polars as pl

from spotify_ai_pipeline.importers import scrobble_tables
from spotify_ai_pipeline.importers.parse import HEAD_BYTES, Batch, sift
from spotify_ai_pipeline.importers.tables import Table, table_of, table_rows
from spotify_ai_pipeline.music.sieve import clean_text, missing
from spotify_ai_pipeline.storage import datasets

NAME = "charts (CSV with the columns artist and title or album)"
FIELDS = {
    "artist": ("artist", "artist name", "artist(s)", "performer", "artist_name"),
    "title": ("title", "track", "song", "track name", "song title", "track_name"),
    "album": ("album", "release", "album name", "release name"),
}
"""What the columns are called, in small letters; the first that is there counts."""


def recognises(name: str, head: bytes) -> bool:
    table = table_of(head)
    return name.lower().endswith((".csv", ".tsv")) and table is not None and bool(columns(table, FIELDS))


def columns(table: Table, fields: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Says which column of the table is which of ``fields``; none for a history of plays, or without an artist and a work."""
    if scrobble_tables.holds_times(table):
        return {}
    found = {kind: next((call for call in calls if call in table.header), None) for kind, calls in fields.items()}
    named = {name: kind for kind, name in found.items() if name}
    whole = "artist" in named.values() and bool({"title", "album"} & set(named.values()))
    return named if whole else {}


def read(stream: BufferedReader) -> Iterator[Batch]:
    table = table_of(stream.peek(HEAD_BYTES)[:HEAD_BYTES])
    assert table is not None, "read after recognised"
    kept = columns(table, FIELDS)
    names = [kept.get(name, "") for name in table.header]
    position = 0
    for rows, unreadable in table_rows(stream, names, delimiter=table.delimiter, long_texts=True):
        absent = [pl.lit(None, pl.String).alias(name) for name in ("title", "album") if name not in rows.columns]
        whole = rows.with_columns(absent).with_columns(clean_text(name) for name in FIELDS)
        right, broken = sift(
            whole.with_columns(pl.col(*FIELDS).str.strip_chars()),
            {"no artist": missing("artist"), "neither song nor album": missing("title") & missing("album")},
        )
        ranked = right.with_columns(
            list=pl.lit(None, pl.String), position=pl.int_range(1, pl.len() + 1, dtype=pl.Int64) + position
        )
        position += right.height
        yield Batch(ranked.select(list(datasets.CHARTS.schema)), rows.height + len(unreadable), unreadable + broken)
