"""Reading: JSON and CSV files of any size in batches, in which a broken row breaks nothing but itself."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

import polars as pl

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.errors import UserError

BATCH_BYTES = 8 * 2**20
BATCH_ROWS = 50_000
LONGEST_ROW = 64 * 2**20
"""Bytes in which a row has to end, so that a file of one endless row cannot fill the memory."""
EARLIEST = "2002-01-01"
"""No service logged plays before; such a date is a clock that was never set."""
LONGEST_PLAY_MS = 86_400_000

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


@dataclass(frozen=True)
class Text:
    """The text of whole JSON objects and the line on which it begins."""

    objects: list[bytes]
    lines: list[int]


def json_rows(stream: io.BufferedReader, schema: Schema) -> Iterator[tuple[pl.DataFrame, list[Broken]]]:
    """(rows with the columns of ``schema`` and ``line``, broken rows) of a JSON array of objects or of JSON lines.

    Fields outside ``schema`` are never kept.
    """
    for text in _objects(stream):
        yield _parse(text, schema)


def _objects(stream: io.BufferedReader) -> Iterator[Text]:
    """Batches of objects. Objects of one export begin with the same key: where one ends and the next begins with it is a
    boundary that cannot occur within a string, because quotes in strings are escaped; so is a line's end without a comma."""
    head = stream.read(BATCH_BYTES)
    start = head.find(b"{")
    if start < 0:
        return
    line = 1 + head.count(b"\n", 0, start)
    found = re.match(rb'\{\s*("(?:[^"\\]|\\.)*")', head[start:])
    same_key = rb"[\s,]*(?=\{\s*" + re.escape(found.group(1) if found else b'"') + rb")"
    boundary = re.compile(rb"\}(?:" + same_key + rb"|[^\S\n]*\n\s*(?=\{))")
    rest, more = head[start:], True
    while more:
        if not (chunk := stream.read(BATCH_BYTES)):
            more = False
            ended = rest.rstrip()
            rest = ended.removesuffix(b"]").rstrip() if ended.endswith(b"]") else ended
        edges = [found.end() for found in boundary.finditer(rest)]
        stops = edges if more else [*edges, len(rest)]
        starts = [0, *edges][: len(stops)]
        objects = [rest[begin:end].rstrip(b", \r\n\t") for begin, end in zip(starts, stops, strict=True)]
        lines, at = [], 0
        for begin in starts:
            line += rest.count(b"\n", at, begin)
            at = begin
            lines.append(line)
        if stops:
            line += rest.count(b"\n", at, stops[-1])
            rest = rest[stops[-1] :]
            yield Text(objects, lines)
        rest += chunk
        if len(rest) > LONGEST_ROW:
            raise UserError(f"line {line}: no end of a row within {LONGEST_ROW:,} bytes; this is no export")


def _parse(text: Text, schema: Schema) -> tuple[pl.DataFrame, list[Broken]]:
    """The rows of ``text``; where it does not parse as a whole, its halves are tried, down to the rows that are broken."""
    try:
        rows = pl.read_json(b"[" + b",".join(text.objects) + b"]", schema=dict(schema))
        lines = text.lines if rows.height == len(text.lines) else [text.lines[0]] * rows.height  # keys in another order
        return rows.with_columns(line=pl.Series(lines, dtype=pl.Int64)), []
    except pl.exceptions.PolarsError as error:
        reason = _short(error)
    half = len(text.objects) // 2
    if not half:
        nothing = pl.DataFrame(schema={**schema, "line": pl.Int64()})
        return nothing, [Broken(line, f"cannot be read ({reason})") for line in text.lines]
    parts = [
        _parse(Text(text.objects[part], text.lines[part]), schema) for part in (slice(None, half), slice(half, None))
    ]
    return pl.concat([rows for rows, _ in parts]), [row for _, broken in parts for row in broken]


def _short(error: Exception) -> str:
    return str(error).splitlines()[0].split(" value ")[0][:60]  # never the value itself: it may be personal


def csv_rows(
    stream: io.BufferedReader, columns: Sequence[str] | Mapping[str, str], *, long_texts: bool = False
) -> Iterator[tuple[pl.DataFrame, list[Broken]]]:
    """(rows as text with ``line``, broken rows) of a CSV file: with a header, ``columns`` says under which name a field of the
    header is kept; without one, it names every field in order. With ``long_texts`` a quoted field may go on over lines;
    otherwise a stray quote spoils its own line alone."""
    text = io.TextIOWrapper(stream, "utf-8-sig", errors="replace")
    lines = _lines(iter(lambda: text.readline(LONGEST_ROW), ""), long_texts)
    if isinstance(columns, Mapping):
        header = [name.strip().casefold() for name in _fields(next(lines, (0, ""))[1])]
        names = [columns.get(name, "") for name in header]
    else:
        names = list(columns)
    kept = [place for place, name in enumerate(names) if name]
    schema = {names[place]: pl.String() for place in kept} | {"line": pl.Int64()}
    while batch := list(islice(lines, BATCH_ROWS)):
        rows: list[tuple[str | int, ...]] = []
        broken: list[Broken] = []
        for number, line in batch:
            fields = _fields(line)
            if len(fields) != len(names):
                broken.append(Broken(number, f"{len(fields)} fields instead of {len(names)}"))
            elif "\ufffd" in line:
                broken.append(Broken(number, "not UTF-8"))
            else:
                rows.append((*[fields[place] for place in kept], number))
        yield pl.DataFrame(rows, schema=schema, orient="row"), broken


def _lines(text: Iterable[str], long_texts: bool) -> Iterator[tuple[int, str]]:
    """(number, text) of each line that is not empty; lines within an open quote are one, where ``long_texts``."""
    open_at, started = 0, ""
    for number, line in enumerate(text, 1):
        started += line
        if len(started) >= LONGEST_ROW:
            raise UserError(
                f"line {open_at or number}: no end of a row within {LONGEST_ROW:,} characters; this is no export"
            )
        if long_texts and started.count('"') % 2:
            open_at = open_at or number
            continue
        if started.strip():
            yield open_at or number, started
        open_at, started = 0, ""
    if started:
        yield open_at, started


def _fields(line: str) -> list[str]:
    try:
        return next(csv.reader([line]))
    except csv.Error:
        return []


def sift(rows: pl.DataFrame, wrong: Mapping[str, pl.Expr]) -> tuple[pl.DataFrame, list[Broken]]:
    """(the rows that are right, the others with the first reason of ``wrong`` that holds), without ``line``."""
    reason = pl.coalesce(
        *[pl.when(holds.fill_null(False)).then(pl.lit(name)) for name, holds in wrong.items()], pl.lit(None, pl.String)
    )
    judged = rows.with_columns(_reason=reason)
    bad = judged.filter(pl.col("_reason").is_not_null())
    return (
        judged.filter(pl.col("_reason").is_null()).drop("_reason", "line"),
        [Broken(line, why) for line, why in bad.select("line", "_reason").iter_rows()],
    )


def wrong_time(column: str) -> dict[str, pl.Expr]:
    """The reasons to refuse a play's time."""
    latest = int(clock.now() + 86_400) * 1_000
    earliest = pl.lit(EARLIEST).str.to_datetime("%Y-%m-%d", time_unit="ms", time_zone="UTC")
    return {
        "no time that can be read": pl.col(column).is_null(),
        "a time before there were scrobbles": pl.col(column) < earliest,
        "a time in the future": pl.col(column).dt.epoch("ms") > latest,
    }


def wrong_length(column: str) -> dict[str, pl.Expr]:
    """The reasons to refuse a play's length."""
    return {
        "no length": pl.col(column).is_null(),
        "a length below zero or of more than a day": ~pl.col(column).is_between(0, LONGEST_PLAY_MS),
    }


def missing(column: str) -> pl.Expr:
    return pl.col(column).is_null() | (pl.col(column) == "")
