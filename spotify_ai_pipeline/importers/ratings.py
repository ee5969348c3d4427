"""Ratings as CSV: RateYourMusic's export of albums (1 to 10, half stars; 0 where the listener gave none), and any table with an
artist, a song or an album, and a rating.

RateYourMusic escapes its texts as HTML does, and names artists of other scripts twice: in columns of their own, or as
"name [Latin name]". Both names are kept.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from io import BufferedReader

import polars as pl

from spotify_ai_pipeline.importers import charts
from spotify_ai_pipeline.importers.parse import HEAD_BYTES, Batch, sift
from spotify_ai_pipeline.importers.tables import Table, table_of, table_rows
from spotify_ai_pipeline.music.sieve import clean_text, missing
from spotify_ai_pipeline.storage import datasets

NAME = "ratings (RateYourMusic, or CSV with the columns artist, title or album, and rating)"
RYM = {
    "rym album": "rym_id",
    "first name": "first",
    "last name": "last",
    "first name localized": "first_localized",
    "last name localized": "last_localized",
    "title": "album",
    "release_date": "released",
    "rating": "rating",
}
FIELDS = charts.FIELDS | {"rating": ("rating", "my rating", "stars", "score", "your rating")}
SCALES = (5, 10, 100)
"""What the best rating may be; the least of them that no rating of the first lines exceeds."""
TEXTS = ("rym_id", "artist", "artist_alias", "title", "album", "released")
_NATIVE = re.compile(r"^(.+?)\s*\[(.+)\]\s*$")


def recognises(name: str, head: bytes) -> bool:
    table = table_of(head)
    return table is not None and (_is_rym(table) or _is_rated(table))


def _is_rym(table: Table) -> bool:
    return {"rym album", "title", "rating"} <= set(table.header)


def _is_rated(table: Table) -> bool:
    kept = charts.columns(table, FIELDS)
    return any(field == "rating" and _scale(table, name) for name, field in kept.items())


def _scale(table: Table, column: str) -> int | None:
    """The best rating that there is; None where the column holds no ratings."""
    values = pl.DataFrame({"rating": table.column(column)}, schema={"rating": pl.String})
    found = values.select(stars=_stars(), of=_of()).drop_nulls("stars")
    if found.is_empty() or found.height < values.height / 2 or found.filter(pl.col("stars") < 0).height:
        return None
    if said := found["of"].drop_nulls().to_list():
        return max(said)
    best = float(found["stars"].max())  # pyright: ignore[reportArgumentType]
    return next((scale for scale in SCALES if best <= scale), None)


def _stars() -> pl.Expr:
    """A rating as a number: "4", "4.5", "4,5", "4/5", "★★★★½"."""
    plain = pl.col("rating").str.strip_chars().str.replace(",", ".", literal=True).str.replace(r"\s*/\s*\d+$", "")
    drawn = plain.str.count_matches("[★⭐]") + plain.str.count_matches("½") / 2
    return pl.when(plain.str.contains("[★⭐]")).then(drawn).otherwise(plain.cast(pl.Float64, strict=False))


def _of() -> pl.Expr:
    """The best rating that a rating names: 5 of "4/5"."""
    return pl.col("rating").str.extract(r"/\s*(\d+)\s*$").cast(pl.Int64, strict=False)


def read(stream: BufferedReader) -> Iterator[Batch]:
    table = table_of(stream.peek(HEAD_BYTES)[:HEAD_BYTES])
    assert table is not None, "read after recognised"
    rym = _is_rym(table)
    kept = RYM if rym else charts.columns(table, FIELDS)
    names = [kept.get(name, "") for name in table.header]
    scale = 10 if rym else _scale(table, table.header[names.index("rating")])
    for rows, unreadable in table_rows(stream, names, delimiter=table.delimiter, long_texts=True):
        named = _named(rows) if rym else rows
        absent = [pl.lit(None, pl.String).alias(name) for name in TEXTS if name not in named.columns]
        whole = named.with_columns(absent).with_columns(
            *[clean_text(name) for name in ("artist", "artist_alias", "title", "album")],
            rating=pl.when(pl.col("rating").str.strip_chars() == "").then(0.0).otherwise(_stars()),
            year=pl.col("released").str.extract(r"(\d{4})").cast(pl.Int64),
        )
        right, broken = sift(
            whole,
            {
                "no artist": missing("artist"),
                "neither song nor album": missing("title") & missing("album"),
                f"a rating that is not 0 to {scale}": ~pl.col("rating").is_between(0, scale).fill_null(False),
            },
        )
        rated = right.with_columns(
            best=pl.lit(scale, pl.Int64),
            rating=pl.when(pl.col("rating") > 0).then("rating"),
            album=pl.when(missing("title")).then("album"),
        )
        yield Batch(
            rated.select(list(datasets.RATING_IMPORTS.schema)), rows.height + len(unreadable), unreadable + broken
        )


def _named(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of RateYourMusic with its texts unescaped, and the artist's name and other name."""
    names = ("first", "last", "first_localized", "last_localized", "album")
    plain = rows.with_columns(
        pl.col(name).map_elements(html.unescape, return_dtype=pl.String) for name in names if name in rows.columns
    )
    absent = [pl.lit("").alias(name) for name in names if name not in plain.columns]
    whole = plain.with_columns(absent).with_columns(
        artist=pl.concat_str("first", "last", separator=" ", ignore_nulls=True).str.strip_chars(),
        artist_alias=pl.concat_str(
            "first_localized", "last_localized", separator=" ", ignore_nulls=True
        ).str.strip_chars(),
    )
    both = pl.col("artist").map_elements(_two_names, return_dtype=pl.List(pl.String))
    return whole.with_columns(
        artist=both.list.get(0),
        artist_alias=pl.when(pl.col("artist_alias") != "").then("artist_alias").otherwise(both.list.get(1)),
    )


def _two_names(name: str) -> list[str | None]:
    """("name [other name]") as both, where one of them is in Latin letters and the other is not."""
    found = _NATIVE.match(name)
    if found is None or found[1].isascii() == found[2].isascii():
        return [name, None]
    return [found[1], found[2]]
