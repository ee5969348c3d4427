"""Applying: what a verdict brings about on Spotify."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from spotify_ai_pipeline.clients.spotify import Spotify
from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.music.mix.edit_script import Remove
from spotify_ai_pipeline.storage import verdicts
from spotify_ai_pipeline.storage.queue import DISCOVERY, REMOVE
from spotify_ai_pipeline.storage.state import State
from spotify_ai_pipeline.storage.verdicts import PendingEffect

LIKED = "liked"
PLAYLIST = "https://open.spotify.com/playlist/"
BRING = frozenset({"approve", "more"})
"""Verdicts that put a discovery into the library; the others are honoured by whoever reads them."""
LIKED_NOW, WAS_THERE, NOTHING = "put into the liked songs", "was in the liked songs already", "nothing to do on Spotify"
PUT_ON, TAKEN_OFF = "put on the playlist", "taken off the playlist"
UNLIKED_NOW, WAS_GONE, LEFT = "taken out of the liked songs", "was not in the liked songs", "left where it is"


def apply_due(state: State, client: Callable[[], Spotify], approve_to: str) -> Iterator[str]:
    """Brings about what is due, oldest first, and says of each what was done. Every call can be repeated: where a run dies
    between a call and its note, the next run finds the song there. Raises ``Retryable``
    where Spotify is in trouble and ``UserError`` where a setting has to be mended; the rest stays due."""
    for due in verdicts.pending_effects(state):
        outcome = NOTHING
        if due.kind == DISCOVERY and due.verdict in BRING:
            outcome = _bring(state, client(), due, approve_to)
        elif due.kind == REMOVE and due.verdict == "reject":
            outcome = _take_out(state, client(), due)
        verdicts.done(state, due.outbox_id, outcome)
        yield f"{due.artist} - {due.title}: {'taken back' if due.undo else due.verdict}; {outcome}"


def _take_out(state: State, spotify: Spotify, due: PendingEffect) -> str:
    """A song that the listener does not want to keep leaves the liked songs; playlists of their own are left alone."""
    if due.undo:
        if verdicts.outcome_of(state, due.outbox_id) != UNLIKED_NOW:
            return LEFT
        spotify.like(due.track_id)
        return LIKED_NOW
    if not spotify.liked(due.track_id):
        return WAS_GONE
    spotify.unlike(due.track_id)
    return UNLIKED_NOW


def _bring(state: State, spotify: Spotify, due: PendingEffect, approve_to: str) -> str:
    if due.undo:
        return _bring_back(spotify, due.track_id, verdicts.outcome_of(state, due.outbox_id))
    if approve_to == LIKED:
        if spotify.liked(due.track_id):
            return WAS_THERE
        spotify.like(due.track_id)
        return LIKED_NOW
    owned = {row.name: row.playlist_id for row in spotify.playlists(spotify.user_id()) if row.readable}
    if approve_to not in owned:
        raise UserError(f"discovery.approve_to: you have no playlist {approve_to!r}; make it on Spotify, or set liked")
    if not spotify.append(owned[approve_to], due.track_id):
        return f"was on the playlist {approve_to} already"
    return f"{PUT_ON} {approve_to}, {PLAYLIST}{owned[approve_to]}"


def _bring_back(spotify: Spotify, track_id: str, outcome: str) -> str:
    """Takes a song from where we put it, which ``outcome`` says; one that the listener put there, before or since, stays."""
    if outcome == LIKED_NOW:
        spotify.unlike(track_id)
        return UNLIKED_NOW
    if not outcome.startswith(PUT_ON):
        return LEFT
    playlist_id = outcome.rpartition(PLAYLIST)[2]
    owned = {row.playlist_id for row in spotify.playlists(spotify.user_id()) if row.readable}
    if playlist_id not in owned or spotify.track_ids(playlist_id).count(track_id) != 1:
        return LEFT
    spotify.edit(playlist_id, Remove((track_id,)))
    return TAKEN_OFF
