"""`spotify-ai status`: the health of the pipeline."""

from __future__ import annotations

from typing import Any

import click

from spotify_ai_pipeline.interfaces.cli.console import console, plain, print_json, table
from spotify_ai_pipeline.interfaces.cli.options import json_option
from spotify_ai_pipeline.interfaces.views.health import summarize_health
from spotify_ai_pipeline.interfaces.views.wording import when
from spotify_ai_pipeline.storage.workspace import Workspace


@click.command()
@json_option
def status(as_json: bool) -> None:
    """Show the health of the pipeline: last refresh, calls and budgets, waiting songs, and faults."""
    workspace = Workspace.open()
    found = summarize_health(workspace)
    if as_json:
        print_json(found)
        return
    kind = "demo on the sandbox" if found["demo"] else "real accounts"
    console.print(f"[bold]{found['listener']}[/] ({kind}), data in {found['data']}")
    last = found["last_refresh"]
    console.print(
        f"last refresh: {when(workspace, last['refreshed_at'])}, {last['outcome']} "
        f"(+{last['added']} −{last['removed']})  {found['playlist']}"
        if last
        else "last refresh: none yet; run `spotify-ai refresh`"
    )
    console.print(
        f"questions waiting: {found['questions']}"
        + ("; answer them with `spotify-ai next`" if found["questions"] else "")
    )
    _print_sign_in(found["sign_in"])
    if found["resume"]:
        console.print(f"scrobbles: the next run reads from {found['resume']}")
    if found["put_aside"]:
        told = ", ".join(f"{row['records']:,} from {row['source']}" for row in found["put_aside"])
        console.print(f"records that cannot be read: {told}; see `spotify-ai gaps`")
    claude = found["claude"]
    spent_on = ", ".join(f"{usd:.4f} for {purpose}" for purpose, usd in claude["spent_on"].items())
    console.print(
        f"Claude: {claude['spent_usd']:.4f} of {claude['budget_usd']:.2f} USD this month ({claude['model']})"
        + (f": {spent_on}" if spent_on else "")
        + (f"; not asked: {claude['not_asked']}" if claude["not_asked"] else "")
    )
    for alert in found["alerts"]:
        console.print(f"[red]alert[/] {alert['message']}", soft_wrap=True)
    console.print(_draw_services(found["services"]))
    made = table("asset", "rows", "made", right=("rows",))
    for row in found["assets"]:
        made.add_row(row["asset"], f"{row['rows']:,}", plain(row["made"]))
    console.print(made)


def _draw_services(rows: list[dict[str, Any]]) -> Any:
    numbers = ("calls today", "of", "writes", "failed")
    shown = table("service", *numbers, "paused until", right=numbers)
    for row in rows:
        writes = f"{row['writes']:,} of {row['writes_budget']:,}" if row["writes"] else ""
        paused = f"{row['paused']} ({row['why']})" if row["paused"] else ""
        shown.add_row(
            row["service"], f"{row['calls']:,}", f"{row['budget']:,}", writes, f"{row['failures']:,}", plain(paused)
        )
    return shown


def _print_sign_in(found: dict[str, Any]) -> None:
    age = (
        f", {found['days']} days ago, good for {found['days_left']} more"
        if found["days"] is not None
        else "; run `spotify-ai login`"
        if found["state"] != "signed in"
        else ""
    )
    console.print(f"Spotify: {found['state']}{age}")
    if found["closed_to_this_app"]:
        console.print(f"closed to this app, other services stand in: {', '.join(found['closed_to_this_app'])}")
