"""ListenBrainz: the listens of a user and the tags of recordings, a thousand a call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

import polars as pl
import requests

from spotify_ai_pipeline.clients.transport import Transport, json_of
from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.music.plays.records import LISTENBRAINZ, PLAY
from spotify_ai_pipeline.storage.response_cache import ResponseCache
from spotify_ai_pipeline.storage.workspace import Workspace

RECORDINGS_A_CALL = 1_000
KEPT = "listenbrainz tags of recordings"
LISTENS_A_CALL = 1_000
NAMES = "listenbrainz recording names"
NOTHING_YET = (requests.codes.no_content, requests.codes.not_found)
JSPF = "https://musicbrainz.org/doc/jspf#playlist"


@dataclass(frozen=True)
class Recording:
    """A recording by its MusicBrainz id."""

    mbid: str
    artist: str
    title: str


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
        """The time of the oldest listen, None for a user without any: one call."""
        oldest = self._listens(count=1).get("oldest_listen_ts")
        return datetime.fromtimestamp(oldest, UTC) if oldest else None

    def listens(self, start: datetime, end: datetime) -> pl.DataFrame:
        """The listens in [start, end) as plays, oldest first: one call for each thousand, and at least one.

        Pages go back in time by the stamp of the oldest listen, which is asked for again: several may share it.
        """
        first, before = int(start.timestamp()), int(end.timestamp())
        rows: dict[tuple[int, str, str], dict[str, Any]] = {}
        while before > first:
            page = self._listens(count=LISTENS_A_CALL, min_ts=first - 1, max_ts=before)["listens"]
            rows |= {(row["listened_at"], row["recording_msid"], str(row["track_metadata"])): row for row in page}
            if len(page) < LISTENS_A_CALL:
                break
            oldest = min(row["listened_at"] for row in page)
            before = min(oldest + 1, before - 1)
        plays = [play(row["listened_at"], row["track_metadata"]) for row in rows.values()]
        frame = pl.DataFrame(plays, schema={**PLAY, "played_at": pl.Int64()})
        times = (pl.col("played_at") * 1_000).cast(PLAY["played_at"])
        return frame.with_columns(times, source=pl.lit(LISTENBRAINZ.name)).sort("played_at", maintain_order=True)

    def _listens(self, **params: int) -> dict[str, Any]:
        answer = self._session.get(f"{self._url}user/{self.user}/listens", params=params)
        if answer.status_code == requests.codes.not_found:
            raise ListenBrainzError(f"ListenBrainz knows no user {self.user}; check LISTENBRAINZ_USER in .env")
        return json_of(answer, "ListenBrainz")["payload"]

    def recommended(self, count: int) -> list[tuple[str, float]]:
        """(recording MBID, score) that collaborative filtering recommends to the user, best first; empty for a user it has
        not computed yet. One call."""
        answer = self._session.get(f"{self._url}cf/recommendation/user/{self.user}/recording", params={"count": count})
        if answer.status_code in NOTHING_YET:
            return []
        rows = json_of(answer, "ListenBrainz")["payload"]["mbids"]
        return [(row["recording_mbid"], float(row["score"])) for row in rows]

    def weekly_exploration(self) -> list[Recording]:
        """The newest playlist of songs to explore that was made for the user; empty where there is none. Two calls at most."""
        answer = self._session.get(f"{self._url}user/{self.user}/playlists/createdfor", params={"count": 25})
        if answer.status_code in NOTHING_YET:
            return []
        made = [row["playlist"] for row in json_of(answer, "ListenBrainz")["playlists"]]
        found = [playlist for playlist in made if _patch(playlist) == "weekly-exploration"]
        if not found:
            return []
        newest = max(found, key=lambda playlist: playlist.get("date") or "")
        mbid = newest["identifier"].rstrip("/").rsplit("/", 1)[-1]
        whole = json_of(self._session.get(f"{self._url}playlist/{mbid}"), "ListenBrainz")["playlist"]
        return [_recording(track) for track in whole["track"]]

    def radio(self, tag: str, count: int) -> list[str]:
        """MBIDs of recordings with a tag, drawn by ListenBrainz from the middle of their popularity. One call."""
        params: dict[str, Any] = {"tag": tag, "operator": "OR", "pop_begin": 10, "pop_end": 90, "count": count}
        answer = self._session.get(f"{self._url}lb-radio/tags", params=params)
        return [row["recording_mbid"] for row in json_of(answer, "ListenBrainz")]

    def recordings(self, mbids: Sequence[str]) -> dict[str, Recording]:
        """Names of recordings, kept for good: a call for each thousand that are not known."""
        found: dict[str, Any] = self._answers.get(NAMES, mbids)
        wanted = [mbid for mbid in mbids if mbid not in found]
        for start in range(0, len(wanted), RECORDINGS_A_CALL):
            body = {"recording_mbids": wanted[start : start + RECORDINGS_A_CALL], "inc": "artist"}
            answer = json_of(self._session.post(self._url + "metadata/recording/", json=body), "ListenBrainz")
            fresh = {mbid: (row["artist"]["name"], row["recording"]["name"]) for mbid, row in answer.items()}
            self._answers.put(NAMES, fresh)
            found |= fresh
        return {mbid: Recording(mbid, *names) for mbid, names in found.items() if names}

    def recording_tags(self, mbids: Sequence[str]) -> dict[str, RecordingTags]:
        """Tags of each recording that has any, a thousand a call. What was learned once is kept for good and costs no call;
        that there are none is believed for a while."""
        kept: dict[str, Any] = self._answers.get(KEPT, mbids)
        wanted = [mbid for mbid in dict.fromkeys(mbids) if mbid not in kept]
        for start in range(0, len(wanted), RECORDINGS_A_CALL):
            batch = wanted[start : start + RECORDINGS_A_CALL]
            body = {"recording_mbids": batch, "inc": "artist tag release"}
            answer = json_of(self._session.post(self._url + "metadata/recording/", json=body), "ListenBrainz")
            fresh = {mbid: _levels((answer.get(mbid) or {}).get("tag") or {}) for mbid in batch}
            self._answers.put(KEPT, fresh)
            kept |= fresh
        return {mbid: RecordingTags(**tags) for mbid, tags in kept.items() if tags}


def _patch(playlist: dict[str, Any]) -> str:
    """The kind of a playlist that ListenBrainz made, such as weekly-exploration; empty where it does not say."""
    about = (playlist.get("extension") or {}).get(JSPF) or {}
    made_by = (about.get("additional_metadata") or {}).get("algorithm_metadata") or {}
    return str(made_by.get("source_patch") or "")


def _recording(track: dict[str, Any]) -> Recording:
    known = track.get("identifier") or ""
    link = known if isinstance(known, str) else known[0]  # a list since JSPF of 2024, a string before
    return Recording(link.rstrip("/").rsplit("/", 1)[-1], track.get("creator") or "", track.get("title") or "")


def play(listened_at: int, metadata: dict[str, Any]) -> dict[str, Any]:
    """A listen's ``track_metadata`` under the names of ``PLAY``, the time in seconds."""
    about, mapping = metadata.get("additional_info") or {}, metadata.get("mbid_mapping") or {}
    spotify = str(about.get("spotify_id") or "")
    return {
        "played_at": listened_at,
        "artist": metadata.get("artist_name"),
        "title": metadata.get("track_name"),
        "album": metadata.get("release_name"),
        "track_id": spotify.rsplit("/", 1)[-1] or None,
        "track_mbid": mapping.get("recording_mbid") or about.get("recording_mbid") or None,
        "duration_ms": _milliseconds(about),
        "device": about.get("media_player") or None,
    }


def _milliseconds(about: dict[str, Any]) -> int | None:
    if about.get("duration_ms"):
        return int(about["duration_ms"])
    return int(about["duration"]) * 1_000 if about.get("duration") else None


def _levels(tags: dict[str, list[dict[str, Any]]]) -> dict[str, dict[str, float]] | None:
    """Weights by level, None where there is no tag at all. What was said of the release counts for the recording, where
    nobody said more of the recording itself."""
    found = {
        "own": _weights(tags.get("release_group") or []) | _weights(tags.get("recording") or []),
        "artist": _weights(tags.get("artist") or []),
    }
    return found if any(found.values()) else None


def _weights(rows: list[dict[str, Any]]) -> dict[str, float]:
    """Weights 0 to 1: votes as a share of those of the tag with most."""
    most = max((row["count"] for row in rows), default=0)
    return {row["tag"].casefold(): row["count"] / most for row in rows if row["count"] > 0}
