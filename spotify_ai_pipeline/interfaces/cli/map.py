"""`spotify-ai map` and `spotify-ai clusters`: the library as a whole."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import Any

import click

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.interfaces.cli import sandbox
from spotify_ai_pipeline.interfaces.cli.console import console, plain, print_json, table
from spotify_ai_pipeline.interfaces.cli.mix import json_option, percent
from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline.storage.workspace import Workspace

LAYER = "features"


@click.command("map")
@click.option("--png", type=click.Path(path_type=Path, dir_okay=False), help="Write the picture to this file.")
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Write the page to this file.")
@click.option("--dark", is_flag=True, help="Draw the picture on dark ground.")
@click.option("--open", "open_", is_flag=True, help="Open the page in your browser.")
def map_(png: Path | None, html: Path | None, dark: bool, open_: bool) -> None:
    """Write the map of your library: a page to search and listen, and a picture to hang up.

    Without --png and --html it writes both to the data folder and prints their paths. The page needs no network.
    """
    workspace = Workspace.open()
    workspace.lake.read(datasets.LIBRARY_MAP)
    if png is None and html is None:
        png, html = workspace.root / "library_map.png", workspace.root / "library_map.html"
    if png is not None:
        png.write_bytes(workspace.lake.read_blob(datasets.LIBRARY_MAP, "map-dark.png" if dark else "map-light.png"))
        click.echo(png)
    if html is not None:
        html.write_bytes(workspace.lake.read_blob(datasets.LIBRARY_MAP, "map.html"))
        click.echo(html)
        if open_:
            webbrowser.open(html.absolute().as_uri())


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
        _again(workspace)
    rows = described(workspace)
    if cluster is not None:
        _one(workspace, find(rows, cluster), as_json)
    elif as_json:
        print_json(rows)
    else:
        _list(workspace, rows)


def described(workspace: Workspace) -> list[dict[str, Any]]:
    """The clusters by family, the largest first, each with name, description and health."""
    names = workspace.lake.read(datasets.CLUSTER_NAMES).drop("named_songs")
    health = workspace.lake.read_or_none(datasets.CLUSTER_HEALTH)
    family = names.filter(level="family").select("cluster_id", family="name", family_songs="songs")
    found = names.filter(level="cluster").join(family, left_on="parent_cluster_id", right_on="cluster_id", how="left")
    if health is not None:
        figures = ["cohesion", "drift", "play_share", "recent_play_share"]
        found = found.join(health.select("cluster_id", *figures), on="cluster_id", how="left")
    order = ["family_songs", "parent_cluster_id", "songs", "cluster_id"]
    return found.sort(order, descending=[True, False, True, False]).drop("family_songs", "level").to_dicts()


def _list(workspace: Workspace, rows: list[dict[str, Any]]) -> None:
    made = workspace.lake.read(datasets.CLUSTERS)
    how, at = made.select("how", "clustered_at").row(0) if made.height else ("no song has a vector yet", None)
    console.print(
        plain(f"{made.height:,} songs in {len(rows)} clusters" + (f", made {at:%Y-%m-%d}: {how}" if at else f": {how}"))
    )
    family: object = ()
    shown = table("#", "songs", "of plays", "name", "description", right=("#", "songs", "of plays"))
    for row in rows:
        if row["family"] != family:
            family = row["family"]
            shown.add_row("", "", "", plain(f"— {family} —"), "", style="bold")
        share = percent(row.get("play_share"))
        cells = [
            plain(row["cluster_id"]),
            plain(f"{row['songs']:,}"),
            plain(share),
            plain(row["name"]),
            plain(row["description"]),
        ]
        shown.add_row(*cells)
    console.print(shown)


def _one(workspace: Workspace, row: dict[str, Any], as_json: bool) -> None:
    stats = workspace.lake.read(datasets.LISTENING_STATS).select("song_id", "plays")
    songs = workspace.lake.read(datasets.SONGS).select("song_id", "track_id", "artist", "title")
    members = (
        workspace.lake.read(datasets.CLUSTERS)
        .filter(cluster_id=row["cluster_id"])
        .select("song_id", "core")
        .join(songs, on="song_id")
        .join(stats, on="song_id", how="left")
        .sort("plays", "artist", "title", descending=[True, False, False], nulls_last=True)
    )
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


def find(rows: list[dict[str, Any]], words: str) -> dict[str, Any]:
    """The cluster of that number, else the first whose name holds ``words``."""
    found = [row for row in rows if str(row["cluster_id"]) == words] or [
        row for row in rows if words.lower() in row["name"].lower()
    ]
    if not found:
        raise UserError(f"{words!r}: no cluster has that number or name; `spotify-ai clusters` lists them")
    return found[0]


def _again(workspace: Workspace) -> None:
    from spotify_ai_pipeline.interfaces.cli.refresh import run

    workspace.state.set_fact("clusters_asked_at", clock.now())
    with sandbox.beside(workspace):
        run(workspace, "recluster")
