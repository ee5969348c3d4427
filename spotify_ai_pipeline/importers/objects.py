"""JSON of any size in batches, in which a broken object breaks nothing but itself."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import NoneType
from typing import Any, cast

import polars as pl

from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.importers.parse import LONGEST_ROW, LONGEST_SAMPLE, Broken, Schema
from spotify_ai_pipeline.music import sieve

BATCH_BYTES = 8 * 2**20
WINDOW = 16 * 2**10
"""Characters within which nearly every object ends."""


@dataclass(frozen=True)
class Text:
    """The text of whole JSON objects and the line on which it begins."""

    objects: list[bytes]
    lines: list[int]


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
    for text in _objects(stream, under):
        yield _parse(text, schema, under)


_BEFORE_OBJECTS = re.compile(r'[\ufeff\s\[]*(?:(?:null|true|false|-?[\d.]+|"[^"]*"|\[\])\s*,\s*)*\{')
"""What may stand before the first object: the ends of what it lies in, and values that are no records."""


def _start(text: str, under: str) -> int | None:
    """The place where the first object begins."""
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


def _parse(text: Text, schema: Schema, under: str) -> tuple[pl.DataFrame, list[Broken]]:
    """The rows of ``text``; where they are not what they should be, each is read by itself."""
    lines = (found.replace(b"\n", b" ") if b"\n" in found else found for found in text.objects)
    try:
        rows = pl.read_ndjson(b"\n".join(lines), schema=dict(schema))
        if rows.height == len(text.lines) and not _holds_json(rows, schema):
            return rows.with_columns(line=pl.Series(text.lines, dtype=pl.Int64)), []
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        pass
    found, places, broken = list[dict[str, object]](), list[int](), list[Broken]()
    for value, line in _values(text, under):
        if isinstance(value, dict):
            found.append(cast("dict[str, object]", value))
            places.append(line)
        else:
            broken.append(Broken(line, value if isinstance(value, str) else "no record"))
    columns = [_column(name, [row.get(name) for row in found], kind) for name, kind in schema.items()]
    return pl.DataFrame([*columns, pl.Series("line", places, pl.Int64)]), broken


def _holds_json(rows: pl.DataFrame, schema: Schema) -> bool:
    """Tells whether a text is in truth a list, a record, a truth value or no Unicode: the fast reader writes those into
    texts."""
    leaves = [leaf for name, kind in schema.items() for leaf in _leaves(pl.col(name), kind)]
    return any(rows.select(leaf.str.contains(_JSON).any()).item() for leaf in leaves)


_JSON = r"^(?:\[(?:[\[\]{\x22]|(?:-?\d[\d.eE+-]*|true|false|null)[,\]])|\{[\x22}]|(?:true|false)$)|\x00"


def _leaves(column: pl.Expr, kind: pl.DataType) -> Iterator[pl.Expr]:
    """The texts within a column."""
    if isinstance(kind, pl.Struct):
        for one in kind.fields:
            yield from _leaves(column.struct.field(one.name), cast("pl.DataType", one.dtype))
    elif isinstance(kind, pl.List):
        yield from _leaves(column.explode(), cast("pl.DataType", kind.inner))
    elif isinstance(kind, pl.String):
        yield column


def _column(name: str, values: list[object], kind: pl.DataType) -> pl.Series:
    """The values under their name, those of another kind null; the usual ones without a look at each."""
    plain = {pl.String: str, pl.Int64: int, pl.Boolean: bool}.get(type(kind))
    if plain and set(map(type, values)) <= {plain, NoneType}:
        try:
            return pl.Series(name, values, kind)
        except (UnicodeEncodeError, OverflowError, TypeError, pl.exceptions.PolarsError):
            pass
    reader = _reader(kind)
    return pl.Series(name, [reader(value) for value in values], kind)


def _values(text: Text, under: str) -> Iterator[tuple[object, int]]:
    """(value, line) of all that ``text`` holds; a text is what is wrong with one."""
    try:
        together = cast("list[object]", json.loads(b"[" + b",".join(text.objects) + b"]"))
    except (ValueError, RecursionError):
        together = []
    if len(together) == len(text.lines):
        yield from zip(together, text.lines, strict=True)
        return
    for content, line in zip(text.objects, text.lines, strict=True):
        for found in _each(content, under):
            yield found, line


def _each(content: bytes, under: str) -> list[object]:
    """The values in ``content``, which hold one object, or several whose keys stand in another order; a text is what is
    wrong with one."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return ["cannot be read (not UTF-8)"]
    try:
        return cast("list[object]", json.loads(f"[{text}]"))
    except (ValueError, RecursionError):
        return [obj if error is None else error for obj, error in _salvaged(text, under)]


_END = re.compile(r"\s*\]")
_NEXT = re.compile(r"\}[\s,\[\]]*(?=\{)")


def _salvaged(text: str, under: str) -> Iterator[tuple[object, str | None]]:
    """(object, None) or (None, what is wrong) of each object in a text that is no JSON as a whole. What stands behind the end of
    an array is none of its objects; another page may follow, with an array of the same name."""
    page = re.compile(rf'"{re.escape(under)}"\s*:\s*\[' if under else r"\[(?=\s*\{)")
    place = 0
    while 0 <= place < len(text):
        for obj, end in _decoded(text, place):
            yield obj, None
            place = end
        if place and _END.match(text, place):
            found = page.search(text, place)
            place = found.end() if found else -1
            continue
        place = text.find("{", place)
        if place >= 0:
            yield None, "cannot be read (no JSON)"
            following = _NEXT.search(text, place)
            place = following.end() if following else -1


def _decoded(text: str, place: int) -> Iterator[tuple[object, int]]:
    """(object, where it ends) of each whole value from ``place`` on, up to the first that is none."""
    between = re.compile(r"[\s,\[\]]*")
    while True:
        at = between.match(text, place)
        place = at.end() if at else place
        if place >= len(text) or text[place] != "{" or (found := _whole(text, place)) is None:
            return
        yield found
        place = found[1]


def _whole(text: str, place: int) -> tuple[object, int] | None:
    """(value, where it ends) of the value at ``place``; None where it is none. The decoder is shown a part at a time: it counts
    the lines before an error, which would take minutes for a million of them."""
    size, decoder = WINDOW, json.JSONDecoder()
    while True:
        part = text[place : place + size]
        try:
            value, end = decoder.raw_decode(part)
        except (ValueError, RecursionError):
            if len(part) < size or _NEXT.search(part):
                return None
            size *= 8
        else:
            return value, place + end


def _reader(kind: pl.DataType) -> Callable[[object], object]:
    """Gives what a value of JSON is as a value of ``kind``; null where it is of another."""
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
