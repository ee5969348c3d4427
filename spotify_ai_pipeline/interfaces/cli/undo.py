"""`spotify-ai undo`: take an answer back, or the last refresh."""

from __future__ import annotations

import click

from spotify_ai_pipeline.app.managed_playlists import take_back
from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.interfaces.cli import sandbox
from spotify_ai_pipeline.interfaces.cli.console import console, plain, print_json
from spotify_ai_pipeline.interfaces.cli.options import json_option
from spotify_ai_pipeline.interfaces.views import mix_view
from spotify_ai_pipeline.interfaces.views.wording import when
from spotify_ai_pipeline.storage import queue
from spotify_ai_pipeline.storage.workspace import Workspace


@click.command()
@click.argument("item", metavar="[ID]", type=int, required=False)
@json_option
def undo(item: int | None, as_json: bool) -> None:
    """Take the last refresh of the AI Mix back, or the answer to question ID.

    Without an ID the list becomes what it was before the last refresh. The songs that this refresh brought in stay away for 60
    days, as if you had said "not now" to each. A second undo does nothing: no older refresh is taken back. If you edited the
    list since, undo does nothing either, so that no edit is lost.

    With an ID (see `spotify-ai queue --answered`) the question waits again, and the effects of the answer are undone.
    """
    workspace = Workspace.open()
    if item is None:
        _undo_refresh(workspace, as_json=as_json)
        return
    taken = queue.undo(workspace.state, item, "cli")
    question = queue.item(workspace.state, item)
    if as_json:
        print_json({"item_id": item, "taken_back": taken, "status": question.status if question else None})
    elif taken and question:
        console.print(plain(f"{question.title} — {question.artist}: taken back; it is {question.status} again"))
    else:
        raise UserError(f"{item}: there is no answer with that number; `spotify-ai queue --answered` lists them")


def _undo_refresh(workspace: Workspace, *, as_json: bool) -> None:
    with sandbox.beside(workspace):
        refresh, done = take_back(workspace)
    if as_json:
        print_json(
            {
                "refreshed_at": when(workspace, refresh.refreshed_at),
                "taken_back": done is not None,
                "changes": refresh.changes,
            }
        )
    elif done is None:
        console.print(
            f"the refresh of {when(workspace, refresh.refreshed_at)} was taken back already; an older one cannot be"
        )
    else:
        console.print(
            plain(
                f"the refresh of {when(workspace, refresh.refreshed_at)} is taken back: +{done.added} −{done.removed}, "
                f"{len(done.after)} songs  {mix_view.playlist_link(workspace)}"
            ),
            soft_wrap=True,
        )
