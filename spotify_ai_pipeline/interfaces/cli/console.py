"""What all commands print with."""

from __future__ import annotations

import json
import sys

from rich.console import Console
from rich.table import Table
from rich.text import Text

PIPE_WIDTH = 160
"""Columns where the output is no terminal: wide enough that no title is cut."""

console = Console(highlight=False, width=None if sys.stdout.isatty() else PIPE_WIDTH)


def print_json(value: object) -> None:
    print(json.dumps(value, indent=2, default=str, ensure_ascii=False))  # noqa: T201


def table(*columns: str, title: str | None = None, right: tuple[str, ...] = ()) -> Table:
    """A plain table; the columns named in ``right`` hold numbers."""
    made = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold", title_style="bold")
    for column in columns:
        made.add_column(column, justify="right" if column in right else "left")
    return made


def plain(value: object) -> Text:
    """Text as it is: titles with [brackets] are no markup."""
    return Text("" if value is None else str(value))
