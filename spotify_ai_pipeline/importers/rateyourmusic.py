"""RateYourMusic's CSV of ratings: albums with a rating of 1 to 10 (half stars), 0 where the listener gave none."""

from __future__ import annotations

from collections.abc import Iterator
from io import BufferedReader

import polars as pl

from spotify_ai_pipeline.importers.parse import Batch, csv_rows, missing, sift
from spotify_ai_pipeline.storage import datasets

NAME = "RateYourMusic ratings"
COLUMNS = {
    "rym album": "rym_id",
    "first name": "first",
    "last name": "last",
    "title": "title",
    "release_date": "released",
    "rating": "rating",
}


def recognises(name: str, head: bytes) -> bool:
    return head.removeprefix(b"\xef\xbb\xbf").lstrip(b'"').startswith(b"RYM Album")


def read(stream: BufferedReader) -> Iterator[Batch]:
    for rows, unreadable in csv_rows(stream, COLUMNS, long_texts=True):
        named = rows.with_columns(
            artist=pl.concat_str("first", "last", separator=" ").str.strip_chars(),
            rating=pl.col("rating").cast(pl.Int64, strict=False),
            year=pl.col("released").str.extract(r"(\d{4})").cast(pl.Int64),
        )
        right, broken = sift(
            named,
            {
                "no album": missing("rym_id") | missing("title"),
                "a rating that is not 0 to 10": ~pl.col("rating").is_between(0, 10).fill_null(False),
            },
        )
        rated = right.with_columns(rating=pl.when(pl.col("rating") > 0).then("rating"))
        yield Batch(
            rated.select(list(datasets.RATING_IMPORTS.schema)), rows.height + len(unreadable), unreadable + broken
        )
