"""ReccoBeats: audio features by Spotify id, forty a call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from spotify_ai_pipeline.music.embedding import AUDIO_COLUMNS
from spotify_ai_pipeline.services.transport import Transport
from spotify_ai_pipeline.storage.home import Home

TRACKS_A_CALL = 40

AUDIO_FEATURES = (*AUDIO_COLUMNS, "key", "mode")


class ReccoBeats:
    """Audio features for Spotify ids; no account needed."""

    def __init__(self, transport: Transport) -> None:
        self._url, self._session = transport.service.url, transport.session

    @classmethod
    def of(cls, home: Home) -> ReccoBeats:
        return cls(Transport("reccobeats", home.settings.services.reccobeats, home.state))

    def audio_features(self, track_ids: Sequence[str]) -> Iterator[tuple[Sequence[str], dict[str, dict[str, float]]]]:
        """(ids asked for, features by id) for each call of up to forty ids; ids that are not known have no features."""
        for start in range(0, len(track_ids), TRACKS_A_CALL):
            batch = track_ids[start : start + TRACKS_A_CALL]
            answer = self._session.get(self._url + "audio-features", params={"ids": ",".join(batch)})
            answer.raise_for_status()
            found = {_track_id(row): row for row in answer.json()["content"]}
            yield batch, {track: _features(row) for track, row in found.items()}


def _features(row: dict[str, Any]) -> dict[str, float]:
    return {name: float(row[name]) for name in AUDIO_FEATURES if row.get(name) is not None}


def _track_id(row: dict[str, Any]) -> str:
    """Answers come in any order and leave unknown ids out: the link alone says which track a row is."""
    return row["href"].rsplit("/", 1)[-1]
