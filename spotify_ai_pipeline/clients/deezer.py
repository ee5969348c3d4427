"""Deezer: previews of 30 seconds by ISRC, without an account."""

from __future__ import annotations

import json

from spotify_ai_pipeline.clients.transport import Transport, json_of, sound_of
from spotify_ai_pipeline.storage.response_cache import ResponseCache
from spotify_ai_pipeline.storage.workspace import Workspace

KEPT = "deezer track without preview"
TRY_AGAIN = frozenset({4, 700})  # quota used up, service busy: said with status 200


class Deezer:
    """The beginning of what a record sounds like, as its publisher shows it."""

    def __init__(self, transport: Transport, answers: ResponseCache) -> None:
        self._url, self._session, self._answers = transport.service.url, transport.session, answers

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
        track = json_of(self._session.get(f"{self._url}track/isrc:{isrc}"), "Deezer")
        if not track.get("preview"):
            self._answers.put(KEPT, {isrc: None})
            return None
        return sound_of(self._session.get(track["preview"]), "Deezer")


def _sound(status: int, body: bytes) -> bool:
    """Whether an answer is whole and meant: Deezer puts breakdowns into answers with status 200."""
    if status >= 400 or not body.startswith(b"{"):
        return True
    try:
        return (json.loads(body).get("error") or {}).get("code") not in TRY_AGAIN
    except ValueError:
        return False
