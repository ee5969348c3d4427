"""Last.fm's own stations: what its page plays for a user, a call a day. No document describes them: they may be gone tomorrow."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

from spotify_ai_pipeline.clients.door import Door
from spotify_ai_pipeline.clients.transport import OutOfOrder, Transport
from spotify_ai_pipeline.music.sieve import Record, Text, several
from spotify_ai_pipeline.storage.response_cache import ResponseCache
from spotify_ai_pipeline.storage.workspace import Workspace

KEPT = "lastfm stations"
KEPT_DAYS = 0.8
"""An answer counts for so long: the daily run asks once, and whoever runs it again asks for nothing."""
RECOMMENDED = "recommended"


class Artist(Record):
    name: Text


class Track(Record):
    """A song of a station."""

    name: Text
    artists: Annotated[tuple[Artist, ...], several(Artist)] = ()


class Station(Record):
    """The frame of an answer."""

    playlist: list[Any]


class LastFmStations:
    """The stations of one user; no key is needed."""

    def __init__(self, transport: Transport, answers: ResponseCache, user: str) -> None:
        self._url, self._session, self._answers = transport.service.url, transport.session, answers
        self._door, self._user = Door(transport), user

    @classmethod
    def of(cls, workspace: Workspace) -> LastFmStations:
        transport = Transport("lastfm_stations", workspace.settings.services.lastfm_stations, workspace.state)
        return cls(transport, workspace.answers, workspace.secrets.lastfm_user)

    def songs(self, station: str = RECOMMENDED) -> list[tuple[str, str]]:
        """(artist, title) of each song that the station plays today, in its order: a call a day. Empty where there is no such
        station, or no station any more: a refusal, or a page where songs were."""
        key = f"{self._user}/{station}"
        if (kept := self._answers.get(KEPT, [key]).get(key)) is not None:
            return [(artist, title) for artist, title in kept]
        address = f"{self._url}player/station/user/{quote(self._user, safe='')}/{station}"
        answer = self._session.get(address, params={"page": 1, "ajax": 1})
        try:
            rows = self._door.frame(Station, answer.json()).playlist if answer.ok else []
        except (ValueError, RecursionError, OutOfOrder):
            rows = []
        tracks = self._door.records(Track, rows, "station")
        found = [(track.artists[0].name, track.name) for track in tracks if track.artists]
        self._answers.put(KEPT, {key: found}, KEPT_DAYS)
        return found
