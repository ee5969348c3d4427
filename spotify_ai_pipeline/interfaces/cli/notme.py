"""`spotify-ai notme`: listening that may not have been you, with one word to leave it out."""

from __future__ import annotations

import click

from spotify_ai_pipeline.app import not_me
from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.interfaces.cli.console import console, plain, print_json
from spotify_ai_pipeline.interfaces.cli.options import json_option
from spotify_ai_pipeline.storage.workspace import Workspace


@click.command()
@click.argument("place", type=click.IntRange(1), required=False)
@click.option("--mine", is_flag=True, help="It was you: keep it, and do not ask again.")
@json_option
def notme(place: int | None, mine: bool, as_json: bool) -> None:
    """Show what may not have been you: a party, a guest, sleep sounds, children's songs. With PLACE, leave that one out.

    Nothing is left out unasked. What you leave out counts for nothing from the next refresh on; `exclude undo` brings it back.
    """
    workspace = Workspace.open()
    if mine and place is None:
        raise click.UsageError("--mine needs the PLACE of what was you")
    found = not_me.proposals(workspace)
    if place is None:
        _show(found, as_json)
        return
    if place > len(found):
        raise UserError(f"{place}: the list of `spotify-ai notme` has no such place")
    chosen = found[place - 1]
    number = None if mine else not_me.leave_out(workspace, chosen)
    if mine:
        not_me.keep(workspace, chosen)
    if as_json:
        print_json({"label": chosen.label, "excluded": number})
    elif mine:
        console.print(plain(f"{chosen.label}: yours, then; it counts on, and you are not asked again"))
    else:
        console.print(
            plain(
                f"{chosen.label}: {chosen.plays:,} plays count for nothing from the next `spotify-ai refresh` on "
                f"(take it back: spotify-ai exclude undo {number})"
            )
        )


def _show(found: list[not_me.Proposal], as_json: bool) -> None:
    if as_json:
        print_json(
            [
                {"place": place, "label": one.label, "plays": one.plays, "why": one.why}
                for place, one in enumerate(found, 1)
            ]
        )
        return
    if not found:
        console.print("nothing of late looks as if it was not you; `spotify-ai exclude` leaves out what you name")
        return
    console.print("was this you?")
    for place, one in enumerate(found, 1):
        console.print(plain(f"  {place}  {one.label}: {one.why}"))
    console.print("`spotify-ai notme 1` leaves the first out; `spotify-ai notme 1 --mine` keeps it and asks no more")
