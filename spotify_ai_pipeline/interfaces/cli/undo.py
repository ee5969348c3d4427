"""`spotify-ai undo`: take an answer back, or the last refresh."""

from __future__ import annotations

import click

from spotify_ai_pipeline.app.managed_playlists import take_back
from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.interfaces.cli import sandbox
from spotify_ai_pipeline.interfaces.cli.choose import in_a_terminal
from spotify_ai_pipeline.interfaces.cli.console import console, plain, print_json
from spotify_ai_pipeline.interfaces.cli.options import json_option, list_named, list_option
from spotify_ai_pipeline.interfaces.views import mix_view
from spotify_ai_pipeline.interfaces.views.wording import when
from spotify_ai_pipeline.storage import playlists, queue
from spotify_ai_pipeline.storage.workspace import Workspace


@click.command()
@click.argument("item", metavar="[ID]", type=int, required=False)
@click.option("--refresh", "only_refresh", is_flag=True, help="Take the last refresh back, whatever you said since.")
@list_option
@json_option
def undo(item: int | None, only_refresh: bool, own: str | None, as_json: bool) -> None:
    """Take back what was done last: your last answer, or the last refresh of the AI Mix. With ID: the answer to that question.

    Where you answered a question or said `never` since the last refresh, that is taken back, else the refresh: the list becomes
    what it was before it. In a terminal you are asked first. The songs that the refresh brought in stay away for 60
    days, as if you had said "not now" to each. A second undo does nothing: no older refresh is taken back. If you edited the
    list since, undo does nothing either, so that no edit is lost.

    With an ID (see `spotify-ai queue --answered`) the question waits again, and the effects of the answer are undone.
    """
    workspace = Workspace.open()
    name = list_named(workspace, own)
    state, last = workspace.state, playlists.last_change(workspace.state, name)
    answered = queue.last_answered_at(state)
    if item is None and not only_refresh and own is None and answered > (last.refreshed_at if last else 0.0):
        answer = queue.last_answer(state)
        assert answer is not None
        item = answer.item_id
        _ask_first(f"your answer ({answer.status}) on {answer.artist} — {answer.title}", as_json=as_json)
    if item is None:
        if last is not None and last.undone_at is None and last.before:
            at = when(workspace, last.refreshed_at)
            _ask_first(f"the refresh of {at}, +{last.added} −{last.removed}", as_json=as_json)
        _undo_refresh(workspace, name, as_json=as_json)
        return
    taken = queue.undo(workspace.state, item, "cli")
    question = queue.item(workspace.state, item)
    if as_json:
        print_json({"item_id": item, "taken_back": taken, "status": question.status if question else None})
    elif taken and question:
        now = f"it is {question.status} again" if question.status in queue.OPEN else "it counts as if it was never said"
        console.print(plain(f"{question.title} — {question.artist}: your answer is taken back; {now}"))
    else:
        raise UserError(f"{item}: there is no answer with that number; `spotify-ai queue --answered` lists them")


def _ask_first(what: str, *, as_json: bool) -> None:
    """Names what is about to be taken back; asks whoever can be asked."""
    if in_a_terminal() and not as_json:
        click.confirm(f"Take back {what}?", default=True, abort=True)


def _undo_refresh(workspace: Workspace, name: str, *, as_json: bool) -> None:
    with sandbox.beside(workspace):
        refresh, done = take_back(workspace, name)
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
                f"{len(done.after)} songs  {mix_view.playlist_link(workspace, name)}"
            ),
            soft_wrap=True,
        )
