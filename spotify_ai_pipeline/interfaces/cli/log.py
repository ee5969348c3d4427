"""`spotify-ai log`: every refresh, with the songs that came and left, and why."""

from __future__ import annotations

import click
from rich.text import Text

from spotify_ai_pipeline.interfaces.cli.console import console, plain, print_json
from spotify_ai_pipeline.interfaces.cli.options import json_option, list_named, list_option
from spotify_ai_pipeline.interfaces.views.wording import outcome_words, when
from spotify_ai_pipeline.storage import playlists
from spotify_ai_pipeline.storage.playlists import ADVENTURE, Refresh
from spotify_ai_pipeline.storage.workspace import Workspace

SIGNS = {"new": ("+ ", "green"), "out": ("− ", "red")}


@click.command()
@click.option(
    "--limit",
    default=10,
    show_default=True,
    type=click.IntRange(1),
    help="Number of refreshes to show, the latest first.",
)
@click.option("--adventure", "adventurous", is_flag=True, help="Show the adventure list instead of the mix.")
@list_option
@json_option
def log(limit: int, adventurous: bool, own: str | None, as_json: bool) -> None:
    """Show the history of refreshes: the time, the songs that came and left, and the reason of each change."""
    workspace = Workspace.open()
    found = playlists.refreshes(workspace.state, ADVENTURE if adventurous else list_named(workspace, own), limit)
    if as_json:
        print_json([_as_data(workspace, refresh) for refresh in found])
        return
    if not found:
        console.print("no refresh yet; `spotify-ai refresh` makes the first")
    for refresh in found:
        taken_back = f", taken back {when(workspace, refresh.undone_at)}" if refresh.undone_at else ""
        note = f" ({refresh.note})" if refresh.note else ""
        console.print(
            plain(
                f"{when(workspace, refresh.refreshed_at)}  {outcome_words(refresh.outcome)} "
                f"+{refresh.added} −{refresh.removed}{note}{taken_back}"
            ),
            style="bold",
        )
        for change in [] if refresh.outcome == "filled" else refresh.changes or []:
            sign = SIGNS[change["change"]]
            song = f"{change['artist'] or '?'} — {change['title'] or change['track_id']}"
            console.print(Text.assemble("  ", sign, song, (f"  {change['reason']}", "dim")))


def _as_data(workspace: Workspace, refresh: Refresh) -> dict[str, object]:
    changes = refresh.changes or []
    return {
        "refresh_id": refresh.refresh_id,
        "at": when(workspace, refresh.refreshed_at),
        "outcome": refresh.outcome,
        "added": [change for change in changes if change["change"] == "new"],
        "removed": [change for change in changes if change["change"] == "out"],
        "songs": None if refresh.after is None else len(refresh.after),
        "note": refresh.note,
        "taken_back": when(workspace, refresh.undone_at) if refresh.undone_at else None,
    }
