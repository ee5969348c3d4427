"""`spotify-ai gaps`: what is known of your listening, month by month and source by source."""

from __future__ import annotations

from typing import Any

import click
import polars as pl

from spotify_ai_pipeline.interfaces.cli.console import console, plain, print_json, table
from spotify_ai_pipeline.interfaces.cli.options import json_option
from spotify_ai_pipeline.interfaces.views.coverage import (
    ANY,
    count_by_month,
    find_forgotten_spans,
    find_put_aside,
    find_silent_months,
)
from spotify_ai_pipeline.interfaces.views.listening import SPARKS
from spotify_ai_pipeline.interfaces.views.wording import source_name
from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline.storage.workspace import Workspace

NOTHING = "·"


@click.command()
@json_option
def gaps(as_json: bool) -> None:
    """Show how much each source knows of your listening, month by month: a line for each year, a column for each source.

    A dot marks a month for which a source has nothing: unknown, not unheard. Records that could not be read are listed below.
    """
    workspace = Workspace.open()
    months = count_by_month(workspace.lake.scan(datasets.LISTENS))
    silent, forgotten = find_silent_months(months), find_forgotten_spans(workspace)
    aside = find_put_aside(workspace)
    if as_json:
        print_json(
            {
                "months": months.to_dicts(),
                "months_unknown": silent,
                "spans_unknown": [{"since": since, "until": until} for since, until in forgotten],
                "put_aside": [vars(one) for one in aside],
            }
        )
        return
    _print_chart(months)
    if silent:
        console.print(f"unknown: no source knows of a play in {', '.join(silent)}")
    zone = workspace.settings.listener.zone
    for since, until in forgotten:
        console.print(
            f"unknown: between {since.astimezone(zone):%Y-%m-%d %H:%M} and {until.astimezone(zone):%Y-%m-%d %H:%M} Spotify may "
            "have forgotten plays, and no other source knows of any"
        )
    for one in aside:
        of = f" of {one.records:,}" if one.records else ""
        console.print(f"put aside: {one.quarantined:,}{of} records from {one.source} cannot be read", soft_wrap=True)
        for place in one.some:
            console.print(f"  {plain(place)}", soft_wrap=True)


def _print_chart(months: pl.DataFrame) -> None:
    """Prints a line a year, a column a source, a bar a month, January to December."""
    counts: dict[tuple[str, str], int] = {
        (month, source): plays for month, source, plays in months.select("month", "source", "plays").iter_rows()
    }
    names = [*sorted({source for _, source in counts} - {ANY}), ANY]
    most = max(counts.values(), default=1) or 1
    years = sorted({month[:4] for month, _ in counts})
    shown = table("year", *map(source_name, names), "listens", right=("listens",))
    for year in years:
        of_year: list[Any] = [
            "".join(_draw_bar(counts.get((f"{year}-{month:02}", name), 0), most) for month in range(1, 13))
            for name in names
        ]
        total = sum(counts.get((f"{year}-{month:02}", ANY), 0) for month in range(1, 13))
        shown.add_row(year, *map(plain, of_year), f"{total:,}")
    console.print(shown)


def _draw_bar(plays: int, most: int) -> str:
    return SPARKS[max(round(plays / most * (len(SPARKS) - 1)), 1)] if plays else NOTHING
