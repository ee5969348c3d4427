"""`spotify-ai backfill`: the scrobbles of past months."""

from __future__ import annotations

from datetime import datetime

import click

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.interfaces.cli import sandbox
from spotify_ai_pipeline.interfaces.cli.console import report
from spotify_ai_pipeline.interfaces.cli.options import json_option
from spotify_ai_pipeline.interfaces.cli.progress import run_job
from spotify_ai_pipeline.interfaces.views.wording import count_of
from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline.storage.workspace import Workspace


@click.command()
@click.argument("first")
@click.argument("last")
@json_option
def backfill(first: str, last: str, as_json: bool) -> None:
    """Read the scrobbles of the months FIRST to LAST (2019-01 2023-12) in one run.

    It stops when the day's budget is used up. The same command then goes on: it never asks again for months that are final.
    """
    workspace = Workspace.open()
    months = [_parse_month(first), _parse_month(last)]
    if months != sorted(months) or months[1] > f"{clock.utc_now():%Y-%m}":
        raise UserError(f"{first} to {last}: name the earlier month first, and no month in the future")
    with sandbox.beside(workspace):
        from spotify_ai_pipeline.app.scrobble_partitions import RANGE_END, RANGE_START
        from spotify_ai_pipeline.defs.automation.run import learn_first_month

        known = learn_first_month(workspace)
        if known is None or months[1] < known:
            raise UserError(
                f"your history on Last.fm begins in {known or 'no month that is known'}; there is nothing to read"
            )
        run_job(
            workspace, "fill_history", quiet=as_json, tags={RANGE_START: max(months[0], known), RANGE_END: months[1]}
        )
    rows = workspace.lake.partition_rows(datasets.SCROBBLES)
    read = {month: count for month, count in rows.items() if months[0] <= month <= months[1]}
    said = f"{count_of(sum(read.values()), 'scrobble')} in {count_of(len(read), 'month')}"
    report(f"{said}; they count from the next `spotify-ai refresh`", as_json, scrobbles=read)


def _parse_month(text: str) -> str:
    try:
        return f"{datetime.strptime(text, '%Y-%m'):%Y-%m}"
    except ValueError:
        raise UserError(f"{text} is no month; write it like 2023-12") from None
