"""The cover of a song: from Deezer by ISRC, else from iTunes by name. It is kept, so that each is asked for once."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator

from spotify_ai_pipeline.app.previews import isrc_of
from spotify_ai_pipeline.clients.deezer import Deezer
from spotify_ai_pipeline.clients.itunes import Itunes
from spotify_ai_pipeline.errors import ExpectedError
from spotify_ai_pipeline.storage.workspace import Workspace

KEPT = "covers"
LARGEST = 200_000
"""Bytes: what is larger is no thumbnail."""
_PICTURES = (b"\xff\xd8\xff", b"\x89PNG\r\n")


def kept(workspace: Workspace, track_id: str) -> bytes | None:
    """The cover, where it was found before: no service is asked."""
    return answered(workspace, [track_id]).get(track_id)


def answered(workspace: Workspace, track_ids: Iterable[str]) -> dict[str, bytes | None]:
    """What was found before, by song: a cover, or None where no service has one. Songs that were never asked for are left out."""
    found = workspace.answers.get(KEPT, list(track_ids))
    return {track_id: _picture(answer) for track_id, answer in found.items()}


def fetch(workspace: Workspace, songs: Iterable[tuple[str, str, str]]) -> Iterator[bool]:
    """Asks for the cover of each (artist, title, track id), and yields after each whether it was answered. The first song that
    is not ends it: the services are out of reach, or their budget is used up."""
    for artist, title, track_id in songs:
        find(workspace, artist, title, track_id)
        told = bool(workspace.answers.get(KEPT, [track_id]))
        yield told
        if not told:
            return


def find(workspace: Workspace, artist: str, title: str, track_id: str) -> bytes | None:
    """A JPEG or PNG; None where no service has one, or none can be asked now."""
    if answered := workspace.answers.get(KEPT, [track_id]):
        return _picture(answered[track_id])
    isrc, asked = isrc_of(workspace, track_id), True
    for service in (Deezer, Itunes):
        try:
            picture = service.of(workspace).cover(artist, title, isrc)
        except ExpectedError:  # out of reach, over budget: the other one, or no picture this time
            asked = False
            continue
        if picture and picture.startswith(_PICTURES) and len(picture) <= LARGEST:
            workspace.answers.put(KEPT, {track_id: base64.b64encode(picture).decode()})
            return picture
    if asked:
        workspace.answers.put(KEPT, {track_id: None})
    return None


def _picture(answer: str | None) -> bytes | None:
    return base64.b64decode(answer) if answer else None
