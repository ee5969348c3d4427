"""`spotify-ai pin` and `unpin`: songs that stay on the list."""

from __future__ import annotations

import click

from spotify_ai_pipeline.interfaces.cli.console import console, plain, print_json
from spotify_ai_pipeline.interfaces.cli.options import json_option
from spotify_ai_pipeline.interfaces.views.song_lookup import find_scored_song
from spotify_ai_pipeline.storage import datasets, pins
from spotify_ai_pipeline.storage.workspace import Workspace


@click.command()
@click.argument("song")
@json_option
def pin(song: str, as_json: bool) -> None:
    """Pin SONG (a part of its title, of "artist title", or its id): it comes to the mix and stays until you unpin it."""
    _set_pin(song, pinned=True, then="it comes with the next `spotify-ai refresh` and stays", as_json=as_json)


@click.command()
@click.argument("song")
@json_option
def unpin(song: str, as_json: bool) -> None:
    """Unpin SONG: from now on it competes for the mix like every other song."""
    _set_pin(song, pinned=False, then="it competes like every other song from now on", as_json=as_json)


def _set_pin(song: str, *, pinned: bool, then: str, as_json: bool) -> None:
    workspace = Workspace.open()
    row = find_scored_song(workspace.lake.read(datasets.SONG_SCORES), song)
    pins.pin(workspace.state, str(row["song_id"]), pinned=pinned)
    if as_json:
        print_json({"song_id": row["song_id"], "artist": row["artist"], "title": row["title"], "pinned": pinned})
    else:
        console.print(plain(f"{row['artist']} — {row['title']}: {then}"))
