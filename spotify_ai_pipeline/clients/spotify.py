"""Spotify: the library and the plays of the signed-in listener, through spotipy. What we write: ``spotify_playlists``.

Written for an app of 2026: playlist rows hold ``item`` (older ones ``track``), playlists are read by their owner or a
collaborator only, and one PUT replaces at most 100 songs. Pages of lists are kept by what they are a page of, so that a
reading that was cut goes on where it stopped.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl
import requests
import spotipy

from spotify_ai_pipeline.clients import sign_in, spotify_auth
from spotify_ai_pipeline.clients import spotify_records as records
from spotify_ai_pipeline.clients.door import Door
from spotify_ai_pipeline.clients.paging import Reading
from spotify_ai_pipeline.clients.playlist_target import PlaylistInfo
from spotify_ai_pipeline.clients.reccobeats import AudioFeatures
from spotify_ai_pipeline.clients.spotify_playlists import (
    LOOKS,
    PAGE,
    Failed,
    LacksPermission,
    PlaylistEdits,
    SpotifyBusy,
    SpotifyNotConnected,
    SpotifyRefused,
    song_of,
)
from spotify_ai_pipeline.clients.spotify_records import bucket_of
from spotify_ai_pipeline.clients.transport import Transport, Unreachable
from spotify_ai_pipeline.music.identity.linking import Offer
from spotify_ai_pipeline.music.identity.ratings import album_key
from spotify_ai_pipeline.music.plays.records import PLAY, SPOTIFY_RECENT
from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline.storage.response_cache import ResponseCache
from spotify_ai_pipeline.storage.workspace import Workspace

logging.getLogger("spotipy").setLevel(logging.CRITICAL)  # it prints each refusal, which is said better here

KEPT = "spotify list page"
PAGE_DAYS = 30
"""Days that pages of a list are kept for a reading that was cut."""
ASKS = 3
"""Times that a page is asked for which does not fit the page before it, or a list that changes while it is read."""
ARTIST_OF = "spotify artist of track"
SEARCH_PAGE = 10
LONGEST_QUERY = 250
"""Characters of a search that Spotify takes."""
FEATURES_A_CALL = 100

CLOSED = frozenset({403, 404, 410})
"""Answers to a call that is not open to this app."""

LIKED = "liked"
"""The list id of the liked songs, beside the ids of playlists."""


class ListChanged(SpotifyBusy):
    """A list was edited between two of its pages: it has to be read again from the first."""


@dataclass(frozen=True)
class Album:
    """An album or single; ``released`` is a date, or the month or year where no more is known."""

    album_id: str
    title: str
    released: str


@dataclass(frozen=True)
class _Page:
    """Rows of a list from ``offset`` on; a row that is no song (removed, local, episode, without an id) is None."""

    offset: int
    total: int
    rows: list[dict[str, Any] | None]

    @property
    def end(self) -> int:
        """The offset of the page after this one: by the rows that came, however many were asked for."""
        return self.offset + len(self.rows)

    def follows(self, before: _Page | None) -> bool:
        """Tells whether this can be the page after ``before``: of the same list, and not the same page again."""
        return before is None or (self.total == before.total and self.rows != before.rows)


class _WebApi(spotipy.Spotify):
    """spotipy, with the calls that it makes otherwise than Spotify's contract has them: two of its paths end in a slash, and it
    adds items as a bare array."""

    def me(self) -> Any:
        return self._get("me")

    def album_tracks(self, album_id: str, limit: int = PAGE, offset: int = 0, market: str | None = None) -> Any:
        return self._get(f"albums/{album_id}/tracks", limit=limit, offset=offset, market=market)

    def playlist_add_items(self, playlist_id: str, items: Sequence[str], position: int | None = None) -> Any:
        where = {} if position is None else {"position": position}
        return self._post(f"playlists/{playlist_id}/items", payload={"uris": list(items), **where})


class Spotify(PlaylistEdits):
    """The signed-in listener's Spotify."""

    def __init__(self, transport: Transport, auth: spotify_auth.Auth, answers: ResponseCache) -> None:
        self._transport, self._state, self._answers, self._auth = transport, transport.state, answers, auth
        self._client = _WebApi(auth_manager=auth, requests_session=transport.session)  # pyright: ignore[reportArgumentType]  # or a Session
        self._client.prefix = transport.service.url
        self._door = Door(transport)
        transport.session.hooks["response"].append(_plain_error)

    @classmethod
    def of(cls, workspace: Workspace) -> Spotify:
        if (said := sign_in.sign_in_state(workspace)) != sign_in.SIGNED_IN_STATE:
            raise SpotifyNotConnected(
                "Spotify is not connected; fill in .env (see .env.example) and run `spotify-ai login`"
                if said == "not connected"
                else sign_in.sign_in_trouble(workspace) or sign_in.SIGN_IN_AGAIN
            )
        service = workspace.settings.services.spotify
        transport = Transport("spotify", service, workspace.state, bucket_of=bucket_of)
        return cls(transport, spotify_auth.oauth(workspace), workspace.answers)

    def calls_left(self) -> int:
        """Calls that read and still fit into today's budget."""
        return self._transport.calls_left()

    def wait(self, seconds: float) -> None:
        """Waits, and tells observers of it."""
        self._transport._wait(seconds)

    def user_id(self) -> str:
        """The listener's id: one call a sign-in."""
        if (known := self._state.fact(sign_in.USER)) is None:
            known = self._door.frame(records.Made, self._call("me")).id
            self._state.set_fact(sign_in.USER, known)
        return known

    def may_call(self, path: str) -> bool | None:
        """Tells whether this app may call ``path``, by trying; None where the answer is not clear."""
        try:
            self._call("_get", path)
        except (Failed, Unreachable, LacksPermission):
            return None
        except SpotifyRefused as error:
            return False if error.status in CLOSED else None
        return True

    def playlists(self, user_id: str) -> list[PlaylistInfo]:
        """Every playlist in the listener's library: one call for each 50."""
        rows = [row for row in self._all("current_user_playlists", limit=PAGE) if row]
        return [_listed(row, user_id) for row in self._door.records(records.Listed, rows, "playlists")]

    def liked_pages(self) -> Iterator[tuple[int, pl.DataFrame]]:
        """(total, the songs on a page of liked songs), newest first; a call for each page that is taken and not kept.

        Liked songs have no snapshot id: the first page, always asked for, tells whether the kept ones still hold.
        """
        first = self._page("current_user_saved_tracks", 0)
        mark = hashlib.sha1(json.dumps(vars(first)).encode(), usedforsecurity=False).hexdigest()
        for page in self._pages(f"{LIKED} {mark}", "current_user_saved_tracks", first=first):
            yield page.total, _frame(page, LIKED, "Liked Songs", None)

    def playlist_items(self, playlist: PlaylistInfo) -> tuple[pl.DataFrame, int]:
        """(the songs of a playlist in order, the number of rows that are no song: removed, local or an episode)."""
        for reading in reversed(range(ASKS)):
            key = f"{playlist.playlist_id} {playlist.snapshot_id} {reading}"
            try:
                pages = list(self._pages(key, "playlist_items", playlist.playlist_id))
            except ListChanged:
                if not reading:
                    raise
                continue
            frame = pl.concat(
                [_frame(page, playlist.playlist_id, playlist.name, playlist.snapshot_id) for page in pages]
            )
            return frame, sum(len(page.rows) for page in pages) - frame.height
        raise AssertionError("unreachable: the last reading returns or raises")

    def recently_played(self) -> pl.DataFrame:
        """The last plays that Spotify remembers, 50 at most, oldest first, as plays: one call.

        The stamps are starts or ends; the service does not say which. Plays of less than 30 s and of private sessions are
        not among them.
        """
        page = self._door.frame(records.Rows, self._call("current_user_recently_played", limit=PAGE))
        songs = [row for row in page.items if song_of(row)]
        rows = [_played(row) for row in self._door.records(records.RecentPlay, songs, "recently played")]
        return pl.DataFrame(rows, schema=PLAY).sort("played_at", maintain_order=True)

    def audio_features(self, track_ids: Sequence[str]) -> Iterator[tuple[Sequence[str], dict[str, dict[str, float]]]]:
        """(ids asked for, features by id) for each call of up to a hundred ids, for apps that are ``capable`` of it."""
        for start in range(0, len(track_ids), FEATURES_A_CALL):
            batch = track_ids[start : start + FEATURES_A_CALL]
            answer = self._call("_get", "audio-features", ids=",".join(batch))
            rows = [row for row in self._door.frame(records.Features, answer).audio_features if row]
            found = self._door.records(AudioFeatures, rows, "audio features")
            yield batch, {row.id: row.known() for row in found if row.id is not None and row.id in batch}

    def search(self, artist: str, title: str) -> list[Offer]:
        """Up to ten tracks that Spotify finds for a name, best first, in one call of the day's budget."""
        return self._offers(self._found(track=title, artist=artist), "a search")

    def songs_of_album(self, artist: str, album: str) -> list[Offer]:
        """Up to ten songs of an album, in one call of the day's budget."""
        tracks = [row for row in self._found(album=album, artist=artist) if isinstance(row, dict) and row.get("id")]
        found = self._door.records(records.Track, tracks, "a search")
        return [
            _offer(track) for track in found if track.artists and album_key(track.album.name or "") == album_key(album)
        ]

    def _found(self, **named: str) -> list[Any]:
        quoted = " ".join(f'{field}:"{_unquoted(text)}"' for field, text in named.items())
        answer = self._call("search", quoted[:LONGEST_QUERY], limit=SEARCH_PAGE, type="track")
        return self._door.frame(records.Found, answer).tracks.items

    def recommendations(self, track_ids: Sequence[str], size: int) -> list[Offer]:
        """Up to ``size`` (100) tracks like up to five others, in one call, for apps that are ``capable`` of it."""
        answer = self._call("_get", "recommendations", seed_tracks=",".join(track_ids[:5]), limit=size)
        return self._offers(self._door.frame(records.Tracks, answer).tracks, "recommendations")

    def artist_id(self, track_id: str) -> str | None:
        """The id of a track's first artist, kept for good: a call a track, once."""
        kept = self._answers.get(ARTIST_OF, [track_id])
        if track_id not in kept:
            track = self._door.frame(records.Track, self._call("track", track_id))
            kept[track_id] = next((artist.id for artist in track.artists if artist.id), None)
            self._answers.put(ARTIST_OF, kept)
        return kept[track_id]

    def newest_albums(self, artist_id: str) -> list[Album]:
        """An artist's ten newest albums and singles, in one call."""
        page = self._call("artist_albums", artist_id, include_groups="album,single", limit=SEARCH_PAGE)
        rows = [row for row in self._door.frame(records.Rows, page).items if row]
        albums = self._door.records(records.AlbumRow, rows, "albums of an artist")
        found = [Album(row.id, row.name, row.release_date or "") for row in albums]
        return sorted(found, key=lambda album: album.released, reverse=True)

    def album_tracks(self, album_id: str) -> list[Offer]:
        """The first fifty tracks of an album, in one call."""
        page = self._call("album_tracks", album_id, limit=PAGE)
        return self._offers(self._door.frame(records.Rows, page).items, "songs of an album")

    def liked(self, track_id: str) -> bool:
        """Tells whether a track is among the liked songs: one call."""
        answer = self._call("_get", "me/library/contains", uris=f"spotify:track:{track_id}")
        if not (isinstance(answer, list) and len(answer) == 1 and isinstance(answer[0], bool)):
            raise SpotifyBusy("Spotify does not say whether a song is liked; try again later")
        return answer[0]

    def like(self, track_id: str) -> None:
        """Puts a track into the liked songs; one that is there stays, so that a call whose outcome is unknown is repeated."""
        self._saved("_put", track_id, there=True)

    def unlike(self, track_id: str) -> None:
        """Takes a track out of the liked songs."""
        self._saved("_delete", track_id, there=False)

    def append(self, playlist_id: str, track_id: str) -> bool:
        """Puts a track at the end of a playlist of the listener's own; False where it was on it already."""
        if track_id in self.track_ids(playlist_id):
            return False
        self._write(
            lambda: self._call("playlist_add_items", playlist_id, [f"spotify:track:{track_id}"]),
            lambda: True if track_id in self.track_ids(playlist_id) else None,
        )
        return True

    def _saved(self, method: str, track_id: str, *, there: bool) -> None:
        uri = f"spotify:track:{track_id}"

        def happened() -> bool | None:
            return True if self.liked(track_id) == there else None

        self._write(lambda: self._silent(method, "me/library", uris=uri), happened)
        for wait in LOOKS:
            self.wait(wait)
            if happened():
                break
        else:
            raise SpotifyBusy(f"Spotify took the song {track_id} and reads back another library; try again later")

    def _pages(self, key: str, method: str, *args: Any, first: _Page | None = None) -> Iterator[_Page]:
        """The pages of one state of a list, which ``key`` names; kept ones cost no call. Raises ``ListChanged``."""
        before, more, reading = None, True, Reading("Spotify", "a list")
        while more:
            offset = before.end if before else 0
            page = first if first and not before else self._kept(key, offset)
            asked = page or self._page(method, offset, *args, before=before)
            if before and asked.total != before.total:
                raise ListChanged("a list on Spotify changes while it is read; run the step again")
            if before:
                reading.refuse_repeat(asked.rows, before.rows)
            more = reading.page(len(asked.rows), asked.total)
            if page is None:
                self._answers.put(KEPT, {f"{key} {offset}": vars(asked)}, days=PAGE_DAYS)
            yield asked
            before = asked

    def _kept(self, key: str, offset: int) -> _Page | None:
        kept = self._answers.get(KEPT, [f"{key} {offset}"])
        return next((_Page(**page) for page in kept.values()), None)

    def _page(self, method: str, offset: int, *args: Any, before: _Page | None = None) -> _Page:
        """The page at ``offset``. One that does not fit the page before is asked for again, and believed when it insists."""
        seen: list[_Page] = []
        for _ in range(ASKS):
            answer = self._door.frame(records.PageOf, self._call(method, *args, limit=PAGE, offset=offset))
            page = _Page(
                offset if answer.offset is None else answer.offset, answer.total, self._rows(answer.items, offset)
            )
            if page.offset == offset and page.follows(before) and (page.rows or offset >= page.total):
                return page
            seen.append(page)
        if seen[0].offset == offset and all(page == seen[0] for page in seen):
            return seen[0]
        raise Failed(f"Spotify sends other pages than those asked for ({method}); try again later")

    def _rows(self, items: Sequence[Any], offset: int) -> list[dict[str, Any] | None]:
        """Gives what we keep of rows of the liked songs or of a playlist; None for one that is no song or cannot be
        read."""
        songs = [(place, song) for place, row in enumerate(items) if (song := _row(row))]
        rows: list[dict[str, Any] | None] = [None] * len(items)
        found = self._door.aligned(records.Item, [song for _, song in songs], "a list", offset)
        for (place, _), item in zip(songs, found, strict=True):
            rows[place] = _kept_row(item) if item else None
        return rows

    def _offers(self, rows: Sequence[Any], place: str) -> list[Offer]:
        """The tracks among ``rows`` that have an id, a name and an artist."""
        tracks = [track for track in rows if isinstance(track, dict) and track.get("id")]
        return [_offer(track) for track in self._door.records(records.Track, tracks, place) if track.artists]

    def _all(self, method: str, *args: Any, **options: Any) -> Iterator[Any]:
        """Every row of a list as it is now; one that changes meanwhile is read again."""
        for remaining in reversed(range(ASKS)):
            try:
                return iter(self._whole(method, *args, **options))
            except ListChanged:
                if not remaining:
                    raise
        raise AssertionError("unreachable: the last reading returns or raises")

    def _whole(self, method: str, *args: Any, **options: Any) -> list[Any]:
        """A page begins where the rows of the one before end; no address in an answer is followed."""
        rows, total, more, reading = list[Any](), None, True, Reading("Spotify", "a list")
        while more:
            page = self._door.frame(records.PageOf, self._call(method, *args, **options, offset=len(rows)))
            if total not in (None, page.total):
                raise ListChanged("a list on Spotify changes while it is read; run the step again")
            reading.refuse_repeat(page.items, rows[-len(page.items) :])
            total, more = page.total, reading.page(len(page.items), page.total)
            rows += page.items
        return rows

    def _call(self, method: str, *args: Any, **options: Any) -> Any:
        answer = self._silent(method, *args, **options)
        if answer is None:
            raise Unreachable("spotify", f"an empty answer to {method}")
        return answer

    def _silent(self, method: str, *args: Any, **options: Any) -> Any:
        """Does as ``_call``, for calls that are answered with nothing."""
        try:
            try:
                answer = getattr(self._client, method)(*args, **options)
            except spotipy.SpotifyException as error:
                if error.http_status != 401:
                    raise
                # The token died before its time. Nothing was done with it, so that a write may be repeated as well.
                self._auth.renew()
                answer = getattr(self._client, method)(*args, **options)
        except spotipy.SpotifyException as error:
            said = str(error.msg).rsplit(":\n ", 1)[-1]
            if error.http_status == 403 and "scope" in said.lower():
                raise LacksPermission(_lacking(method, self._auth.workspace), 403) from None
            kind = Failed if error.http_status >= 500 else SpotifyRefused
            raise kind(f"Spotify refused {method} (HTTP {error.http_status}: {said})", error.http_status) from None
        return answer


def _lacking(method: str, workspace: Workspace) -> str:
    """Says why a call is refused for want of a permission, and what to do."""
    lacking = sign_in.lacking_scopes(workspace)
    public = ", which a playlist that you made public needs" if "playlist-modify-public" in lacking else ""
    what = f"{' and '.join(lacking)}{public}" if lacking else "a permission for it"
    return f"Spotify refused {method}: your sign-in lacks {what}; run `spotify-ai login`"


def _plain_error(answer: requests.Response, **_: Any) -> None:
    """Gives an error of another form than Spotify's the form that spotipy takes for granted."""
    if answer.ok:
        return
    try:
        said = answer.json()["error"]
        plain = isinstance(said, dict)
    except (ValueError, TypeError, KeyError, IndexError, RecursionError):
        plain = False
    if not plain:
        answer._content = json.dumps({"error": {"message": "no reason given"}}).encode()


def _offer(track: records.Track) -> Offer:
    artists = [artist.name for artist in track.artists]
    return Offer(track.id, track.name, artists, track.external_ids.isrc, track.duration_ms)


def _listed(row: records.Listed, user_id: str) -> PlaylistInfo:
    readable = row.owner.id == user_id or bool(row.collaborative)
    total = row.items.total or row.tracks.total or 0
    return PlaylistInfo(row.id, row.name or "", row.snapshot_id, total, readable, row.description or "")


def _unquoted(text: str) -> str:
    return text.replace('"', " ")


def _row(row: Any) -> dict[str, Any] | None:
    """The song of a row and when it was added, as they were sent; None where it is no song."""
    song = song_of(row)
    return {"track": song, "added_at": row.get("added_at")} if song else None


def _kept_row(item: records.Item) -> dict[str, Any]:
    """Gives what we keep of a row, as JSON takes it."""
    track, artists = item.track, [artist.name for artist in item.track.artists]
    return {
        "added_at": item.added_at.isoformat() if item.added_at else None,
        "track_id": track.id,
        "title": track.name,
        "artist": artists[0] if artists else None,
        "artists": artists,
        "album": track.album.name,
        "isrc": track.external_ids.isrc,
        "duration_ms": track.duration_ms,
        "release_date": track.album.release_date,
    }


def _frame(page: _Page, list_id: str, name: str, snapshot_id: str | None) -> pl.DataFrame:
    """The songs of a page; a position counts every row of the list, so that it names a row even where an id does not."""
    about = {"list_id": list_id, "list_name": name, "snapshot_id": snapshot_id}
    rows = [
        about | row | {"position": page.offset + place, "added_at": _time(row["added_at"])}
        for place, row in enumerate(page.rows)
        if row
    ]
    return pl.DataFrame(rows, schema=datasets.SPOTIFY_LIBRARY.schema)


def _played(row: records.RecentPlay) -> dict[str, Any]:
    from_list = (row.context.uri or "").rsplit(":", 1)[-1] if row.context.type == "playlist" else None
    return {
        "source": SPOTIFY_RECENT.name,
        "played_at": row.played_at,
        "artist": row.track.artists[0].name if row.track.artists else None,
        "title": row.track.name,
        "album": row.track.album.name,
        "track_id": row.track.id,
        "duration_ms": row.track.duration_ms,
        "playlist_id": from_list or None,
    }


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
