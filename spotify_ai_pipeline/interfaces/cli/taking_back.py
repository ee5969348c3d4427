"""`spotify-ai undo`: the last refresh, taken back."""

from __future__ import annotations

import click

from spotify_ai_pipeline.interfaces.cli import sandboxes, show
from spotify_ai_pipeline.interfaces.cli.console import console, plain, print_json, when
from spotify_ai_pipeline.interfaces.cli.look import json_option
from spotify_ai_pipeline.services.our_playlists import take_back
from spotify_ai_pipeline.storage.home import Home


@click.command()
@json_option
def undo(as_json: bool) -> None:
    """Take the last refresh of the AI Mix back: the list is what it was before.

    The songs that the refresh brought in stay away for 60 days, as if you had said "not now" to each. Twice is once: nothing
    older is taken back. Where you edited the list since, nothing is done, so that no edit is lost.
    """
    undo_refresh(Home.open(), as_json=as_json)


def undo_refresh(home: Home, *, as_json: bool) -> None:
    with sandboxes.beside(home):
        refresh, done = take_back(home)
    if as_json:
        print_json(
            {"refreshed_at": when(refresh.refreshed_at), "taken_back": done is not None, "changes": refresh.changes}
        )
    elif done is None:
        console.print(f"the refresh of {when(refresh.refreshed_at)} was taken back already; nothing older is")
    else:
        console.print(
            plain(
                f"the refresh of {when(refresh.refreshed_at)} is taken back: +{done.added} −{done.removed}, "
                f"{len(done.after)} songs  {show.playlist_link(home)}"
            ),
            soft_wrap=True,
        )
