"""Hear before you answer: thirty seconds of a song, by ISRC from Deezer, else by name from iTunes; the sound is kept nowhere."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from spotify_ai_pipeline.clients.deezer import Deezer
from spotify_ai_pipeline.clients.itunes import Itunes
from spotify_ai_pipeline.errors import ExpectedError
from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline.storage.workspace import Workspace

_KINDS = (
    (b"ID3", 0, "mp3"),
    (b"\xff\xfb", 0, "mp3"),
    (b"\xff\xf3", 0, "mp3"),
    (b"ftyp", 4, "m4a"),
    (b"RIFF", 0, "wav"),
)
_MIME = {"mp3": "audio/mpeg", "m4a": "audio/mp4", "wav": "audio/wav"}


@dataclass(frozen=True)
class Preview:
    """The beginning of a song: the bytes of a file, and what ends its name."""

    sound: bytes
    ending: str

    @property
    def mime(self) -> str:
        return _MIME[self.ending]


def find(workspace: Workspace, artist: str, title: str, track_id: str) -> Preview | None:
    """The preview of a song; None where no service has one, or none can be asked now: the link plays it then."""
    isrc = isrc_of(workspace, track_id)
    for service in (Deezer, Itunes):
        try:
            sound = service.of(workspace).sound(artist, title, isrc)
        except ExpectedError:  # out of reach, over budget: the other one, or the link
            continue
        if sound and (ending := _ending(sound)):
            return Preview(sound, ending)
    return None


def isrc_of(workspace: Workspace, track_id: str) -> str | None:
    """The ISRC of the song that ``track_id`` names, where one is known."""
    songs = workspace.lake.read_or_none(datasets.SONGS)
    if songs is None:
        return None
    known = songs.filter(pl.col("track_ids").list.contains(track_id))["isrc"].drop_nulls()
    return known[0] if len(known) else None


def _ending(sound: bytes) -> str | None:
    return next((ending for sign, at, ending in _KINDS if sound[at : at + len(sign)] == sign), None)
