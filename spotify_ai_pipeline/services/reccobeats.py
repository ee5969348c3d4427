"""ReccoBeats: audio features by Spotify id, forty a call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import requests

from spotify_ai_pipeline.music.embedding import AUDIO_COLUMNS
from spotify_ai_pipeline.music.identity.linking import Offer
from spotify_ai_pipeline.services.transport import Transport, json_of
from spotify_ai_pipeline.storage.answers import Answers
from spotify_ai_pipeline.storage.home import Home

TRACKS_A_CALL = 40
SEEDS_A_CALL = 5
KEPT = "reccobeats audio-features"

AUDIO_FEATURES = (*AUDIO_COLUMNS, "key", "mode")


class ReccoBeats:
    """Audio features for Spotify ids; no account needed."""

    def __init__(self, transport: Transport, answers: Answers) -> None:
        self._url, self._session, self._answers = transport.service.url, transport.session, answers

    @classmethod
    def of(cls, home: Home) -> ReccoBeats:
        return cls(Transport("reccobeats", home.settings.services.reccobeats, home.state), home.answers)

    def audio_features(self, track_ids: Sequence[str]) -> Iterator[tuple[Sequence[str], dict[str, dict[str, float]]]]:
        """(ids asked for, features by id) for each call of up to forty ids; ids that are not known have no features.

        What was learned once is kept for good and costs no call. Silence about an id says nothing for good: it is asked again.
        """
        kept = self._answers.get(KEPT, track_ids)
        if kept:
            yield list(kept), {track: _features(row) for track, row in kept.items()}
        wanted = [track for track in track_ids if track not in kept]
        for start in range(0, len(wanted), TRACKS_A_CALL):
            batch = wanted[start : start + TRACKS_A_CALL]
            answer = self._session.get(self._url + "audio-features", params={"ids": ",".join(batch)})
            found = {_track_id(row): row for row in json_of(answer, "ReccoBeats")["content"]}
            self._answers.put(KEPT, {track: _features(row) for track, row in found.items()})
            yield batch, {track: _features(row) for track, row in found.items()}

    def recommendations(self, track_ids: Sequence[str], size: int) -> list[Offer]:
        """Up to ``size`` (100) tracks that sound like up to five others, nearest first, in one call; empty where none of them
        is known."""
        params = {"seeds": ",".join(track_ids[:SEEDS_A_CALL]), "size": size}
        answer = self._session.get(self._url + "track/recommendation", params=params)
        if answer.status_code == requests.codes.not_found:
            return []
        return [
            Offer(
                _track_id(row),
                row["trackTitle"],
                [artist["name"] for artist in row["artists"]],
                row.get("isrc"),
                row.get("durationMs"),
            )
            for row in json_of(answer, "ReccoBeats")["content"]
            if row.get("href") and row.get("artists")
        ]


def _features(row: dict[str, Any]) -> dict[str, float]:
    return {name: float(row[name]) for name in AUDIO_FEATURES if row.get(name) is not None}


def _track_id(row: dict[str, Any]) -> str:
    """Answers come in any order and leave unknown ids out: the link alone says which track a row is."""
    return row["href"].rsplit("/", 1)[-1]
