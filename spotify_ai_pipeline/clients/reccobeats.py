"""ReccoBeats: audio features by Spotify id or ISRC, forty a call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import requests

from spotify_ai_pipeline.clients.door import Door
from spotify_ai_pipeline.clients.transport import Transport, json_of
from spotify_ai_pipeline.music.embedding import AUDIO_COLUMNS
from spotify_ai_pipeline.music.identity.linking import Offer
from spotify_ai_pipeline.music.sieve import (
    MaybeIsrc,
    MaybeShare,
    MaybeSpotifyId,
    MaybeText,
    Milliseconds,
    Record,
    SpotifyId,
    Text,
    several,
    within,
)
from spotify_ai_pipeline.storage.response_cache import ResponseCache
from spotify_ai_pipeline.storage.workspace import Workspace

KEYS_A_CALL = 40
SEEDS_A_CALL = 5
KEPT = "reccobeats audio-features"

AUDIO_FEATURES = (*AUDIO_COLUMNS, "key", "mode")


class AudioFeatures(Record):
    """The features of a track; one off its scale is unknown."""

    id: MaybeText = None
    href: MaybeSpotifyId = None
    isrc: MaybeIsrc = None
    acousticness: MaybeShare = None
    danceability: MaybeShare = None
    energy: MaybeShare = None
    instrumentalness: MaybeShare = None
    liveness: MaybeShare = None
    speechiness: MaybeShare = None
    valence: MaybeShare = None
    loudness: Annotated[float | None, within(-100, 10)] = None
    tempo: Annotated[float | None, within(0, 400)] = None
    key: Annotated[float | None, within(-1, 11)] = None
    mode: MaybeShare = None

    def known(self) -> dict[str, float]:
        """Gives what is known, by name."""
        return {name: value for name in AUDIO_FEATURES if (value := getattr(self, name)) is not None}


class Artist(Record):
    name: Text


class Song(Record):
    """A song that is recommended, by its link on Spotify."""

    href: SpotifyId
    trackTitle: Text
    artists: Annotated[tuple[Artist, ...], several(Artist)] = ()
    isrc: MaybeIsrc = None
    durationMs: Milliseconds = None


class Content(Record):
    """The frame of an answer."""

    content: list[Any]


class ReccoBeats:
    """Audio features of recordings; no account needed."""

    def __init__(self, transport: Transport, answers: ResponseCache) -> None:
        self._url, self._session, self._answers = transport.service.url, transport.session, answers
        self._door = Door(transport)

    @classmethod
    def of(cls, workspace: Workspace) -> ReccoBeats:
        return cls(Transport("reccobeats", workspace.settings.services.reccobeats, workspace.state), workspace.answers)

    def audio_features(self, keys: Sequence[str]) -> Iterator[tuple[Sequence[str], dict[str, dict[str, float]]]]:
        """(keys asked for, features by key) for each call of up to forty Spotify ids or ISRCs; unknown keys have no features.

        What was learned once is kept for good and costs no call. Silence about a key says nothing for good: it is asked again.
        """
        kept = self._answers.get(KEPT, keys)
        if kept:
            yield list(kept), kept
        wanted = [key for key in keys if key not in kept]
        for start in range(0, len(wanted), KEYS_A_CALL):
            batch = wanted[start : start + KEYS_A_CALL]
            answer = self._session.get(self._url + "audio-features", params={"ids": ",".join(batch)})
            rows = self._door.frame(Content, json_of(answer, "ReccoBeats")).content
            found = _by_key(self._door.records(AudioFeatures, rows, "audio features"), set(batch))
            self._answers.put(KEPT, found)
            yield batch, found

    def recommendations(self, track_ids: Sequence[str], size: int) -> list[Offer]:
        """Up to ``size`` (100) tracks that sound like up to five others, nearest first, in one call; empty where none of them
        is known."""
        params = {"seeds": ",".join(track_ids[:SEEDS_A_CALL]), "size": size}
        answer = self._session.get(self._url + "track/recommendation", params=params)
        if answer.status_code == requests.codes.not_found:
            return []
        content = self._door.frame(Content, json_of(answer, "ReccoBeats")).content
        rows = [row for row in content if not (isinstance(row, dict) and row.get("href") is None)]  # not on Spotify
        return [
            Offer(song.href, song.trackTitle, [artist.name for artist in song.artists], song.isrc, song.durationMs)
            for song in self._door.records(Song, rows, "recommendations")
            if song.artists
        ]


def _by_key(rows: list[AudioFeatures], asked: set[str]) -> dict[str, dict[str, float]]:
    """Features by what was asked with. Rows come in any order and unknown keys are left out: the link alone says which track
    a row is. Of several recordings with one ISRC the first that says most is taken."""
    found: dict[str, dict[str, float]] = {}
    for row in sorted(rows, key=lambda row: row.href or ""):
        features = row.known()
        for key in (row.href, row.isrc):
            if key in asked and len(features) > len(found.get(key, ())):
                found[key] = features
    return found
