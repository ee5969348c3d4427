"""Tables of any size in batches, in which a broken line breaks nothing but itself."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import polars as pl

from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.importers.parse import BATCH_ROWS, HEAD_BYTES, LONGEST_ROW, LONGEST_SAMPLE, Broken


@dataclass(frozen=True)
class Table:
    """The way in which a file of lines is parted into columns, and how it begins."""

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
