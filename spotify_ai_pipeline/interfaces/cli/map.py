"""`spotify-ai map`: the library as a page and a picture."""

from __future__ import annotations

import webbrowser
from pathlib import Path

import click

from spotify_ai_pipeline.interfaces.cli.console import report
from spotify_ai_pipeline.interfaces.cli.options import json_option
from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline.storage.workspace import Workspace

PICTURE, PAGE = "library_map.png", "library_map.html"


def write_map(workspace: Workspace) -> tuple[Path, Path]:
    """Writes picture and page to the listener's home; gives their paths."""
    picture, page = workspace.root / PICTURE, workspace.root / PAGE
    picture.write_bytes(workspace.lake.read_blob(datasets.LIBRARY_MAP, "map-light.png"))
    page.write_bytes(workspace.lake.read_blob(datasets.LIBRARY_MAP, "map.html"))
    return picture, page


@click.command("map")
@click.option("--png", type=click.Path(path_type=Path, dir_okay=False), help="Write the picture to this file.")
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Write the page to this file.")
@click.option("--dark", is_flag=True, help="Draw the picture on dark ground.")
@click.option("--open", "open_", is_flag=True, help="Open the page in your browser.")
@json_option
def map_(png: Path | None, html: Path | None, dark: bool, open_: bool, as_json: bool) -> None:
    """Write the map of your library: a page to search and listen, and a picture to hang up.

    Without --png and --html it writes both to the data folder and prints their paths. The page needs no network.
    """
    workspace = Workspace.open()
    workspace.lake.read(datasets.LIBRARY_MAP)
    if png is None and html is None:
        png, html = workspace.root / PICTURE, workspace.root / PAGE
    if png is not None:
        png.write_bytes(workspace.lake.read_blob(datasets.LIBRARY_MAP, "map-dark.png" if dark else "map-light.png"))
    if html is not None:
        html.write_bytes(workspace.lake.read_blob(datasets.LIBRARY_MAP, "map.html"))
    report("\n".join(str(path) for path in (png, html) if path), as_json, picture=png, page=html)
    if open_ and html is not None:
        webbrowser.open(html.absolute().as_uri())
