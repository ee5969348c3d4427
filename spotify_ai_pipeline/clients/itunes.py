"""iTunes: previews of 30 seconds by name, without an account."""

from __future__ import annotations

from spotify_ai_pipeline.clients.transport import Transport, json_of, sound_of
from spotify_ai_pipeline.music.identity.matching import song_key
from spotify_ai_pipeline.storage.response_cache import ResponseCache
from spotify_ai_pipeline.storage.workspace import Workspace

KEPT = "itunes search"
RESULTS = 10


class Itunes:
    """What the shop plays to those who may buy."""

    def __init__(self, transport: Transport, answers: ResponseCache) -> None:
        self._url, self._session, self._answers = transport.service.url, transport.session, answers

    @classmethod
    def of(cls, workspace: Workspace) -> Itunes:
        return cls(Transport("itunes", workspace.settings.services.itunes, workspace.state), workspace.answers)

    def sound(self, artist: str, title: str, isrc: str | None) -> bytes | None:
        """The preview (AAC) of the first result that is this song by name, None where there is none: two calls, of which the
        search is asked once."""
        key = song_key(artist, title)
        kept = self._answers.get(KEPT, [key])
        if key not in kept:
            params = {"term": f"{artist} {title}", "entity": "song", "limit": RESULTS}
            rows = json_of(self._session.get(self._url + "search", params=params), "iTunes")["results"]
            same = (row for row in rows if song_key(row.get("artistName", ""), row.get("trackName", "")) == key)
            kept[key] = next((row["previewUrl"] for row in same if row.get("previewUrl")), None)
            self._answers.put(KEPT, kept)
        return sound_of(self._session.get(kept[key]), "iTunes") if kept[key] else None
