"""What assets are given: the listener's home and the services, as Dagster resources.

Settings and secrets stay in the home, so that none of them is ever part of Dagster's configuration or shown in its UI.
"""

from pathlib import Path

import dagster as dg
from pydantic import PrivateAttr

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.services.deezer import Deezer
from spotify_ai_pipeline.services.itunes import Itunes
from spotify_ai_pipeline.services.lastfm import LastFm
from spotify_ai_pipeline.services.listenbrainz import ListenBrainz
from spotify_ai_pipeline.services.listenbrainz_labs import ListenBrainzLabs
from spotify_ai_pipeline.services.lrclib import LrcLib
from spotify_ai_pipeline.services.own_files import OwnFiles
from spotify_ai_pipeline.services.reccobeats import ReccoBeats
from spotify_ai_pipeline.services.spotify import Spotify
from spotify_ai_pipeline.settings import Settings
from spotify_ai_pipeline.storage.home import Home
from spotify_ai_pipeline.storage.lake import Lake
from spotify_ai_pipeline.storage.state import State


class HomeResource(dg.ConfigurableResource):
    """One listener's home; ``root`` empty means where the environment says."""

    root: str = ""
    _home: Home | None = PrivateAttr(default=None)

    @property
    def home(self) -> Home:
        if self._home is None:
            self._home = Home.open(Path(self.root) if self.root else None)
        return self._home

    @property
    def settings(self) -> Settings:
        return self.home.settings

    @property
    def lake(self) -> Lake:
        return self.home.lake

    @property
    def state(self) -> State:
        return self.home.state

    def now(self) -> float:
        """The pipeline's clock, UTC seconds."""
        return clock.now()


class SpotifyResource(dg.ConfigurableResource):
    """Spotify as the signed-in listener, through spotipy."""

    home: dg.ResourceDependency[HomeResource]

    def client(self) -> Spotify:
        return Spotify.of(self.home.home)


class LastFmResource(dg.ConfigurableResource):
    """Last.fm, through pylast."""

    home: dg.ResourceDependency[HomeResource]

    def client(self) -> LastFm:
        return LastFm.of(self.home.home)


class ListenBrainzResource(dg.ConfigurableResource):
    """ListenBrainz metadata."""

    home: dg.ResourceDependency[HomeResource]

    def client(self) -> ListenBrainz:
        return ListenBrainz.of(self.home.home)


class ListenBrainzLabsResource(dg.ConfigurableResource):
    """ListenBrainz labs: Spotify ids of recordings and names."""

    home: dg.ResourceDependency[HomeResource]

    def client(self) -> ListenBrainzLabs:
        return ListenBrainzLabs.of(self.home.home)


class ReccoBeatsResource(dg.ConfigurableResource):
    """ReccoBeats audio features."""

    home: dg.ResourceDependency[HomeResource]

    def client(self) -> ReccoBeats:
        return ReccoBeats.of(self.home.home)


class LrcLibResource(dg.ConfigurableResource):
    """Lyrics of LRCLIB."""

    home: dg.ResourceDependency[HomeResource]

    def client(self) -> LrcLib:
        return LrcLib.of(self.home.home)


class SoundsResource(dg.ConfigurableResource):
    """Where sound comes from: previews, or the listener's own files."""

    home: dg.ResourceDependency[HomeResource]

    def client(self, provider: str) -> Deezer | Itunes | OwnFiles:
        return {"deezer": Deezer, "itunes": Itunes, "files": OwnFiles}[provider].of(self.home.home)
