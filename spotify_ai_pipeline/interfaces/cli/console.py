"""The printing of all commands."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable

from rich.console import Console
from rich.table import Table
from rich.text import Text

PIPE_WIDTH = 160
"""Columns where the output is no terminal: wide enough that no title is cut."""

console = Console(highlight=False, width=None if sys.stdout.isatty() else PIPE_WIDTH)


def print_json(value: object) -> None:
    print(json.dumps(value, indent=2, default=str, ensure_ascii=False))  # noqa: T201


def report(line: str, as_json: bool, **data: object) -> None:
    """A command's report: in words, or as JSON for a script."""
    if as_json:
        print_json(data)
    else:
        console.print(plain(line), soft_wrap=True)


WIDE = 110
"""Columns from which a table of songs has room for all of its numbers; below, each song is a line with its reason under it."""


def is_wide() -> bool:
    return console.width >= WIDE


def listing(rows: Iterable[tuple[str, Text, str]]) -> Table:
    """Songs one below the other: (what stands before it, its name, why). Long names go on in the next line: nothing is cut."""
    made = Table.grid(padding=(0, 1))
    made.add_column(no_wrap=True, style="dim", justify="right")
    made.add_column(overflow="fold")
    for before, name, why in rows:
        made.add_row(before, Text.assemble(name, ("\n" + why, "dim")) if why else name)
    return made


def song_name(artist: object, title: object, link: str | None = "") -> Text:
    """A song as it is listed; in a terminal that can, its name leads to it."""
    return Text(f"{artist} — {title}", style=f"link {link}" if link else "")


def table(*columns: str, title: str | None = None, right: tuple[str, ...] = ()) -> Table:
    """A plain table; the columns named in ``right`` hold numbers."""
    made = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold", title_style="bold")
    for column in columns:
        made.add_column(column, justify="right" if column in right else "left", overflow="fold")
    return made


def plain(value: object) -> Text:
    """Text as it is: titles with [brackets] are no markup."""
    return Text("" if value is None else str(value))
