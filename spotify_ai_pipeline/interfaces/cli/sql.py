"""`spotify-ai sql`: questions over everything that is kept."""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence

import click
from rich.table import Table

from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.interfaces.cli.console import console, plain, print_json, table
from spotify_ai_pipeline.storage import datasets, duckdb_views
from spotify_ai_pipeline.storage.workspace import Workspace

NARROWEST = 12
"""Columns of the terminal below which a column of the answer cannot be read."""

TABLES = """
    SELECT table_name AS "table", string_agg(column_name, ', ' ORDER BY column_index) AS columns
    FROM duckdb_columns() WHERE NOT internal GROUP BY 1 ORDER BY 1
"""


@click.command()
@click.argument("query", required=False)
@click.option("--json", "output", flag_value="json", help="Print rows as JSON.")
@click.option("--csv", "output", flag_value="csv", help="Print rows as CSV.")
def sql(query: str | None, output: str | None) -> None:
    """Run a DuckDB QUERY over all assets and the state; without a query, list the tables.

    A query can change nothing: the database is in memory, over the files. Example:

        spotify-ai sql "select artist, count(*) from listens join songs using (song_id) group by 1 order by 2 desc limit 5"
    """
    import duckdb

    workspace = Workspace.open()
    with duckdb_views.connect(workspace.lake, workspace.state) as connection:
        try:
            answer = connection.sql(query or TABLES)
            if answer is None:
                return
            columns, rows = answer.columns, answer.fetchall()
            if query is None:
                columns, rows = [*columns, "holds"], [(*row, _describe(row[0])) for row in rows]
        except duckdb.Error as error:
            said = " ".join(str(error).split("LINE 1:")[0].split()).rstrip(".?!")
            raise UserError(f"{said}; `spotify-ai sql` alone lists the tables and their columns") from None
    if output == "json":
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
    elif output == "csv":
        csv.writer(sys.stdout).writerows([columns, *rows])
    elif len(columns) * NARROWEST > console.width:
        _print_records(columns, rows)
    else:
        shown = table(*columns)
        for row in rows:
            shown.add_row(*map(plain, row))
        console.print(shown)


def _print_records(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Each row as a block, a line a column: more columns than the screen has room for."""
    for row in rows:
        block = Table.grid(padding=(0, 2))
        block.add_column(no_wrap=True, style="bold")
        block.add_column(overflow="fold")
        for column, value in zip(columns, row, strict=True):
            block.add_row(plain(column), plain(value))
        console.print(block, "")


def _describe(name: str) -> str:
    """Gives what the table ``name`` holds; empty for a table of the state."""
    return datasets.REGISTER[name].about if name in datasets.REGISTER else ""
