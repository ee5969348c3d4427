"""`spotify-ai` alone: the day at a glance. What changed, what is asked, what is wrong, and the next command to type."""

from __future__ import annotations

from spotify_ai_pipeline.app import not_me
from spotify_ai_pipeline.app.playlist_places import playlist_link
from spotify_ai_pipeline.interfaces.cli.console import console, listing, plain, song_name
from spotify_ai_pipeline.interfaces.views.wording import count_of, outcome_words, when
from spotify_ai_pipeline.storage import alerts, playlists, queue
from spotify_ai_pipeline.storage.playlists import MIX
from spotify_ai_pipeline.storage.workspace import Workspace

SIGNS = {"new": "+", "out": "−"}
SHOWN = 6


def print_today(workspace: Workspace) -> None:
    """Prints a screen at most."""
    last = playlists.refreshes(workspace.state, MIX, 1)
    if not last:
        console.print("There is no mix yet.")
        console.print("Next: spotify-ai setup (asks what you have), or spotify-ai demo (a made-up listener)")
        return
    title, refresh = workspace.settings.spotify.playlist_name, last[0]
    told = f"{outcome_words(refresh.outcome)}, +{refresh.added} −{refresh.removed}"
    console.print(plain(f"{title}: {told}, {when(workspace, refresh.refreshed_at)}"), style="bold")
    if link := playlist_link(workspace):
        console.print(plain(link), soft_wrap=True)
    changes = [] if refresh.outcome == playlists.FILLED else refresh.changes or []
    console.print(
        listing(
            (SIGNS[one["change"]], song_name(one["artist"] or "?", one["title"] or one["track_id"]), one["reason"])
            for one in changes[:SHOWN]
        )
    )
    if len(changes) > SHOWN:
        console.print(f"and {len(changes) - SHOWN} more: spotify-ai log", style="dim")
    wrong, waiting = alerts.open_alerts(workspace.state), queue.pending(workspace.state)
    for alert in wrong:
        console.print(plain(f"! {alert.message}"), style="yellow")
    asked = f"{count_of(waiting, 'question')} {'waits' if waiting == 1 else 'wait'}" if waiting else "no question waits"
    following = "spotify-ai doctor" if wrong else "spotify-ai next" if waiting else "spotify-ai refresh"
    if strange := len(not_me.proposals(workspace)):
        console.print(f"{count_of(strange, 'stretch')} of listening may not have been you: spotify-ai notme")
    console.print(f"{asked}. Next: {following}")
