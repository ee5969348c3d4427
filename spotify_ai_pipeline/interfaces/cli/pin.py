"""`spotify-ai pin` and `unpin`: songs that stay on the list."""

from __future__ import annotations

import click

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.interfaces.cli.choose import choose_song
from spotify_ai_pipeline.interfaces.cli.console import console, plain, print_json
from spotify_ai_pipeline.interfaces.cli.options import json_option, list_named, list_option
from spotify_ai_pipeline.interfaces.views.song_lookup import scores_of
from spotify_ai_pipeline.storage import pins
from spotify_ai_pipeline.storage.hand_edits import HandEdits
from spotify_ai_pipeline.storage.workspace import Workspace


@click.command()
@click.argument("song")
@list_option
@json_option
def pin(song: str, own: str | None, as_json: bool) -> None:
    """Pin SONG (a part of its title, of "artist title", or its id): it comes to the mix and stays until you unpin it."""
    _set_pin(song, own, pinned=True, then="it comes with the next `spotify-ai refresh` and stays", as_json=as_json)


@click.command()
@click.argument("song")
@list_option
@json_option
def unpin(song: str, own: str | None, as_json: bool) -> None:
    """Unpin SONG: from now on it competes for the mix like every other song."""
    _set_pin(song, own, pinned=False, then="it competes like every other song from now on", as_json=as_json)


def _set_pin(song: str, own: str | None, *, pinned: bool, then: str, as_json: bool) -> None:
    workspace = Workspace.open()
    row = scores_of(workspace, choose_song(workspace, song))
    if own is not None:
        name, song_id = list_named(workspace, own), str(row["song_id"])
        edits = HandEdits.of(workspace.state, name)
        kept = edits.with_more([song_id], []) if pinned else HandEdits(edits.kept - {song_id}, edits.barred)
        kept.keep(workspace.state, name)
    elif not pinned and row["song_id"] not in pins.held_and_barred(workspace.state, clock.now())[0]:
        raise UserError(f"{row['artist']} — {row['title']} is not pinned; nothing was changed")
    else:
        pins.pin(workspace.state, str(row["song_id"]), pinned=pinned)
    if as_json:
        print_json({"song_id": row["song_id"], "artist": row["artist"], "title": row["title"], "pinned": pinned})
    else:
        console.print(plain(f"{row['artist']} — {row['title']}: {then}"))
