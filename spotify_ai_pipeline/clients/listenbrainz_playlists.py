"""The playlists of a ListenBrainz user, as a target of ours: recordings by their MusicBrainz ids.

ListenBrainz has no call that replaces a list, and answers an edit with no state: a list is added to, deleted from and moved
in, and read once more after each edit.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Annotated, Any

import requests

from spotify_ai_pipeline.clients.door import Door
from spotify_ai_pipeline.clients.listenbrainz import JSPF, ListenBrainz
from spotify_ai_pipeline.clients.paging import Reading
from spotify_ai_pipeline.clients.playlist_target import OTHER, PlaylistInfo, Rows, TargetFailed, TargetRefused
from spotify_ai_pipeline.clients.transport import Transport, json_of
from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.music.mix.edit_script import Add, Call, Move, Remove, Replace, applied, plan
from spotify_ai_pipeline.music.sieve import MaybeText, Mbid, OrEmpty, Record, Text, mbid
from spotify_ai_pipeline.storage.workspace import Workspace

RECORDING, PLAYLIST = "https://musicbrainz.org/recording/", "https://listenbrainz.org/playlist/"
LINKS = "https://listenbrainz.org/settings/music-services/details/"
PAGE = 100
STEP_BY_STEP = 0
"""Songs of the longest list that one call replaces: there is no such call."""


class _Listing(Record):
    identifier: Text
    title: Text
    annotation: MaybeText = None
    creator: MaybeText = None


class _Listed(Record):
    playlist: _Listing


class _Page(Record):
    playlists: list[Any]


class _Whole(Record):
    track: list[Any]
    extension: Annotated[dict[str, Any], OrEmpty] = {}  # noqa: RUF012  # never changed


class _Answer(Record):
    playlist: _Whole


class _Created(Record):
    playlist_mbid: Mbid


class _Exported(Record):
    external_url: Text


class ListenBrainzPlaylists:
    """The playlists that ``user`` keeps on ListenBrainz; writing takes their token."""

    def __init__(self, reading: Transport, writing: Transport, metadata: ListenBrainz, user: str, token: str) -> None:
        self._url, self._user, self._metadata, self._door = reading.service.url, user, metadata, Door(reading)
        self._reads, self._writes = reading.session, writing.session
        for session in (self._reads, self._writes):
            session.headers["Authorization"] = f"Token {token}"

    @classmethod
    def of(cls, workspace: Workspace) -> ListenBrainzPlaylists:
        secrets, service = workspace.secrets, workspace.settings.services.listenbrainz
        token = secrets.listenbrainz_token.get_secret_value()
        if not (secrets.listenbrainz_user and token):
            raise UserError(
                "playlist.target is listenbrainz, and writing there takes LISTENBRAINZ_USER and LISTENBRAINZ_TOKEN in .env "
                "(https://listenbrainz.org/settings/ shows the token); `spotify-ai setup` asks for both"
            )
        reading, writing = (
            Transport("listenbrainz", service, workspace.state, safe_posts=safe) for safe in (True, False)
        )
        return cls(reading, writing, ListenBrainz.of(workspace), secrets.listenbrainz_user, token)

    def user_id(self) -> str:
        return self._user

    def playlists(self, user_id: str) -> list[PlaylistInfo]:
        """The user's own playlists: a call for each hundred, and one that brings nothing more."""
        found: dict[str, PlaylistInfo] = {}
        reading = Reading("ListenBrainz", "your playlists")
        before: Sequence[object] = ()
        while True:
            params = {"count": PAGE, "offset": reading.rows}
            answer = self._reads.get(f"{self._url}user/{user_id}/playlists", params=params)
            page = self._door.frame(_Page, self._read(answer)).playlists
            if not page:
                return list(found.values())
            for row in (one.playlist for one in self._door.records(_Listed, page, "your playlists")):
                key = row.identifier.rstrip("/").rsplit("/", 1)[-1]
                owned = (row.creator or "").casefold() == user_id.casefold()
                found[key] = PlaylistInfo(key, row.title, "", 0, owned, row.annotation or "")
            reading.another(page, before)
            before = page

    def create_playlist(self, name: str, description: str) -> str:
        """The id of a new private playlist."""
        about = {"title": name, "annotation": description, "extension": {JSPF: {"public": False}}, "track": []}
        return self._door.frame(_Created, self._write("playlist/create", {"playlist": about})).playlist_mbid

    def rename(self, playlist_id: str, name: str, note: Callable[[str], None]) -> None:
        """The edit takes away who else may write, unless it names them."""
        about = self._whole(playlist_id).extension.get(JSPF)
        others = about.get("collaborators") if isinstance(about, dict) else None
        extension = {JSPF: {"collaborators": others}} if others else {}
        self._write(f"playlist/edit/{playlist_id}", {"playlist": {"title": name, "extension": extension}})
        note(playlist_id)

    def rows(self, playlist_id: str) -> Rows:
        return Rows(self._rows_of(self._whole(playlist_id)), [])

    def snapshot_id(self, playlist_id: str) -> str:
        return self._state_of(self._whole(playlist_id))

    def edit(self, playlist_id: str, call: Call) -> str | None:
        """Makes ``call``, and gives the state after it; None where somebody else edited the list meanwhile."""
        before = self._rows_of(self._whole(playlist_id))
        rows = before
        for step in plan(call.tracks, before, at_once=STEP_BY_STEP) if isinstance(call, Replace) else [call]:
            for path, body in _requests(step, rows):
                self._write(f"playlist/{playlist_id}/item/{path}", body)
            rows = applied(step, rows)
        after = self._whole(playlist_id)
        return self._state_of(after) if self._rows_of(after) == rows else None

    def not_found(self, track_ids: Iterable[str]) -> list[str]:
        wanted = list(track_ids)
        known = self._metadata.recordings(wanted)
        return [song for song in wanted if song not in known]

    def export(self, playlist_id: str, service: str) -> str:
        """Has ListenBrainz make a new private playlist on ``service``, which the listener has linked there; its address."""
        path = f"playlist/{playlist_id}/export/{service}?is_public=false"
        return self._door.frame(_Exported, self._write(path, {})).external_url

    def wait(self, seconds: float) -> None:
        time.sleep(seconds)

    def _whole(self, playlist_id: str) -> _Whole:
        """The playlist with its recordings, without their names: one call."""
        answer = self._reads.get(f"{self._url}playlist/{playlist_id}", params={"fetch_metadata": "false"})
        return self._door.frame(_Answer, self._read(answer)).playlist

    def _rows_of(self, whole: _Whole) -> list[str]:
        return [_recording(track) or f"{OTHER}{place}" for place, track in enumerate(whole.track)]

    def _state_of(self, whole: _Whole) -> str:
        """Says when the list was last changed, and what it holds: an older server does not say when."""
        about = whole.extension.get(JSPF)
        changed = about.get("last_modified_at") if isinstance(about, dict) else None
        digest = hashlib.sha256(" ".join(self._rows_of(whole)).encode()).hexdigest()[:16]
        return f"{changed or ''} {digest}".strip()

    def _read(self, answer: requests.Response) -> Any:
        if answer.status_code in (requests.codes.not_found, requests.codes.unauthorized):
            raise TargetRefused(_why(answer), answer.status_code)
        return json_of(answer, "ListenBrainz")

    def _write(self, path: str, body: dict[str, Any]) -> Any:
        answer = self._writes.post(self._url + path, json=body)
        if answer.status_code >= 500:
            raise TargetFailed(f"ListenBrainz broke down over an edit (HTTP {answer.status_code})", answer.status_code)
        if not answer.ok:
            raise TargetRefused(_why(answer), answer.status_code)
        return json_of(answer, "ListenBrainz")


def _why(answer: requests.Response) -> str:
    if answer.status_code == requests.codes.unauthorized:
        return (
            "ListenBrainz does not know this token; check LISTENBRAINZ_TOKEN in .env, or give it to `spotify-ai setup`"
        )
    try:
        said = str(answer.json().get("error"))
    except (ValueError, AttributeError):
        said = f"HTTP {answer.status_code}"
    if "link" in said:  # of a copy to a service
        return f"ListenBrainz says: {said} The page for it is {LINKS}; then give the command again"
    return f"ListenBrainz refused a call for a playlist ({said})"


def _recording(track: object) -> str | None:
    """The recording of a row; None for a row that names none."""
    known = track.get("identifier") if isinstance(track, dict) else None
    link = known[0] if isinstance(known, list) and known else known  # a list since JSPF 1, a string before
    return mbid(link.removeprefix(RECORDING)) if isinstance(link, str) else None


def _requests(call: Call, rows: Sequence[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The calls (path, body) that make ``call`` of a list of ``rows``."""
    match call:
        case Add(tracks, at):
            named = [{"identifier": [RECORDING + song]} for song in tracks]
            yield f"add/{at}", {"playlist": {"track": named}}
        case Move(start, length, before):  # the place is counted without the rows that move
            to = before if before <= start else before - length
            yield "move", {"mbid": rows[start], "from": start, "to": to, "count": length}
        case Remove(tracks):
            for first, count in reversed(_stretches(rows, set(tracks))):  # from the end: what is before keeps its place
                yield "delete", {"index": first, "count": count}
        case Replace():
            raise ValueError("ListenBrainz has no call that replaces a list")


def _stretches(rows: Sequence[str], gone: set[str]) -> list[tuple[int, int]]:
    """(place of the first, number) of rows next to each other that are ``gone``."""
    found: list[tuple[int, int]] = []
    for place, row in enumerate(rows):
        if row in gone:
            first, count = found[-1] if found else (-1, 0)
            if first + count == place and found:
                found[-1] = (first, count + 1)
            else:
                found.append((place, 1))
    return found
