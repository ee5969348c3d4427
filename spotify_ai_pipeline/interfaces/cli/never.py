"""`spotify-ai never`: a verdict that no question asked for."""

from __future__ import annotations

import click

from spotify_ai_pipeline.interfaces.cli.choose import choose_song
from spotify_ai_pipeline.interfaces.cli.console import console, plain, print_json
from spotify_ai_pipeline.interfaces.cli.options import json_option
from spotify_ai_pipeline.interfaces.views.never import never_again
from spotify_ai_pipeline.storage.workspace import Workspace


@click.command()
@click.argument("song")
@json_option
def never(song: str, as_json: bool) -> None:
    """Never hear SONG again on any list ("ARTIST - TITLE", its title, or its id).

    It leaves the mix at the next refresh, and no source proposes it. `spotify-ai undo ID` takes this back; ID is the number
    that is printed.
    """
    workspace = Workspace.open()
    about, item = never_again(workspace, choose_song(workspace, song, surely=True), "cli")
    if as_json:
        print_json(about | {"item_id": item, "verdict": "reject"})
        return
    console.print(plain(f"{about['title']} — {about['artist']}: never again (`spotify-ai undo {item}` takes it back)"))
