"""`spotify-ai stats`: the listener's plays in figures."""

from __future__ import annotations

import click

from spotify_ai_pipeline.interfaces.cli.console import console, plain, print_json, table
from spotify_ai_pipeline.interfaces.cli.options import json_option
from spotify_ai_pipeline.interfaces.views.listening import draw_spark, format_percent, summarize_listening
from spotify_ai_pipeline.storage.workspace import Workspace


@click.command()
@json_option
def stats(as_json: bool) -> None:
    """Show your listening in figures: how much, which artists and songs lately, at which hours."""
    workspace = Workspace.open()
    found = summarize_listening(workspace)
    if as_json:
        print_json(found)
        return
    counts = found["counts"]
    console.print(
        f"[bold]{counts['listens']:,}[/] listens of {counts['songs_heard']:,} songs, {found['first']} to {found['last']}; "
        f"{counts['library']:,} songs in the library; {format_percent(found['resolved_share'])} of listens have a Spotify id"
    )
    hours = found["listens_by_hour"]
    console.print(f"by hour ({workspace.settings.listener.timezone}), 0 to 23: {draw_spark(hours)}")
    console.print(f"by year: {', '.join(f'{year} {count:,}' for year, count in found['listens_by_year'].items())}")
    for title, rows in (
        ("artists of the last 30 days", found["artists_lately"]),
        ("songs of the last 30 days", found["songs_lately"]),
    ):
        shown = table("plays", title, right=("plays",))
        for row in rows:
            shown.add_row(str(row["plays"]), plain(row["name"]))
        console.print(shown)
    coverage = ", ".join(f"{name} {format_percent(share)}" for name, share in found["library_coverage"].items())
    console.print(f"of the library: {coverage}; stale now: {counts['stale']:,} songs")
