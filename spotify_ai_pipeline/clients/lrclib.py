"""LRCLIB: the words of a song by artist and title, a call a song, without an account."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated

import requests

from spotify_ai_pipeline.clients.door import Door
from spotify_ai_pipeline.clients.transport import Transport, json_of
from spotify_ai_pipeline.music.sieve import MaybeFlag, Record, long_text
from spotify_ai_pipeline.storage.response_cache import ResponseCache
from spotify_ai_pipeline.storage.workspace import Workspace

KEPT = "lrclib get"
LONGEST_LYRICS = 100_000

_STAMP = re.compile(r"^\s*(\[[\d:.]+\]\s*)+|<[\d:.]+>", re.MULTILINE)
"""When a line or a word is sung, in the synchronised form of lyrics."""


@dataclass(frozen=True)
class Lyrics:
    """The words of a song: the ``text`` in lines, or nothing at all where the song is ``instrumental``."""

    text: str
    instrumental: bool


class _Row(Record):
    plainLyrics: Annotated[str | None, long_text(LONGEST_LYRICS)] = None
    syncedLyrics: Annotated[str | None, long_text(LONGEST_LYRICS)] = None
    instrumental: MaybeFlag = None


class LrcLib:
    """Lyrics that people wrote down."""

    def __init__(self, transport: Transport, answers: ResponseCache) -> None:
        self._url, self._session, self._answers = transport.service.url, transport.session, answers
        self._door = Door(transport)

    @classmethod
    def of(cls, workspace: Workspace) -> LrcLib:
        return cls(Transport("lrclib", workspace.settings.services.lrclib, workspace.state), workspace.answers)

    def lyrics(self, artist: str, title: str) -> Lyrics | None:
        """The lyrics of a song, None where nobody wrote them down. One call, once: also that there are none is remembered.

        Neither album nor duration is asked for: what is sung is the same on every release.
        """
        key = f"{artist}\n{title}"
        kept = self._answers.get(KEPT, [key])
        if key not in kept:
            answer = self._session.get(self._url + "get", params={"artist_name": artist, "track_name": title})
            missing = answer.status_code == requests.codes.not_found
            row = _Row() if missing else self._door.frame(_Row, json_of(answer, "LRCLIB"))
            text = row.plainLyrics or _STAMP.sub("", row.syncedLyrics or "")
            instrumental = bool(row.instrumental)
            kept[key] = {"text": text, "instrumental": instrumental} if instrumental or text.strip() else None
            self._answers.put(KEPT, kept)
        return None if kept[key] is None else Lyrics(**kept[key])
