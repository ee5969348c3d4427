"""iTunes: previews of 30 seconds and covers by name, without an account."""

from __future__ import annotations

from typing import Any

from spotify_ai_pipeline.clients.door import Door
from spotify_ai_pipeline.clients.transport import Transport, json_of, sound_of
from spotify_ai_pipeline.music.identity.matching import song_key
from spotify_ai_pipeline.music.sieve import MaybeText, Record, Text
from spotify_ai_pipeline.storage.response_cache import ResponseCache
from spotify_ai_pipeline.storage.workspace import Workspace

KEPT = "itunes search"
RESULTS = 10


class _Results(Record):
    results: list[Any]


class _Song(Record):
    artistName: Text
    trackName: Text
    previewUrl: MaybeText = None
    artworkUrl100: MaybeText = None


class Itunes:
    """The shop's previews for those who may buy."""

    def __init__(self, transport: Transport, answers: ResponseCache) -> None:
        self._url, self._session, self._answers = transport.service.url, transport.session, answers
        self._door = Door(transport)

    @classmethod
    def of(cls, workspace: Workspace) -> Itunes:
        return cls(Transport("itunes", workspace.settings.services.itunes, workspace.state), workspace.answers)

    def sound(self, artist: str, title: str, isrc: str | None) -> bytes | None:
        """The preview (AAC) of the first result that is this song by name, None where there is none: two calls, of which the
        search is asked once."""
        key = song_key(artist, title)
        kept = self._answers.get(KEPT, [key])
        if key not in kept:
            kept[key] = next((row.previewUrl for row in self._search(artist, title) if row.previewUrl), None)
            self._answers.put(KEPT, kept)
        return sound_of(self._session.get(self._session.elsewhere(kept[key])), "iTunes") if kept[key] else None

    def cover(self, artist: str, title: str, isrc: str | None) -> bytes | None:
        """The picture of the first result that is this song by name, None where there is none: two calls."""
        address = next((row.artworkUrl100 for row in self._search(artist, title) if row.artworkUrl100), None)
        return sound_of(self._session.get(self._session.elsewhere(address)), "iTunes") if address else None

    def _search(self, artist: str, title: str) -> list[_Song]:
        """The results that are this song by name: one call."""
        params = {"term": f"{artist} {title}", "entity": "song", "limit": RESULTS}
        answer = json_of(self._session.get(self._url + "search", params=params), "iTunes")
        rows = self._door.records(_Song, self._door.frame(_Results, answer).results, "a search")
        key = song_key(artist, title)
        return [row for row in rows if song_key(row.artistName, row.trackName) == key]
