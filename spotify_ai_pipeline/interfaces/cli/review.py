"""`spotify-ai review`: a year, as it was."""

from __future__ import annotations

import webbrowser
from dataclasses import asdict
from pathlib import Path

import click

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.interfaces.cli.console import console, plain, print_json
from spotify_ai_pipeline.interfaces.cli.options import json_option
from spotify_ai_pipeline.interfaces.views import review as views
from spotify_ai_pipeline.interfaces.views.listening import draw_spark
from spotify_ai_pipeline.storage.workspace import Workspace


@click.command()
@click.argument("year", type=click.IntRange(1970, 2200), required=False)
@click.option("--to", "folder", type=click.Path(path_type=Path, file_okay=False), help="Write into this folder.")
@click.option("--open", "open_", is_flag=True, help="Open the page in your browser.")
@json_option
def review(year: int | None, folder: Path | None, open_: bool, as_json: bool) -> None:
    """Show YEAR in review: what you played, what the lists brought you that stayed, what you said no to, what they got wrong.

    Without YEAR it is this one. It writes a page and a picture for sharing, to the data folder or where --to says, from what is
    kept here. Nothing is sent, and the page needs no network.
    """
    workspace = Workspace.open()
    listener = workspace.settings.listener
    year = year or clock.utc_now().astimezone(listener.zone).year
    found = views.review_year(workspace, year)
    if as_json:
        print_json(asdict(found))
        return
    if not found.plays:
        raise UserError(f"{year}: no play of that year is known; `spotify-ai gaps` shows what is")
    folder = folder or workspace.root
    folder.mkdir(parents=True, exist_ok=True)
    files = folder / f"review-{year}.html", folder / f"review-{year}.png"
    files[0].write_text(views.page(found, listener.name), encoding="utf-8")
    files[1].write_bytes(views.picture(found, listener.name))
    console.print(f"{year} in review", style="bold")
    console.print(f"by month, January to December: {draw_spark(found.by_month)}")
    for title, said, lines in views.tell(found):
        console.print(title, style="bold")
        console.print(plain(f"  {said}"))
        for line in lines:
            console.print(plain(f"    {line}"))
    for file in files:
        console.print(plain(file), soft_wrap=True)
    if open_:
        webbrowser.open(files[0].absolute().as_uri())
