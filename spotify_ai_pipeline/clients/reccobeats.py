"""ReccoBeats: audio features by Spotify id or ISRC, forty a call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import requests

from spotify_ai_pipeline.clients.transport import Transport, json_of
from spotify_ai_pipeline.music.embedding import AUDIO_COLUMNS
from spotify_ai_pipeline.music.identity.linking import Offer
from spotify_ai_pipeline.storage.response_cache import ResponseCache
from spotify_ai_pipeline.storage.workspace import Workspace

KEYS_A_CALL = 40
SEEDS_A_CALL = 5
KEPT = "reccobeats audio-features"

AUDIO_FEATURES = (*AUDIO_COLUMNS, "key", "mode")


class ReccoBeats:
    """Audio features of recordings; no account needed."""

    def __init__(self, transport: Transport, answers: ResponseCache) -> None:
        self._url, self._session, self._answers = transport.service.url, transport.session, answers

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
            found = _by_key(json_of(answer, "ReccoBeats")["content"], set(batch))
            self._answers.put(KEPT, found)
            yield batch, found

    def recommendations(self, track_ids: Sequence[str], size: int) -> list[Offer]:
        """Up to ``size`` (100) tracks that sound like up to five others, nearest first, in one call; empty where none of them
        is known."""
        params = {"seeds": ",".join(track_ids[:SEEDS_A_CALL]), "size": size}
        answer = self._session.get(self._url + "track/recommendation", params=params)
        if answer.status_code == requests.codes.not_found:
            return []
        return [
            Offer(
                row["href"].rsplit("/", 1)[-1],
                row["trackTitle"],
                [artist["name"] for artist in row["artists"]],
                row.get("isrc"),
                row.get("durationMs"),
            )
            for row in json_of(answer, "ReccoBeats")["content"]
            if row.get("href") and row.get("artists")
        ]


def _by_key(rows: list[dict[str, Any]], asked: set[str]) -> dict[str, dict[str, float]]:
    """Features by what was asked with. Rows come in any order and unknown keys are left out: the link alone says which track
    a row is. Of several recordings with one ISRC the first that says most is taken."""
    found: dict[str, dict[str, float]] = {}
    for row in sorted(rows, key=lambda row: str(row["href"])):
        features = {name: float(row[name]) for name in AUDIO_FEATURES if row.get(name) is not None}
        for key in (row["href"].rsplit("/", 1)[-1], row.get("isrc")):
            if key in asked and len(features) > len(found.get(key, ())):
                found[key] = features
    return found
