"""ListenBrainz: the listens of a user and the tags of recordings, a thousand a call."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, NamedTuple

import polars as pl
import requests

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.clients.door import Door
from spotify_ai_pipeline.clients.paging import Reading
from spotify_ai_pipeline.clients.transport import OutOfOrder, Transport, json_of
from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.music.plays.records import LISTENBRAINZ, PLAY
from spotify_ai_pipeline.music.sieve import (
    EARLIEST,
    LONGEST_MS,
    MaybeFlag,
    MaybeMbid,
    MaybeMoment,
    MaybeReal,
    MaybeSpotifyId,
    MaybeText,
    Mbid,
    Milliseconds,
    Moment,
    OrEmpty,
    Real,
    Record,
    Text,
    Whole,
    mbid,
    several,
    whole,
)
from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline.storage.response_cache import ResponseCache
from spotify_ai_pipeline.storage.workspace import Workspace

RECORDINGS_A_CALL = 1_000
KEPT = "listenbrainz tags of recordings"
LISTENS_A_CALL = 1_000
FIRST_LOOK = 25
NAMES = "listenbrainz recording names"
NOTHING_YET = (requests.codes.no_content, requests.codes.not_found)
JSPF = "https://musicbrainz.org/doc/jspf#playlist"


@dataclass(frozen=True)
class Recording:
    """A recording by its MusicBrainz id."""

    mbid: str
    artist: str
    title: str


class _Mapping(Record):
    recording_mbid: MaybeMbid = None


class _About(_Mapping):
    spotify_id: MaybeSpotifyId = None
    duration_ms: Milliseconds = None
    duration: MaybeReal = None
    media_player: MaybeText = None


class _Metadata(Record):
    artist_name: Text
    track_name: Text
    release_name: MaybeText = None
    additional_info: Annotated[_About, OrEmpty] = _About()
    mbid_mapping: Annotated[_Mapping, OrEmpty] = _Mapping()


class Listen(Record):
    listened_at: Moment
    track_metadata: _Metadata
    recording_msid: MaybeText = None


class _Listens(Record):
    listens: list[Any]
    oldest_listen_ts: MaybeMoment = None


class _ListensAnswer(Record):
    payload: _Listens


class _Validated(Record):
    valid: MaybeFlag = None
    user_name: MaybeText = None


class _Loved(Record):
    recording_mbid: MaybeMbid = None
    created: MaybeMoment = None
    track_metadata: _Metadata


class _LovedAnswer(Record):
    feedback: list[Any]


class _Recommended(Record):
    recording_mbid: Mbid
    score: Real


class _Drawn(Record):
    recording_mbid: Mbid


class _Recommendations(Record):
    mbids: list[Any]


class _RecommendationsAnswer(Record):
    payload: _Recommendations


class _Playlist(Record):
    identifier: Text
    date: MaybeText = None
    extension: Annotated[dict[str, Any], OrEmpty] = {}  # noqa: RUF012  # never changed


class _Made(Record):
    playlist: _Playlist


class _Playlists(Record):
    playlists: list[Any]


class _Tracks(Record):
    track: list[Any]


class _Whole(Record):
    playlist: _Tracks


class _Recording(Record):
    mbid: Mbid
    artist: Text
    title: Text


class _Named(Record):
    name: Text


class _Names(Record):
    artist: _Named
    recording: _Named


class _Vote(Record):
    tag: Text
    count: Whole


class _Votes(Record):
    recording: Annotated[tuple[_Vote, ...], several(_Vote)] = ()
    release_group: Annotated[tuple[_Vote, ...], several(_Vote)] = ()
    artist: Annotated[tuple[_Vote, ...], several(_Vote)] = ()


class _Tagged(Record):
    tag: Annotated[_Votes, OrEmpty] = _Votes()


class ListenBrainzError(UserError):
    """ListenBrainz refused: says what and what to do."""


class RecordingTags(NamedTuple):
    """Tags with weights 0 to 1: what was said of the recording or its release, and of its artist."""

    own: dict[str, float]
    artist: dict[str, float]


class ListenBrainz:
    """The listens of ``user`` and the metadata that ListenBrainz keeps of recordings; both are public."""

    def __init__(self, transport: Transport, answers: ResponseCache, user: str = "", token: str = "") -> None:
        self.user = user
        self._url, self._session, self._answers = transport.service.url, transport.session, answers
        self._door = Door(transport)
        if token:
            self._session.headers["Authorization"] = f"Token {token}"

    @classmethod
    def of(cls, workspace: Workspace) -> ListenBrainz:
        transport = Transport(
            "listenbrainz", workspace.settings.services.listenbrainz, workspace.state, safe_posts=True
        )
        secrets = workspace.secrets
        return cls(
            transport, workspace.answers, secrets.listenbrainz_user, secrets.listenbrainz_token.get_secret_value()
        )

    def first_listen(self) -> datetime | None:
        """The time of the oldest listen, None for a user without any: one call, and a few more where ListenBrainz does not
        know its own oldest stamp (it says 0 then)."""
        newest = self._listens(count=1)
        if newest.oldest_listen_ts is not None or not newest.listens:
            return newest.oldest_listen_ts
        # Walking forward from a stamp gives the listens next to it.
        rows = self._read(self._listens(count=FIRST_LOOK, min_ts=int(EARLIEST.timestamp()) - 1).listens)
        first = min((listen.listened_at for listen in rows), default=None)
        return first if first and not self._there_before(first) else self._search_first()

    def _search_first(self) -> datetime:
        """A moment at most a month before the oldest listen, by halves."""
        low, high = EARLIEST, clock.utc_now()
        while high - low > timedelta(days=31):
            middle = low + (high - low) / 2
            low, high = (low, middle) if self._there_before(middle) else (middle, high)
        return low

    def _there_before(self, moment: datetime) -> bool:
        return bool(self._read(self._listens(count=1, max_ts=int(moment.timestamp())).listens))

    def listens(self, start: datetime, end: datetime) -> pl.DataFrame:
        """The listens in [start, end) as plays, oldest first: one call for each thousand, and one that brings nothing more.

        Pages go back in time by the stamp of the oldest listen, which is asked for again: several may share it. How many a page
        holds is the service's to say: the reading ends with a page without news.
        """
        first, before = int(start.timestamp()), int(end.timestamp())
        rows: dict[tuple[float, str, _Metadata], Listen] = {}
        reading, largest = Reading("ListenBrainz", f"the listens of {start:%Y-%m}"), 0
        while before > first:
            page = self._listens(count=LISTENS_A_CALL, min_ts=first - 1, max_ts=before).listens
            told = {_key(listen): listen for listen in self._read(page)}
            asked_for = {key: listen for key, listen in told.items() if first <= key[0] < before}
            if (told and not asked_for) or (not told and len(page) >= LISTENS_A_CALL):
                raise reading.broken("a page without a listen of the time that was asked for")
            if not asked_for or (asked_for.keys() <= rows.keys() and len(page) < largest):
                break
            largest = max(largest, len(page))
            rows |= asked_for
            reading.rows = len(rows)
            reading.bound()
            before = min(int(min(stamp for stamp, *_ in asked_for)) + 1, before - 1)
        plays = [play(listen) for listen in rows.values()]
        return pl.DataFrame(plays, schema=PLAY).sort("played_at", maintain_order=True)

    def owner_of(self, token: str) -> str | None:
        """The user whose token this is; None for one that nobody has. One call."""
        answer = self._session.get(f"{self._url}validate-token", headers={"Authorization": f"Token {token}"})
        if (
            answer.status_code == requests.codes.unauthorized
        ):  # so say Koito and Maloja; ListenBrainz says it in a good answer
            return None
        told = self._door.frame(_Validated, json_of(answer, "ListenBrainz"))
        return told.user_name if told.valid else None

    def loved(self) -> pl.DataFrame:
        """The recordings that the user loved, as ``datasets.LOVED_SONGS``: a call for each thousand, and one that brings nothing
        more. (The total that the service tells counts hated ones too.)"""
        reading, found = Reading("ListenBrainz", "the loved recordings"), dict[str | _Metadata, _Loved]()
        before: Sequence[object] = ()
        while True:
            params: dict[str, Any] = {"score": 1, "count": LISTENS_A_CALL, "offset": reading.rows, "metadata": "true"}
            answer = self._session.get(f"{self._url}feedback/user/{self.user}/get-feedback", params=params)
            self._must_hand_out(answer)
            page = self._door.frame(_LovedAnswer, json_of(answer, "ListenBrainz")).feedback
            if not page:
                break
            rows = self._door.records(_Loved, page, "loved recordings")
            found |= {row.recording_mbid or row.track_metadata: row for row in rows}
            reading.another(page, before)
            before = page
        told = [
            (
                LISTENBRAINZ.name,
                row.track_metadata.artist_name,
                row.track_metadata.track_name,
                row.recording_mbid,
                row.created,
            )
            for row in found.values()
        ]
        return pl.DataFrame(told, schema=datasets.LOVED_SONGS.schema, orient="row")

    def _listens(self, **params: int) -> _Listens:
        answer = self._session.get(f"{self._url}user/{self.user}/listens", params=params)
        self._must_hand_out(answer)
        if answer.status_code == requests.codes.not_found:
            raise ListenBrainzError(f"ListenBrainz knows no user {self.user}; check LISTENBRAINZ_USER in .env")
        return self._door.frame(_ListensAnswer, json_of(answer, "ListenBrainz")).payload

    def _must_hand_out(self, answer: requests.Response) -> None:
        """Raises ``ListenBrainzError`` for the answer of a server that takes listens by this API and hands none out: Koito has
        no such page, Maloja says "Invalid Method" in a good answer. ListenBrainz says in JSON what it does not find."""
        try:
            told = answer.json()
        except (ValueError, RecursionError):
            missing = answer.status_code == requests.codes.not_found
        else:
            missing = answer.ok and isinstance(told, dict) and "error" in told
        if missing:
            raise ListenBrainzError(
                f"{self._url} does not hand out listens by ListenBrainz' API (Koito and Maloja only take them); take "
                "LISTENBRAINZ_USER out of .env, export your listens there, and `spotify-ai import FILE`"
            )

    def _read(self, rows: Sequence[Any]) -> list[Listen]:
        return self._door.records(Listen, rows, "listens")

    def recommended(self, count: int) -> list[tuple[str, float]]:
        """(recording MBID, score) that collaborative filtering recommends to the user, best first; empty for a user it has
        not computed yet. One call."""
        answer = self._session.get(f"{self._url}cf/recommendation/user/{self.user}/recording", params={"count": count})
        if answer.status_code in NOTHING_YET:
            return []
        rows = self._door.frame(_RecommendationsAnswer, json_of(answer, "ListenBrainz")).payload.mbids
        return [(row.recording_mbid, row.score) for row in self._door.records(_Recommended, rows, "recommendations")]

    def weekly_exploration(self) -> list[Recording]:
        """The newest playlist of songs to explore that was made for the user; empty where there is none. Two calls at most."""
        answer = self._session.get(f"{self._url}user/{self.user}/playlists/createdfor", params={"count": 25})
        if answer.status_code in NOTHING_YET:
            return []
        rows = self._door.frame(_Playlists, json_of(answer, "ListenBrainz")).playlists
        made = [row.playlist for row in self._door.records(_Made, rows, "playlists")]
        found = [playlist for playlist in made if _patch(playlist.extension) == "weekly-exploration"]
        if not found:
            return []
        newest = max(found, key=lambda playlist: playlist.date or "")
        if (key := mbid(newest.identifier.rstrip("/").rsplit("/", 1)[-1])) is None:
            return []
        answer = self._session.get(f"{self._url}playlist/{key}")
        tracks = self._door.frame(_Whole, json_of(answer, "ListenBrainz")).playlist.track
        told = [_recording(track) if isinstance(track, dict) else track for track in tracks]
        return [
            Recording(row.mbid, row.artist, row.title) for row in self._door.records(_Recording, told, "a playlist")
        ]

    def radio(self, tag: str, count: int) -> list[str]:
        """MBIDs of recordings with a tag, drawn by ListenBrainz from the middle of their popularity. One call."""
        params: dict[str, Any] = {"tag": tag, "operator": "OR", "pop_begin": 10, "pop_end": 90, "count": count}
        answer = self._session.get(f"{self._url}lb-radio/tags", params=params)
        rows = json_of(answer, "ListenBrainz")
        if not isinstance(rows, list):
            raise OutOfOrder("ListenBrainz sent no list for its radio; try again later")
        return [row.recording_mbid for row in self._door.records(_Drawn, rows, "radio")]

    def recordings(self, mbids: Sequence[str]) -> dict[str, Recording]:
        """Names of recordings, kept for good: a call for each thousand that are not known."""
        found: dict[str, Any] = self._answers.get(NAMES, mbids)
        for batch in _batches(mbids, found):
            rows = self._metadata(batch, "artist")
            told = [rows[key] for key in rows]
            named = zip(rows, self._door.aligned(_Names, told, "names of recordings"), strict=True)
            fresh = {key: (row.artist.name, row.recording.name) for key, row in named if row}
            self._answers.put(NAMES, fresh)
            found |= fresh
        return {mbid: Recording(mbid, *names) for mbid, names in found.items() if names}

    def recording_tags(self, mbids: Sequence[str]) -> dict[str, RecordingTags]:
        """Tags of each recording that has any, a thousand a call. What was learned once is kept for good and costs no call;
        that there are none is believed for a while."""
        kept: dict[str, Any] = self._answers.get(KEPT, mbids)
        for batch in _batches(mbids, kept):
            rows = self._metadata(batch, "artist tag release")
            told = [rows.get(key) or {} for key in batch]
            tagged = zip(batch, self._door.aligned(_Tagged, told, "tags of recordings"), strict=True)
            fresh = {key: _levels(row.tag) for key, row in tagged if row}
            self._answers.put(KEPT, fresh)
            kept |= fresh
        return {mbid: RecordingTags(**tags) for mbid, tags in kept.items() if tags}

    def _metadata(self, batch: Sequence[str], inc: str) -> dict[str, Any]:
        """Asks what is known of recordings, by those of their ids that were asked for: one call."""
        body = {"recording_mbids": batch, "inc": inc}
        answer = json_of(self._session.post(self._url + "metadata/recording/", json=body), "ListenBrainz")
        if not isinstance(answer, dict):
            raise OutOfOrder("ListenBrainz sent no recordings; try again later")
        return {key: answer[key] for key in batch if key in answer}


def _batches(mbids: Sequence[str], known: Container[str]) -> Iterator[list[str]]:
    """The ids to ask for, a thousand at a time. What is no id is not asked for: the service refuses all for one of them."""
    wanted = [key for key in dict.fromkeys(mbids) if key not in known and mbid(key) == key]
    for start in range(0, len(wanted), RECORDINGS_A_CALL):
        yield wanted[start : start + RECORDINGS_A_CALL]


def _key(listen: Listen) -> tuple[float, str, _Metadata]:
    return listen.listened_at.timestamp(), listen.recording_msid or "", listen.track_metadata


def _patch(extension: dict[str, Any]) -> str:
    """The kind of a playlist that ListenBrainz made, such as weekly-exploration; empty where it does not say."""
    about: Any = extension
    for step in (JSPF, "additional_metadata", "algorithm_metadata"):
        about = about.get(step) if isinstance(about, dict) else None
    return str(about.get("source_patch") or "") if isinstance(about, dict) else ""


def _recording(track: dict[str, Any]) -> dict[str, Any]:
    known = track.get("identifier")
    link = known[0] if isinstance(known, list) and known else known  # a list since JSPF of 2024, a string before
    key = link.rstrip("/").rsplit("/", 1)[-1] if isinstance(link, str) else None
    return {"mbid": key, "artist": track.get("creator"), "title": track.get("title")}


def play(listen: Listen) -> dict[str, Any]:
    """A listen under the names of ``PLAY``."""
    said = listen.track_metadata
    about = said.additional_info
    return {
        "source": LISTENBRAINZ.name,
        "played_at": listen.listened_at,
        "artist": said.artist_name,
        "title": said.track_name,
        "album": said.release_name,
        "track_id": about.spotify_id,
        "track_mbid": said.mbid_mapping.recording_mbid or about.recording_mbid,
        "duration_ms": about.duration_ms or whole((about.duration or 0) * 1_000, 1, LONGEST_MS),
        "device": about.media_player,
    }


def _levels(tags: _Votes) -> dict[str, dict[str, float]] | None:
    """Weights by level, None where there is no tag at all. What was said of the release counts for the recording, where
    nobody said more of the recording itself."""
    found = {"own": _weights(tags.release_group) | _weights(tags.recording), "artist": _weights(tags.artist)}
    return found if any(found.values()) else None


def _weights(rows: Sequence[_Vote]) -> dict[str, float]:
    """Weights 0 to 1: votes as a share of those of the tag with most."""
    most = max((row.count for row in rows), default=0)
    return {row.tag.casefold(): row.count / most for row in rows if row.count > 0}
