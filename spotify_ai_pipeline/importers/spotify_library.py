"""The library as files: ``YourLibrary.json`` of Spotify's account data, and playlists as Exportify writes them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from io import BufferedReader
from typing import Any, cast

import polars as pl

from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.importers.objects import json_sample
from spotify_ai_pipeline.importers.parse import HEAD_BYTES, LONGEST_ROW, Batch, sift
from spotify_ai_pipeline.importers.tables import Table, table_of, table_rows
from spotify_ai_pipeline.music import sieve
from spotify_ai_pipeline.music.identity.artists import credited
from spotify_ai_pipeline.music.sieve import clean_spotify_id, clean_text, missing
from spotify_ai_pipeline.storage import datasets

NAME = "Spotify libraries (YourLibrary.json, Exportify)"
COLUMNS = {
    "track uri": "track_id", "spotify uri": "track_id", "spotify id": "track_id", "spotify track id": "track_id",
    "track name": "title", "artist name(s)": "artist", "artist name": "artist", "album name": "album",
    "album": "album", "isrc": "isrc", "track duration (ms)": "duration_ms", "duration (ms)": "duration_ms",
    "added at": "added_at", "album release date": "release_date", "release date": "release_date",
}  # fmt: skip
VALUES = {
    r"spotify:track:": "track_id",
    r"[A-Z]{2}[A-Z0-9]{3}\d{7}$": "isrc",
    r"\d{4}-\d\d-\d\dT": "added_at",
    r"\d{5,}$": "duration_ms",
}
BEHIND = {"track": "title", "artist": "artist", "album": "album"}
"""Exportify writes the name of each behind its address."""
_LIKES = re.compile(r"(?:your|my)?library|(?:my)?(?:liked|saved)(?:songs|tracks)?")
TEXTS = ("track_id", "title", "artist", "album", "isrc", "duration_ms", "added_at", "release_date")


def recognises(name: str, head: bytes) -> bool:
    if any({"uri", "track", "artist"} <= row.keys() for row in json_sample(head, "tracks")):
        return True
    table = table_of(head)
    return table is not None and _is_exportify(table)


def holds_likes(name: str) -> bool:
    """Tells whether a file of this name holds the liked songs: ``YourLibrary``, ``Liked Songs``."""
    return _LIKES.fullmatch("".join(filter(str.isalpha, name.casefold()))) is not None


def _is_exportify(table: Table) -> bool:
    kept = set(_columns(table))
    return {"track_id", "title", "artist"} <= kept and ("added_at" in kept or "artist name(s)" in table.header)


def _columns(table: Table) -> list[str]:
    """Gives what each column is, by its name; where the names are of another language, by the addresses that stand
    before them."""
    named = [COLUMNS.get(name, "") for name in table.header]
    if "track_id" not in named:
        values = [next(iter(table.column(name)), "") for name in table.header]
        for place, value in enumerate(values):
            for form, field in VALUES.items():
                if re.match(form, value) and field not in named:
                    named[place] = field
            for kind, field in BEHIND.items():
                if place and values[place - 1].startswith(f"spotify:{kind}:") and field not in named:
                    named[place] = field
    return [field if named.index(field) == place else "" for place, field in enumerate(named)]


def read(stream: BufferedReader) -> Iterator[Batch]:
    table = table_of(stream.peek(HEAD_BYTES)[:HEAD_BYTES])
    if table is not None and _is_exportify(table):
        yield from _read_exportify(stream, table)
    else:
        yield _read_library(stream)


def _read_library(stream: BufferedReader) -> Batch:
    content = stream.read(LONGEST_ROW)
    if len(content) == LONGEST_ROW:
        raise UserError(f"a library of more than {LONGEST_ROW:,} bytes; this is no export")
    try:
        found: Any = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise UserError(f"no JSON ({type(error).__name__}); get the file anew") from error
    tracks = cast("list[object]", found.get("tracks") or []) if isinstance(found, dict) else []
    rows = [cast("dict[str, object]", row) if isinstance(row, dict) else {} for row in tracks]
    texts = [
        (*(sieve.text(row.get(name)) for name in ("uri", "track", "artist", "album")), place)
        for place, row in enumerate(rows, 1)
    ]
    names = ("track_id", "title", "artist", "album")
    frame = pl.DataFrame(texts, schema={name: pl.String() for name in names} | {"line": pl.Int64()}, orient="row")
    return _batch(frame, [])


def _read_exportify(stream: BufferedReader, table: Table) -> Iterator[Batch]:
    for rows, unreadable in table_rows(stream, _columns(table), delimiter=table.delimiter, long_texts=True):
        yield _batch(rows, unreadable)


def _batch(rows: pl.DataFrame, unreadable: list[Any]) -> Batch:
    absent = [pl.lit(None, pl.String).alias(name) for name in TEXTS if name not in rows.columns]
    whole = rows.with_columns(absent).with_columns(
        clean_spotify_id("track_id"),
        *[clean_text(name) for name in ("title", "artist", "album", "release_date")],
        sieve.clean_isrc("isrc"),
        pl.col("duration_ms").cast(pl.Int64, strict=False),
        pl.col("added_at")
        .str.replace(r"\.\d+", "")
        .str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_unit="ms", time_zone="UTC", strict=False),
    )
    right, broken = sift(
        whole,
        {
            "no Spotify id (a local file, an episode)": missing("track_id"),
            "no title": missing("title"),
            "no artist": missing("artist"),
        },
    )
    kept = right.with_columns(
        artists=pl.col("artist").map_elements(_artists, return_dtype=pl.List(pl.String)),
        list_id=pl.lit(None, pl.String),
        list_name=pl.lit(None, pl.String),
        snapshot_id=pl.lit(None, pl.String),
        position=pl.int_range(pl.len(), dtype=pl.Int64),
    ).with_columns(artist=pl.col("artists").list.first())
    return Batch(
        kept.select(pl.col(name).cast(kind) for name, kind in datasets.LIBRARY_IMPORTS.schema.items()),
        rows.height + len(unreadable),
        unreadable + broken,
    )


def _artists(credit: str) -> list[str]:
    """The artists of a credit; a band whose name holds a comma is one. Exportify writes such a comma with a stroke before it."""
    if "\\," in credit:
        return [name.replace("\\,", ",").strip() for name in re.split(r"(?<!\\),", credit) if name.strip()]
    sign = ";" if ";" in credit else ", "
    whole = sign == ", " and len(credited(credit)) == 1
    return [credit] if whole else [name for part in credit.split(sign) if (name := part.strip())] or [credit]
