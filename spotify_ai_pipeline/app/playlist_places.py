"""The places of our playlists: what keeps them, and where each is. No client is imported: a link is shown at once."""

from __future__ import annotations

from pathlib import Path

from spotify_ai_pipeline.music.mix.target_ids import FILE, LISTENBRAINZ, SPOTIFY
from spotify_ai_pipeline.storage import playlists
from spotify_ai_pipeline.storage.workspace import Workspace

CALLED = {SPOTIFY: "Spotify", LISTENBRAINZ: "ListenBrainz", FILE: "files"}
ADDRESSES = {SPOTIFY: "https://open.spotify.com/playlist/", LISTENBRAINZ: "https://listenbrainz.org/playlist/"}
AUTO, FOLDER = "auto", "playlists"


def target_name(workspace: Workspace) -> str:
    """The name of what keeps the listener's playlists: as ``playlist.target`` says, else Spotify where that is connected, else
    ListenBrainz where its token is there, else files."""
    chosen, secrets = workspace.settings.playlist.target, workspace.secrets
    if chosen != AUTO:
        return chosen
    if secrets.has_spotify or workspace.token_file.exists():
        return SPOTIFY
    return LISTENBRAINZ if secrets.has_listenbrainz and secrets.listenbrainz_token.get_secret_value() else FILE


def folder_of(workspace: Workspace) -> Path:
    """The folder of the files: ``playlist.folder``, else one in the listener's home."""
    named = workspace.settings.playlist.folder
    return Path(named).expanduser() if named else workspace.root / FOLDER


def playlist_link(workspace: Workspace, name: str = playlists.MIX) -> str:
    """The place of our playlist ``name``: an address, or a file. Empty where it was not made yet."""
    known = playlists.written(workspace.state, name)
    if known is None:
        return ""
    target = playlists.target(workspace.state)
    if target == FILE:
        return str(folder_of(workspace) / f"{known.playlist_id}.m3u8")
    return ADDRESSES[target] + known.playlist_id
