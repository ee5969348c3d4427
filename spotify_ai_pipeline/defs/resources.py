"""The resources that assets are given: the listener's home and the services, as Dagster resources.

Settings and secrets stay in the home, so that none of them is ever part of Dagster's configuration or shown in its UI.
"""

from pathlib import Path

import dagster as dg
from pydantic import PrivateAttr

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.app.local_audio import OwnFiles
from spotify_ai_pipeline.clients.deezer import Deezer
from spotify_ai_pipeline.clients.itunes import Itunes
from spotify_ai_pipeline.clients.lastfm import LastFm
from spotify_ai_pipeline.clients.listenbrainz import ListenBrainz
from spotify_ai_pipeline.clients.listenbrainz_labs import ListenBrainzLabs
from spotify_ai_pipeline.clients.lrclib import LrcLib
from spotify_ai_pipeline.clients.reccobeats import ReccoBeats
from spotify_ai_pipeline.clients.spotify import Spotify
from spotify_ai_pipeline.settings import Settings
from spotify_ai_pipeline.storage.lake import Lake
from spotify_ai_pipeline.storage.state import State
from spotify_ai_pipeline.storage.workspace import Workspace


class WorkspaceResource(dg.ConfigurableResource):
    """One listener's home; ``root`` empty means where the environment says."""

    root: str = ""
    _workspace: Workspace | None = PrivateAttr(default=None)

    @property
    def workspace(self) -> Workspace:
        if self._workspace is None:
            self._workspace = Workspace.open(Path(self.root) if self.root else None)
        return self._workspace

    @property
    def settings(self) -> Settings:
        return self.workspace.settings

    @property
    def lake(self) -> Lake:
        return self.workspace.lake

    @property
    def state(self) -> State:
        return self.workspace.state

    def now(self) -> float:
        """The pipeline's clock, UTC seconds."""
        return clock.now()


class SpotifyResource(dg.ConfigurableResource):
    """Spotify as the signed-in listener, through spotipy."""

    workspace: dg.ResourceDependency[WorkspaceResource]

    def client(self) -> Spotify:
        return Spotify.of(self.workspace.workspace)


class LastFmResource(dg.ConfigurableResource):
    """Last.fm, through pylast."""

    workspace: dg.ResourceDependency[WorkspaceResource]

    def client(self) -> LastFm:
        return LastFm.of(self.workspace.workspace)


class ListenBrainzResource(dg.ConfigurableResource):
    """ListenBrainz metadata."""

    workspace: dg.ResourceDependency[WorkspaceResource]

    def client(self) -> ListenBrainz:
        return ListenBrainz.of(self.workspace.workspace)


class ListenBrainzLabsResource(dg.ConfigurableResource):
    """ListenBrainz labs: Spotify ids of recordings and names."""

    workspace: dg.ResourceDependency[WorkspaceResource]

    def client(self) -> ListenBrainzLabs:
        return ListenBrainzLabs.of(self.workspace.workspace)


class ReccoBeatsResource(dg.ConfigurableResource):
    """ReccoBeats audio features."""

    workspace: dg.ResourceDependency[WorkspaceResource]

    def client(self) -> ReccoBeats:
        return ReccoBeats.of(self.workspace.workspace)


class LrcLibResource(dg.ConfigurableResource):
    """Lyrics of LRCLIB."""

    workspace: dg.ResourceDependency[WorkspaceResource]

    def client(self) -> LrcLib:
        return LrcLib.of(self.workspace.workspace)


class SoundsResource(dg.ConfigurableResource):
    """The source of sound: previews, or the listener's own files."""

    workspace: dg.ResourceDependency[WorkspaceResource]

    def client(self, provider: str) -> Deezer | Itunes | OwnFiles:
        return {"deezer": Deezer, "itunes": Itunes, "files": OwnFiles}[provider].of(self.workspace.workspace)
