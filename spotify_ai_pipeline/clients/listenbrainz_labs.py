"""ListenBrainz labs: Spotify ids of recordings and of names, a batch a call, without an account."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from spotify_ai_pipeline.clients.door import Door
from spotify_ai_pipeline.clients.transport import OutOfOrder, Transport, json_of
from spotify_ai_pipeline.clients.wire import Unreachable
from spotify_ai_pipeline.errors import Refused, Retryable
from spotify_ai_pipeline.music.identity.linking import Offer
from spotify_ai_pipeline.music.sieve import MaybeMbid, MaybeText, Record, SpotifyIds, mbid
from spotify_ai_pipeline.storage.workspace import Workspace

ROWS_A_CALL = 100
"""Names sent in one call: kind to a service without published limits."""


class _Row(Record):
    """A recording, or a name, and what is known of it; without ids where it is not on Spotify."""

    recording_mbid: MaybeMbid = None
    artist_name: MaybeText = None
    track_name: MaybeText = None
    spotify_track_ids: Annotated[tuple[str, ...], SpotifyIds] = ()


class LabsError(Retryable):
    """The service did not answer, or not as it used to; what it would have said may be asked for another time."""


class ListenBrainzLabs:
    """The datasets of labs.api.listenbrainz.org that know Spotify ids. What is offered bears the names that the service
    knows it by, for the caller to judge."""

    def __init__(self, transport: Transport) -> None:
        self._url, self._session, self._door = transport.service.url, transport.session, Door(transport)

    @classmethod
    def of(cls, workspace: Workspace) -> ListenBrainzLabs:
        service = workspace.settings.services.listenbrainz_labs
        return cls(Transport("listenbrainz_labs", service, workspace.state, safe_posts=True))

    def by_recording(self, mbids: Sequence[str]) -> dict[str, list[Offer]]:
        """The tracks of each known recording, in one call for at most a hundred MBIDs."""
        rows = self._ask("spotify-id-from-mbid", [{"recording_mbid": key} for key in mbids if mbid(key)])
        return {row.recording_mbid: _offers(row) for row in rows if row and row.recording_mbid}

    def by_name(self, names: Sequence[tuple[str, str, str | None]]) -> list[list[Offer]]:
        """The tracks of each (artist, title, album), in one call for at most a hundred names."""
        asked = [
            {"artist_name": artist, "release_name": album or "", "track_name": title} for artist, title, album in names
        ]
        rows = self._ask("spotify-id-from-metadata", asked)
        if len(rows) == len(asked):
            return [_offers(row) for row in rows]
        found = {_name(row.artist_name, row.track_name): row for row in rows if row}  # unknown names were left out
        return [_offers(found.get(_name(row["artist_name"], row["track_name"]))) for row in asked]

    def _ask(self, dataset: str, rows: list[dict[str, str]]) -> list[_Row | None]:
        if not rows:
            return []
        try:
            answer = json_of(self._session.post(f"{self._url}{dataset}/json", json=rows), "ListenBrainz labs")
        except (Unreachable, OutOfOrder, Refused) as error:
            raise LabsError(f"ListenBrainz labs gave no answer to {dataset} ({error})") from None
        if not isinstance(answer, list):
            raise LabsError(f"ListenBrainz labs sent no list for {dataset}; try again later")
        return self._door.aligned(_Row, answer, dataset)


def _name(artist: str | None, title: str | None) -> tuple[str, str]:
    return (artist or "").casefold(), (title or "").casefold()


def _offers(row: _Row | None) -> list[Offer]:
    if row is None or not row.artist_name or not row.track_name:
        return []
    return [Offer(track_id, row.track_name, [row.artist_name]) for track_id in row.spotify_track_ids]
