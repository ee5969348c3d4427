"""ListenBrainz labs: Spotify ids of recordings and of names, a batch a call, without an account."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import requests

from spotify_ai_pipeline.clients.transport import Transport
from spotify_ai_pipeline.errors import Retryable
from spotify_ai_pipeline.music.identity.linking import Offer
from spotify_ai_pipeline.storage.workspace import Workspace

ROWS_A_CALL = 100
"""Names sent in one call: kind to a service without published limits."""


class LabsError(Retryable):
    """The service did not answer, or not as it used to; what it would have said may be asked for another time."""


class ListenBrainzLabs:
    """The datasets of labs.api.listenbrainz.org that know Spotify ids. What is offered bears the names that the service
    knows it by, for the caller to judge."""

    def __init__(self, transport: Transport) -> None:
        self._url, self._session = transport.service.url, transport.session

    @classmethod
    def of(cls, workspace: Workspace) -> ListenBrainzLabs:
        service = workspace.settings.services.listenbrainz_labs
        return cls(Transport("listenbrainz_labs", service, workspace.state, safe_posts=True))

    def by_recording(self, mbids: Sequence[str]) -> dict[str, list[Offer]]:
        """The tracks of each known recording, in one call for at most a hundred MBIDs."""
        rows = self._ask("spotify-id-from-mbid", [{"recording_mbid": mbid} for mbid in mbids])
        return {row["recording_mbid"]: _offers(row) for row in rows if row.get("recording_mbid")}

    def by_name(self, names: Sequence[tuple[str, str, str | None]]) -> list[list[Offer]]:
        """The tracks of each (artist, title, album), in one call for at most a hundred names."""
        asked = [
            {"artist_name": artist, "release_name": album or "", "track_name": title} for artist, title, album in names
        ]
        rows = self._ask("spotify-id-from-metadata", asked)
        if len(rows) == len(asked):
            return [_offers(row) for row in rows]
        found = {_name(row): row for row in rows}  # unknown names were left out
        return [_offers(found.get(_name(row), {})) for row in asked]

    def _ask(self, dataset: str, rows: list[dict[str, str]]) -> list[dict[str, Any]]:
        if not rows:
            return []
        try:
            answer = self._session.post(f"{self._url}{dataset}/json", json=rows)
            answer.raise_for_status()
            return answer.json()
        except requests.RequestException as error:
            raise LabsError(f"ListenBrainz labs gave no answer to {dataset} ({type(error).__name__})") from None


def _name(row: dict[str, Any]) -> tuple[str, str]:
    return str(row.get("artist_name") or "").casefold(), str(row.get("track_name") or "").casefold()


def _offers(row: dict[str, Any]) -> list[Offer]:
    artist, title = row.get("artist_name"), row.get("track_name")
    ids = row.get("spotify_track_ids") or []
    return [Offer(track_id, title, [artist]) for track_id in ids] if artist and title else []
