"""`spotify-ai clusters`: the groups of songs in the library."""

from __future__ import annotations

from typing import Any

import click
from rich.text import Text

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.interfaces.cli import sandbox
from spotify_ai_pipeline.interfaces.cli.console import console, is_wide, listing, plain, print_json, table
from spotify_ai_pipeline.interfaces.cli.options import json_option
from spotify_ai_pipeline.interfaces.cli.progress import run_job
from spotify_ai_pipeline.interfaces.views.clusters import find_cluster, list_clusters, list_members
from spotify_ai_pipeline.interfaces.views.listening import format_percent
from spotify_ai_pipeline.interfaces.views.wording import count_of
from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline.storage.workspace import Workspace


@click.command()
@click.argument("cluster", required=False)
@click.option(
    "--again",
    is_flag=True,
    help="Find the clusters again now; known songs stay where they are unless much has changed.",
)
@json_option
def clusters(cluster: str | None, again: bool, as_json: bool) -> None:
    """List the clusters of your library, or the songs of CLUSTER (its number, or a part of its name)."""
    workspace = Workspace.open()
    if again:
        _recluster(workspace)
    rows = list_clusters(workspace)
    if cluster is not None:
        _print_cluster(workspace, find_cluster(rows, cluster), as_json)
    elif as_json:
        print_json(rows)
    else:
        _print_clusters(workspace, rows)


def _print_clusters(workspace: Workspace, rows: list[dict[str, Any]]) -> None:
    made = workspace.lake.read(datasets.CLUSTERS)
    how, at = made.select("how", "clustered_at").row(0) if made.height else ("no song has a vector yet", None)
    console.print(
        plain(f"{made.height:,} songs in {len(rows)} clusters" + (f", made {at:%Y-%m-%d}: {how}" if at else f": {how}"))
    )
    family: object = ()
    lines = list[tuple[str, Text, str]]()
    shown = table("#", "songs", "of plays", "name", "description", right=("#", "songs", "of plays"))
    for row in rows:
        if row["family"] != family:
            family = row["family"]
            lines.append(("", plain(f"— {family} —"), ""))
            shown.add_row("", "", "", plain(f"— {family} —"), "", style="bold")
        share = format_percent(row.get("play_share"))
        if not is_wide():
            of = f", {share} of plays" if share else ""
            about = f"{count_of(row['songs'], 'song')}{of}. {row['description']}"
            lines.append((str(row["cluster_id"]), plain(row["name"]), about))
            continue
        cells = [
            plain(row["cluster_id"]),
            plain(f"{row['songs']:,}"),
            plain(share),
            plain(row["name"]),
            plain(row["description"]),
        ]
        shown.add_row(*cells)
    console.print(shown if is_wide() else listing(lines))


def _print_cluster(workspace: Workspace, row: dict[str, Any], as_json: bool) -> None:
    members = list_members(workspace, row["cluster_id"])
    if as_json:
        print_json(row | {"members": members.to_dicts()})
        return
    console.print(plain(f"{row['name']}: {row['description']}"))
    tags = ", ".join(row["tags"]) or "none"
    console.print(plain(f"{row['songs']:,} songs; tags: {tags}; family: {row['family']}; named by {row['named_by']}"))
    shown = table("plays", "artist", "title", right=("plays",))
    for song in members.iter_rows(named=True):
        shown.add_row(plain(song["plays"]), plain(song["artist"]), plain(song["title"]))
    console.print(shown)


def _recluster(workspace: Workspace) -> None:
    workspace.state.set_fact("clusters_asked_at", clock.now())
    with sandbox.beside(workspace):
        run_job(workspace, "recluster")
