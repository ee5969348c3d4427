"""Copies of our lists on other services, which ListenBrainz makes."""

from __future__ import annotations

from spotify_ai_pipeline.app.playlist_places import CALLED, target_name
from spotify_ai_pipeline.clients.listenbrainz_playlists import ListenBrainzPlaylists
from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.music.mix.target_ids import LISTENBRAINZ
from spotify_ai_pipeline.storage import playlists
from spotify_ai_pipeline.storage.workspace import Workspace

SERVICES = {"spotify": "Spotify", "apple_music": "Apple Music", "soundcloud": "SoundCloud"}
NEW_EACH_TIME = "Each copy is a new playlist there, and no refresh changes it."


def copy_to(workspace: Workspace, name: str, service: str) -> str:
    """The address of a new playlist on ``service`` with the songs that our list ``name`` has on ListenBrainz: one call."""
    target, known = target_name(workspace), playlists.written(workspace.state, name)
    if target != LISTENBRAINZ:
        raise UserError(
            f"it is ListenBrainz that copies a list to {SERVICES[service]}, and yours is kept "
            f"{'in' if target == 'file' else 'on'} {CALLED[target]}; to keep it there: "
            "`spotify-ai config set playlist.target listenbrainz`, then `spotify-ai refresh`"
        )
    if known is None or playlists.target(workspace.state) != LISTENBRAINZ:
        raise UserError("the list is not on ListenBrainz yet; `spotify-ai refresh` writes it")
    return ListenBrainzPlaylists.of(workspace).export(known.playlist_id, service)
