"""What this Spotify app may call: older apps keep endpoints that are closed to newer ones."""

from __future__ import annotations

from spotify_ai_pipeline.clients.spotify import Spotify
from spotify_ai_pipeline.clients.spotify_auth import CAPABILITIES
from spotify_ai_pipeline.clients.transport import Deferred
from spotify_ai_pipeline.storage.workspace import Workspace

_TRACK, _ARTIST = "11dFghVXANMlKmJXsNCbNl", "0TnOYISbd1XYRBk9myaseg"  # the examples of Spotify's own reference
ENDPOINTS = {
    "audio-features": f"audio-features/{_TRACK}",
    "recommendations": f"recommendations?seed_tracks={_TRACK}&limit=1",
    "related-artists": f"artists/{_ARTIST}/related-artists",
    "artist-top-tracks": f"artists/{_ARTIST}/top-tracks",
    "tracks": f"tracks?ids={_TRACK}",
    "artists": f"artists?ids={_ARTIST}",
}
"""Each endpoint that was closed to newer apps, with a call that shows whether it is open to this one."""


def learn_capabilities(workspace: Workspace, client: Spotify) -> None:
    """Asks once a sign-in what this app may call, one call an endpoint, and remembers it. What got no clear answer is left
    out; a pause that Spotify asks for leaves all of it unknown."""
    try:
        found = {name: client.may_call(path) for name, path in ENDPOINTS.items()}
    except Deferred:
        return
    workspace.state.set_fact(CAPABILITIES, {name: may for name, may in found.items() if may is not None})


def capable(workspace: Workspace, endpoint: str) -> bool:
    """Whether this app may call ``endpoint`` (see ``ENDPOINTS``); what is not known counts as no."""
    known: dict[str, bool] = workspace.state.fact(CAPABILITIES) or {}
    return known.get(endpoint, False)
