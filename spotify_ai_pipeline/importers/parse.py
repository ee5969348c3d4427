"""Parsing: what all readers of files share. ``objects`` reads JSON and ``tables`` reads lines.

What the rows may hold is ``music.sieve``'s to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.music import sieve
from spotify_ai_pipeline.music.tables import MOMENT

HEAD_BYTES = 65_536
"""So much of a file is looked at to know it; what its last line says is left out where it was cut there."""
BATCH_ROWS = 50_000
LONGEST_ROW = 64 * 2**20
"""Bytes in which a row has to end, so that a file of one endless row cannot fill the memory."""
LONGEST_SAMPLE = 200

Schema = Mapping[str, pl.DataType]


@dataclass(frozen=True)
class Broken:
    """A row that could not be taken, by its line in the file."""

    line: int
    reason: str


@dataclass(frozen=True)
class Batch:
    """Rows of a file under the names of their table."""

    rows: pl.DataFrame
    read: int
    broken: list[Broken] = field(default_factory=list[Broken])
    no_music: int = 0
    """Episodes, audiobooks, videos and what is being played now: rows that are right, but no plays."""


def sift(rows: pl.DataFrame, wrong: Mapping[str, pl.Expr]) -> tuple[pl.DataFrame, list[Broken]]:
    """(the rows that are right, the others with the first reason of ``wrong`` that holds), without ``line``."""
    judged = rows.with_columns(_reason=sieve.first_reason(wrong))
    bad = judged.filter(pl.col("_reason").is_not_null())
    return (
        judged.filter(pl.col("_reason").is_null()).drop("_reason", "line"),
        [Broken(line, why) for line, why in bad.select("line", "_reason").iter_rows()],
    )


def wrong_time(column: str) -> dict[str, pl.Expr]:
    """The reasons to put a play with this time aside."""
    return sieve.wrong_time(column, clock.now())


def from_epoch(number: pl.Expr) -> pl.Expr:
    """The time that a whole number of seconds or of milliseconds since 1970 says; null for what can be neither."""
    stamp = number.cast(pl.Int64, strict=False)
    ms = pl.when(stamp.is_between(0, 10**11)).then(stamp * 1_000).when(stamp.is_between(10**11, 10**14)).then(stamp)
    return ms.cast(MOMENT)
