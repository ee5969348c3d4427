"""ListenBrainz: tags of recordings, a thousand a call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from spotify_ai_pipeline.services.transport import Transport
from spotify_ai_pipeline.storage.answers import Answers
from spotify_ai_pipeline.storage.home import Home

RECORDINGS_A_CALL = 1_000
KEPT = "listenbrainz metadata/recording"


class ListenBrainz:
    """The metadata that ListenBrainz keeps of recordings; no account needed."""

    def __init__(self, transport: Transport, answers: Answers) -> None:
        self._url, self._session, self._answers = transport.service.url, transport.session, answers

    @classmethod
    def of(cls, home: Home) -> ListenBrainz:
        transport = Transport("listenbrainz", home.settings.services.listenbrainz, home.state, safe_posts=True)
        return cls(transport, home.answers)

    def recording_tags(self, mbids: Sequence[str]) -> dict[str, dict[str, float]]:
        """Tags of each known recording with weights 0 to 1 (the share of the most given tag; an artist's tags count half).
        What was learned once is kept for good and costs no call."""
        found: dict[str, dict[str, float]] = self._answers.get(KEPT, mbids)
        wanted = [mbid for mbid in mbids if mbid not in found]
        for start in range(0, len(wanted), RECORDINGS_A_CALL):
            batch = wanted[start : start + RECORDINGS_A_CALL]
            body = {"recording_mbids": list(batch), "inc": "artist tag"}
            answer = self._session.post(self._url + "metadata/recording/", json=body)
            answer.raise_for_status()
            fresh = {mbid: _weights(entry.get("tag") or {}) for mbid, entry in answer.json().items()}
            self._answers.put(KEPT, {mbid: tags for mbid, tags in fresh.items() if tags})
            found |= fresh
        return found


def _weights(tags: dict[str, list[dict[str, Any]]]) -> dict[str, float]:
    weights: dict[str, float] = {}
    for level, share in (("artist", 0.5), ("recording", 1.0)):
        rows = tags.get(level) or []
        most = max((row["count"] for row in rows), default=1) or 1
        weights |= {row["tag"].casefold(): share * row["count"] / most for row in rows if row["count"] > 0}
    return weights
