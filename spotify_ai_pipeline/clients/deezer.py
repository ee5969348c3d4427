"""Deezer: previews of 30 seconds and covers by ISRC, without an account."""

from __future__ import annotations

import json
from typing import Annotated

from spotify_ai_pipeline.clients.door import Door
from spotify_ai_pipeline.clients.transport import Transport, json_of, sound_of
from spotify_ai_pipeline.music.sieve import MaybeText, OrEmpty, Record
from spotify_ai_pipeline.storage.response_cache import ResponseCache
from spotify_ai_pipeline.storage.workspace import Workspace

KEPT = "deezer track without preview"
TRY_AGAIN = frozenset({4, 700})  # quota used up, service busy: said with status 200


class _Album(Record):
    cover_medium: MaybeText = None


class _Track(Record):
    preview: MaybeText = None
    album: Annotated[_Album, OrEmpty] = _Album()


class Deezer:
    """The beginning of what a record sounds like, as its publisher shows it."""

    def __init__(self, transport: Transport, answers: ResponseCache) -> None:
        self._url, self._session, self._answers = transport.service.url, transport.session, answers
        self._door = Door(transport)

    @classmethod
    def of(cls, workspace: Workspace) -> Deezer:
        return cls(
            Transport("deezer", workspace.settings.services.deezer, workspace.state, sound=_sound), workspace.answers
        )

    def sound(self, artist: str, title: str, isrc: str | None) -> bytes | None:
        """The preview (MP3) of the recording ``isrc``, None where there is none: two calls. Its address is good for minutes,
        so only that there is none is remembered."""
        if not isrc or isrc in self._answers.get(KEPT, [isrc]):
            return None
        track = self._track(isrc)
        if track.preview is None:
            self._answers.put(KEPT, {isrc: None})
            return None
        return sound_of(self._session.get(self._session.elsewhere(track.preview)), "Deezer")

    def cover(self, artist: str, title: str, isrc: str | None) -> bytes | None:
        """The picture of the album of the recording ``isrc``, None where there is none: two calls."""
        address = self._track(isrc).album.cover_medium if isrc else None
        return sound_of(self._session.get(self._session.elsewhere(address)), "Deezer") if address else None

    def _track(self, isrc: str) -> _Track:
        return self._door.frame(_Track, json_of(self._session.get(f"{self._url}track/isrc:{isrc}"), "Deezer"))


def _sound(status: int, body: bytes) -> bool:
    """Tells whether an answer is whole and meant: Deezer puts breakdowns into answers with status 200."""
    if status >= 400 or not body.startswith(b"{"):
        return True
    try:
        error = json.loads(body).get("error")
    except (ValueError, RecursionError):
        return False
    code = error.get("code") if isinstance(error, dict) else None
    return not isinstance(code, int) or code not in TRY_AGAIN
