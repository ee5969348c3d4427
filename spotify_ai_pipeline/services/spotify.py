"""Spotify: the library, and the playlists that we write, through spotipy.

Written for an app of 2026: playlist rows hold ``item`` (older ones ``track``), playlists are read by their owner or a
collaborator only, and one PUT replaces at most 100 songs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl
import spotipy
from spotipy.oauth2 import SpotifyOauthError

from spotify_ai_pipeline.music.linking import Offer
from spotify_ai_pipeline.music.plays import PLAY, SPOTIFY_RECENT
from spotify_ai_pipeline.problems import Problem
from spotify_ai_pipeline.services import spotify_auth
from spotify_ai_pipeline.services.transport import Transport
from spotify_ai_pipeline.storage.home import Home

PAGE = 50
LARGEST_WRITE = 100
SEARCH_PAGE = 10
LONGEST_QUERY = 250
"""Characters of a search that Spotify takes."""
LIKED = "liked"
"""The list id of the liked songs, beside the ids of playlists."""

LIBRARY = {
    "list_id": pl.String,
    "list_name": pl.String,
    "snapshot_id": pl.String,
    "position": pl.Int64,
    "added_at": pl.Datetime("ms", "UTC"),
    "track_id": pl.String,
    "title": pl.String,
    "artist": pl.String,
    "artists": pl.List(pl.String),
    "album": pl.String,
    "isrc": pl.String,
    "duration_ms": pl.Int64,
    "release_date": pl.String,
}


class SpotifyError(Problem):
    """Spotify refused: says what and what to do."""


@dataclass(frozen=True)
class PlaylistInfo:
    """A row of /me/playlists."""

    playlist_id: str
    name: str
    snapshot_id: str
    items: int
    readable: bool
    """Owned or collaborative: the items of others' playlists are closed."""


class Spotify:
    """The signed-in listener's Spotify."""

    def __init__(self, transport: Transport, auth: spotipy.SpotifyOAuth) -> None:
        self._client = spotipy.Spotify(auth_manager=auth, requests_session=transport.session)  # pyright: ignore[reportArgumentType]  # or a Session
        self._client.prefix = transport.service.url

    @classmethod
    def of(cls, home: Home) -> Spotify:
        if not home.token_file.exists():
            raise SpotifyError("Spotify is not connected; run `spotify-ai login`")
        return cls(Transport("spotify", home.settings.services.spotify, home.state), spotify_auth.oauth(home))

    def user_id(self) -> str:
        return self._call("me")["id"]

    def playlists(self, user_id: str) -> list[PlaylistInfo]:
        """Every playlist in the listener's library: one call for each 50."""
        rows = self._all("current_user_playlists", limit=PAGE)
        return [_playlist(row, user_id) for row in rows if row]

    def liked_pages(self) -> Iterator[tuple[int, pl.DataFrame]]:
        """(total, a page of liked songs), newest first; a call for each page that is taken."""
        offset = total = 0
        while offset <= total:
            page = self._call("current_user_saved_tracks", limit=PAGE, offset=offset)
            total = page["total"]
            yield total, _rows(page["items"], LIKED, "Liked Songs", None, offset)
            offset += PAGE
            if not page["next"]:
                return

    def playlist_items(self, playlist: PlaylistInfo) -> tuple[pl.DataFrame, int]:
        """(the songs of a playlist in order, the number of rows that are no song: removed, local or an episode)."""
        items = list(self._all("playlist_items", playlist.playlist_id, limit=PAGE))
        frame = _rows(items, playlist.playlist_id, playlist.name, playlist.snapshot_id, 0)
        return frame, len(items) - frame.height

    def track_ids(self, playlist_id: str) -> list[str]:
        """The Spotify ids on a playlist now, in order; rows that are no song are left out."""
        return [track["id"] for row in self._all("playlist_items", playlist_id, limit=PAGE) if (track := _track(row))]

    def recently_played(self) -> pl.DataFrame:
        """The last plays that Spotify remembers, 50 at most, oldest first, as plays: one call.

        The stamps are starts or ends; the service does not say which. Plays of less than 30 s and of private sessions are
        not among them.
        """
        page = self._call("current_user_recently_played", limit=PAGE)
        rows = [_played(row, track) for row in page["items"] if (track := _track(row))]
        return pl.DataFrame(rows, schema=PLAY).sort("played_at", maintain_order=True)

    def playlist_exists(self, playlist_id: str) -> bool:
        """Whether the playlist is still in the listener's library."""
        return any(row and row["id"] == playlist_id for row in self._all("current_user_playlists", limit=PAGE))

    def search(self, artist: str, title: str) -> list[Offer]:
        """Up to ten tracks that Spotify finds for a name, best first, in one call of the day's budget."""
        quoted = " ".join(f'{field}:"{_unquoted(text)}"' for field, text in (("track", title), ("artist", artist)))
        answer = self._call("search", quoted[:LONGEST_QUERY], limit=SEARCH_PAGE, type="track")
        return [
            Offer(
                track["id"],
                track["name"],
                [one["name"] for one in track["artists"]],
                (track.get("external_ids") or {}).get("isrc"),
                track["duration_ms"],
            )
            for track in answer["tracks"]["items"]
            if track and track.get("id")
        ]

    def create_playlist(self, name: str, description: str) -> str:
        """The id of a new private playlist."""
        return self._call("current_user_playlist_create", name, public=False, description=description)["id"]

    def replace_items(self, playlist_id: str, track_ids: Sequence[str]) -> str:
        """Makes ``track_ids`` (at most 100) the playlist's content in one call, and gives the new snapshot's id.

        One PUT either happened or did not: no reader ever sees an empty or doubled list.
        """
        if not 0 < len(track_ids) <= LARGEST_WRITE:
            raise ValueError(f"one call replaces 1 to {LARGEST_WRITE} songs, not {len(track_ids)}")
        return self._call("playlist_replace_items", playlist_id, [f"spotify:track:{track}" for track in track_ids])[
            "snapshot_id"
        ]

    def _all(self, method: str, *args: Any, **options: Any) -> Iterator[Any]:
        page = self._call(method, *args, **options)
        while True:
            yield from page["items"]
            if not page["next"]:
                return
            page = self._call("next", page)

    def _call(self, method: str, *args: Any, **options: Any) -> Any:
        try:
            return getattr(self._client, method)(*args, **options)
        except SpotifyOauthError as error:
            raise SpotifyError(f"Spotify needs you to sign in again ({error.error}); run `spotify-ai login`") from None
        except spotipy.SpotifyException as error:
            raise SpotifyError(f"Spotify refused {method} (HTTP {error.http_status}: {error.msg})") from None


def _unquoted(text: str) -> str:
    return text.replace('"', " ")


def _playlist(row: dict[str, Any], user_id: str) -> PlaylistInfo:
    counted = row.get("items") or row.get("tracks") or {}
    readable = row["owner"]["id"] == user_id or bool(row["collaborative"])
    return PlaylistInfo(row["id"], row["name"], row["snapshot_id"], counted.get("total", 0), readable)


def _track(row: dict[str, Any] | None) -> dict[str, Any] | None:
    """The song of a playlist or library row; None where the row is empty, removed, a local file or an episode."""
    track = (row or {}).get("item") or (row or {}).get("track")
    return (
        track
        if track and track.get("id") and track.get("type", "track") == "track" and not track.get("is_local")
        else None
    )


def _rows(
    items: Collection[dict[str, Any]], list_id: str, name: str, snapshot_id: str | None, offset: int
) -> pl.DataFrame:
    rows = [
        (
            list_id,
            name,
            snapshot_id,
            offset + position,
            _time(row.get("added_at")),
            track["id"],
            track["name"],
            track["artists"][0]["name"],
            [artist["name"] for artist in track["artists"]],
            track["album"]["name"],
            (track.get("external_ids") or {}).get("isrc"),
            track["duration_ms"],
            track["album"].get("release_date"),
        )
        for position, row in enumerate(items)
        if (track := _track(row))
    ]
    return pl.DataFrame(rows, schema=LIBRARY, orient="row")


def _played(row: dict[str, Any], track: dict[str, Any]) -> dict[str, Any]:
    context = row.get("context") or {}
    from_list = str(context.get("uri", "")).rsplit(":", 1)[-1] if context.get("type") == "playlist" else None
    return {
        "source": SPOTIFY_RECENT.name,
        "played_at": _time(row["played_at"]),
        "artist": track["artists"][0]["name"],
        "title": track["name"],
        "album": track["album"]["name"],
        "track_id": track["id"],
        "duration_ms": track["duration_ms"],
        "playlist_id": from_list or None,
    }


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
