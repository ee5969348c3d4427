"""LRCLIB: the words of a song by artist and title, a call a song, without an account."""

from __future__ import annotations

import re
from dataclasses import dataclass

import requests

from spotify_ai_pipeline.clients.transport import Transport, json_of
from spotify_ai_pipeline.storage.response_cache import ResponseCache
from spotify_ai_pipeline.storage.workspace import Workspace

KEPT = "lrclib get"

_STAMP = re.compile(r"^\s*(\[[\d:.]+\]\s*)+|<[\d:.]+>", re.MULTILINE)
"""When a line or a word is sung, in the synchronised form of lyrics."""


@dataclass(frozen=True)
class Lyrics:
    """What is sung: the ``text`` in lines, or nothing at all where the song is ``instrumental``."""

    text: str
    instrumental: bool


class LrcLib:
    """Lyrics that people wrote down."""

    def __init__(self, transport: Transport, answers: ResponseCache) -> None:
        self._url, self._session, self._answers = transport.service.url, transport.session, answers

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
            row = {} if missing else json_of(answer, "LRCLIB")
            text = row.get("plainLyrics") or _STAMP.sub("", row.get("syncedLyrics") or "")
            instrumental = bool(row.get("instrumental"))
            kept[key] = {"text": text, "instrumental": instrumental} if instrumental or text.strip() else None
            self._answers.put(KEPT, kept)
        return None if kept[key] is None else Lyrics(**kept[key])
