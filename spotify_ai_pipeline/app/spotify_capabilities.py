"""The endpoints that this Spotify app may call: older apps keep endpoints that are closed to newer ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spotify_ai_pipeline.clients.sign_in import CAPABILITIES
from spotify_ai_pipeline.storage.workspace import Workspace

if TYPE_CHECKING:
    from spotify_ai_pipeline.clients.spotify import Spotify

_TRACK = "11dFghVXANMlKmJXsNCbNl"  # the example of Spotify's own reference
ENDPOINTS = {
    "audio-features": f"audio-features/{_TRACK}",
    "recommendations": f"recommendations?seed_tracks={_TRACK}&limit=1",
}
"""Each endpoint that is closed to newer apps and that we would use, with a call that shows whether it is open to this one."""


def needed(workspace: Workspace) -> list[str]:
    """The endpoints that the settings would call."""
    settings = workspace.settings
    asks = {
        "audio-features": "spotify" in settings.features.audio_providers,
        "recommendations": settings.discovery.sources.spotify_recs,
    }
    return [name for name, wanted in asks.items() if wanted]


def learn_capabilities(workspace: Workspace, client: Spotify) -> None:
    """Asks once a sign-in which endpoints this app may call, of those that are needed, one call each, and remembers it.

    What got no clear answer is left out. Some endpoints that are closed ask for a day's pause: it holds for probes alone, and
    none is asked after it."""
    from spotify_ai_pipeline.clients.transport import Deferred

    found: dict[str, bool] = {}
    for name in needed(workspace):
        try:
            may = client.may_call(ENDPOINTS[name])
        except Deferred:
            break
        if may is not None:
            found[name] = may
    if found:
        workspace.state.set_fact(CAPABILITIES, found)


def capable(workspace: Workspace, endpoint: str) -> bool:
    """Tells whether this app may call ``endpoint`` (see ``ENDPOINTS``); what is not known counts as no."""
    known: dict[str, bool] = workspace.state.fact(CAPABILITIES) or {}
    return known.get(endpoint, False)
