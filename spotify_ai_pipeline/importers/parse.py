"""Reading: JSON and tables of any size in batches, in which a broken row breaks nothing but itself.

What the rows may hold is ``music.sieve``'s to say.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, cast

import polars as pl

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.music import sieve
from spotify_ai_pipeline.music.plays.records import MOMENT
from spotify_ai_pipeline.music.sieve import (
    clean_mbid,
    clean_number,
    clean_spotify_id,
    clean_text,
    missing,
    wrong_length,
)

__all__ = ["clean_mbid", "clean_number", "clean_spotify_id", "clean_text", "missing", "wrong_length"]

HEAD_BYTES = 65_536
"""So much of a file is looked at to know it; what its last line says is left out where it was cut there."""
BATCH_BYTES = 8 * 2**20
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


@dataclass(frozen=True)
class Text:
    """The text of whole JSON objects and the line on which it begins."""

    objects: list[bytes]
    lines: list[int]


# --- JSON --------------------------------------------------------------------------------------------------------------


def json_sample(head: bytes, under: str = "") -> list[dict[str, Any]]:
    """The first whole objects of a JSON array or of JSON lines that ``head`` begins; of the array called ``under``, if any."""
    text = head.decode("utf-8-sig", errors="replace")
    place = _start(text, under)
    found = list[dict[str, Any]]()
    for obj, _ in _decoded(text, place) if place is not None else ():
        if isinstance(obj, dict):
            found.append(cast("dict[str, Any]", obj))
        if len(found) >= LONGEST_SAMPLE:
            break
    return found


def json_rows(
    stream: io.BufferedReader, schema: Schema, under: str = ""
) -> Iterator[tuple[pl.DataFrame, list[Broken]]]:
    """(rows with the columns of ``schema`` and ``line``, broken rows) of a JSON array of objects, of such arrays in an array,
    or of JSON lines; ``under`` names the array where it lies in an object.

    Fields outside ``schema`` are never kept; a field of another type is null.
    """
    readers = {name: _reader(kind) for name, kind in schema.items()}
    for text in _objects(stream, under):
        yield _parse(text, schema, readers)


_BEFORE_OBJECTS = re.compile(r'[\ufeff\s\[]*(?:(?:null|true|false|-?[\d.]+|"[^"]*"|\[\])\s*,\s*)*\{')
"""What may stand before the first object: the ends of what it lies in, and values that are no records."""


def _start(text: str, under: str) -> int | None:
    """Where the first object begins."""
    if under:
        found = re.search(rf'"{re.escape(under)}"\s*:\s*\[', text)
        return found.end() if found else None
    found = _BEFORE_OBJECTS.match(text)
    return found.end() - 1 if found else None


def _objects(stream: io.BufferedReader, under: str) -> Iterator[Text]:
    """Batches of objects. Objects of one export begin with the same key: where one ends and the next begins with it is a
    boundary that cannot occur within a string, because quotes in strings are escaped; so is a line's end without a comma."""
    head = stream.read(BATCH_BYTES)
    begin = re.search(rb'"' + re.escape(under.encode()) + rb'"\s*:\s*\[', head) if under else None
    start = head.find(b"{", begin.end() if begin else 0)
    if start < 0 or (under and not begin):
        return
    line = 1 + head.count(b"\n", 0, start)
    found = re.match(rb'\{\s*("(?:[^"\\]|\\.)*")', head[start:])
    same_key = rb"[\s,\[\]]*(?=\{\s*" + re.escape(found.group(1) if found else b'"') + rb"\s*:)"
    boundary = re.compile(rb"\}(?:" + same_key + rb"|[^\S\n]*\n\s*(?=\{))")
    rest, more = head[start:], True
    while more:
        if not (chunk := stream.read(BATCH_BYTES)):
            more = False
        edges = [found.end() for found in boundary.finditer(rest)]
        stops = edges if more else [*edges, len(rest)]
        starts = [0, *edges][: len(stops)]
        objects = [rest[begin:end].rstrip(b", \r\n\t[]") for begin, end in zip(starts, stops, strict=True)]
        lines, at = [], 0
        for begin in starts:
            line += rest.count(b"\n", at, begin)
            at = begin
            lines.append(line)
        if not more and objects:
            objects[-1] = _without_ends(objects[-1])
        if stops:
            line += rest.count(b"\n", at, stops[-1])
            rest = rest[stops[-1] :]
            yield Text(objects, lines)
        rest += chunk
        if len(rest) > LONGEST_ROW:
            raise UserError(f"line {line}: no end of a row within {LONGEST_ROW:,} bytes; this is no export")


def _without_ends(last: bytes) -> bytes:
    """The last object without the ends of what it lies in."""
    text = last.decode("utf-8", errors="replace")
    try:
        _, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return last
    rest = text[end:].strip()
    return text[:end].encode() if rest and set(rest) <= set("]} \t\r\n") else last


Readers = Mapping[str, Callable[[object], object]]


def _parse(text: Text, schema: Schema, readers: Readers) -> tuple[pl.DataFrame, list[Broken]]:
    """The rows of ``text``; where they are not what they should be, each is read by itself."""
    try:
        rows = pl.read_json(b"[" + b",".join(text.objects) + b"]", schema=dict(schema))
        if rows.height == len(text.lines):
            return rows.with_columns(line=pl.Series(text.lines, dtype=pl.Int64)), []
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        pass
    rows, broken = list[tuple[object, ...]](), list[Broken]()
    for found, line in _values(text):
        if isinstance(found, dict):
            row = cast("dict[str, object]", found)
            rows.append((*[reader(row.get(name)) for name, reader in readers.items()], line))
        else:
            broken.append(Broken(line, found if isinstance(found, str) else "no record"))
    return pl.DataFrame(rows, schema={**schema, "line": pl.Int64()}, orient="row"), broken


def _values(text: Text) -> Iterator[tuple[object, int]]:
    """(value, line) of all that ``text`` holds; a text is what is wrong with one."""
    try:
        together = cast("list[object]", json.loads(b"[" + b",".join(text.objects) + b"]"))
    except (ValueError, RecursionError):
        together = []
    if len(together) == len(text.lines):
        yield from zip(together, text.lines, strict=True)
        return
    for content, line in zip(text.objects, text.lines, strict=True):
        for found in _each(content):
            yield found, line


def _each(content: bytes) -> list[object]:
    """The values in ``content``, which hold one object, or several whose keys stand in another order; a text is what is
    wrong with one."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return ["cannot be read (not UTF-8)"]
    try:
        return cast("list[object]", json.loads(f"[{text}]"))
    except (ValueError, RecursionError):
        return [obj if error is None else error for obj, error in _salvaged(text)]


_NEXT = re.compile(r"\}[\s,\[\]]*(?=\{)")


def _salvaged(text: str) -> Iterator[tuple[object, str | None]]:
    """(object, None) or (None, what is wrong) of each object in a text that is no JSON as a whole."""
    place = 0
    while 0 <= place < len(text):
        for obj, end in _decoded(text, place):
            yield obj, None
            place = end
        place = text.find("{", place)
        if place >= 0:
            yield None, "cannot be read (no JSON)"
            following = _NEXT.search(text, place)
            place = following.end() if following else -1


def _decoded(text: str, place: int) -> Iterator[tuple[object, int]]:
    """(object, where it ends) of each whole value from ``place`` on, up to the first that is none."""
    decoder = json.JSONDecoder()
    between = re.compile(r"[\s,\[\]]*")
    while True:
        at = between.match(text, place)
        place = at.end() if at else place
        if place >= len(text) or text[place] != "{":
            return
        try:
            obj, place = decoder.raw_decode(text, place)
        except (ValueError, RecursionError):
            return
        yield obj, place


def _reader(kind: pl.DataType) -> Callable[[object], object]:
    """What a value of JSON is as a value of ``kind``; null where it is of another."""
    if isinstance(kind, pl.Struct):
        inner = [(one.name, _reader(cast("pl.DataType", one.dtype))) for one in kind.fields]

        def struct(value: object) -> object:
            if not isinstance(value, dict):
                return None
            held = cast("dict[str, object]", value)
            return {name: reader(held.get(name)) for name, reader in inner}

        return struct
    if isinstance(kind, pl.List):
        each = _reader(cast("pl.DataType", kind.inner))
        return lambda value: [each(one) for one in cast("list[object]", value)] if isinstance(value, list) else []
    if isinstance(kind, pl.Int64):
        return _number
    if isinstance(kind, pl.Boolean):
        return lambda value: value if isinstance(value, bool) else None
    return _name


def _number(value: object) -> int | None:
    if value is None or (type(value) is int and -(2**53) <= value <= 2**53):
        return value  # by far the most common, a million times over
    return sieve.whole(value, -(2**53))


def _name(value: object) -> str | None:
    if value is None or (type(value) is str and value.isprintable()):
        return value
    return sieve.text(str(value) if isinstance(value, int) and not isinstance(value, bool) else value)


# --- tables ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Table:
    """How a file of lines is parted into columns, and how it begins."""

    delimiter: str
    header: tuple[str, ...]
    """The fields of the first line, in small letters."""
    rows: tuple[tuple[str, ...], ...]
    """The first whole lines after it, those with as many fields."""

    def column(self, name: str) -> list[str]:
        """The values of a column that are there."""
        place = self.header.index(name)
        return [row[place].strip() for row in self.rows if row[place].strip()]


def table_of(head: bytes) -> Table | None:
    """The table that ``head`` begins; None where it begins none. A line that was cut is not looked at."""
    if b"\x00" in head.removeprefix(b"\xff\xfe").removeprefix(b"\xfe\xff")[:64] and _encoding(head) == "utf-8-sig":
        return None
    text = head.decode(_encoding(head), errors="replace")
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    if len(head) >= HEAD_BYTES and not text.endswith("\n"):
        lines = lines[:-1]
    lines = [line for line in lines if line.strip()][:LONGEST_SAMPLE]
    best: tuple[float, int, Table] | None = None
    for delimiter in ",;\t|" if lines else "":
        first, *others = (fields_of(line, delimiter) for line in lines)
        rows = tuple(tuple(row) for row in others if len(row) == len(first))
        score = (len(rows) + 1) / len(lines), len(first)
        if len(first) > 1 and (best is None or score > best[:2]):
            best = (*score, Table(delimiter, tuple(name.strip().casefold() for name in first), rows))
    return best[2] if best else None


def _encoding(head: bytes) -> str:
    return "utf-16" if head[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"


def table_rows(
    stream: io.BufferedReader,
    names: Sequence[str],
    *,
    delimiter: str = ",",
    header: bool = True,
    long_texts: bool = False,
) -> Iterator[tuple[pl.DataFrame, list[Broken]]]:
    """(rows as text with ``line``, broken rows) of a table. ``names`` says under which name each field is kept, empty where
    it is not. With ``long_texts`` a quoted field may go on over lines; otherwise a stray quote spoils its own line alone."""
    text = io.TextIOWrapper(stream, _encoding(stream.peek()[:2]), errors="replace")
    lines = _lines(iter(lambda: text.readline(LONGEST_ROW), ""), long_texts)
    if header:
        next(lines, None)
    kept = [place for place, name in enumerate(names) if name]
    schema = {names[place]: pl.String() for place in kept} | {"line": pl.Int64()}
    while batch := list(islice(lines, BATCH_ROWS)):
        rows: list[tuple[str | int, ...]] = []
        broken: list[Broken] = []
        for number, line in batch:
            fields = fields_of(line, delimiter)
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


def fields_of(line: str, delimiter: str = ",") -> list[str]:
    """The fields of a line; none where it cannot be parted."""
    try:
        return next(csv.reader([line], delimiter=delimiter))
    except (csv.Error, StopIteration):
        return []


# --- the sieve ---------------------------------------------------------------------------------------------------------


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
