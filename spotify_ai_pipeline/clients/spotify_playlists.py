"""Spotify's playlists: finding them, reading their rows, and each call that changes one.

A write whose answer was lost may have happened: nothing here repeats one without looking first. In which order calls make
one list into another is ``edit_script``; who calls them is ``playlist_writer``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from spotify_ai_pipeline.clients.playlist_target import (
    GONE,
    OTHER,
    UNKNOWN_OUTCOME,
    PlaylistInfo,
    Rows,
    TargetError,
    TargetFailed,
    TargetRefused,
)
from spotify_ai_pipeline.errors import Retryable, UserError
from spotify_ai_pipeline.music.mix.edit_script import LARGEST_WRITE, Add, Call, Move, Remove, Replace

Found = TypeVar("Found")

PAGE = 50
WRITES = 2
LOOKS = (0.0, 1.0, 4.0)
"""Seconds before each look at what became of a write whose answer was lost."""


class SpotifyError(TargetError):
    """A call to Spotify did not bring what was asked for."""


class SpotifyNotConnected(SpotifyError, UserError):
    """Nobody is signed in to Spotify. The message says what to do."""


class LacksPermission(SpotifyError, UserError):
    """The sign-in lacks a scope. The message names it, and says what to do."""


class SpotifyRefused(SpotifyError, TargetRefused):
    """Spotify said no, and nothing was changed."""


class SpotifyBusy(SpotifyError, Retryable):
    """Spotify could not serve the call now, and nothing was changed."""


class Failed(SpotifyError, TargetFailed):
    """Spotify broke down over a call: of one that changes something, nobody knows whether it happened."""


class PlaylistEdits:
    """The client's calls on playlists. Mixed into ``Spotify``, which brings ``wait``, ``_call``, ``_silent`` and
    ``_all``."""

    wait: Callable[[float], None]
    _call: Callable[..., Any]
    _silent: Callable[..., Any]
    _all: Callable[..., Iterator[Any]]

    def rows(self, playlist_id: str) -> Rows:
        """Every row of a playlist now, in order."""
        found: list[str] = []
        unplayable: list[str] = []
        for place, row in enumerate(self._all("playlist_items", playlist_id, limit=PAGE)):
            if track := song_of(row):
                found.append(track["id"])
                if track.get("is_playable") is False:
                    unplayable.append(track["id"])
            else:
                found.append(f"{OTHER if _holds_something(row) else GONE}{place}")
        return Rows(found, unplayable)

    def track_ids(self, playlist_id: str) -> list[str]:
        """The Spotify ids on a playlist now, in order; rows that are no song are left out."""
        return self.rows(playlist_id).track_ids

    def snapshot_id(self, playlist_id: str) -> str:
        """The id of the playlist's state: another one after every change, whoever makes it. One call."""
        return self._call("playlist", playlist_id, fields="snapshot_id")["snapshot_id"]

    def create_playlist(self, name: str, description: str) -> str:
        """The id of a new private playlist."""

        def made() -> str | None:
            rows = self._all("current_user_playlists", limit=PAGE)
            empty = (row for row in rows if row and row["name"] == name and row["description"] == description)
            return next((row["id"] for row in empty if not playlist_of(row, "").items), None)

        return self._write(
            lambda: self._call("current_user_playlist_create", name, public=False, description=description)["id"], made
        )

    def rename(self, playlist_id: str, name: str, note: Callable[[str], None]) -> None:
        """One call, which may be repeated: the name is the same afterwards."""
        self._silent("playlist_change_details", playlist_id, name=name)
        note(playlist_id)

    def replace_items(self, playlist_id: str, track_ids: Sequence[str]) -> str | None:
        """Makes ``track_ids`` (at most 100) the playlist's content in one call, and gives the new snapshot's id.

        One PUT either happened or did not: no reader ever sees an empty or doubled list.
        """
        if not 0 < len(track_ids) <= LARGEST_WRITE:
            raise ValueError(f"one call replaces 1 to {LARGEST_WRITE} songs, not {len(track_ids)}")

        def replaced() -> str | None:
            same = self.track_ids(playlist_id) == list(track_ids)
            return self.snapshot_id(playlist_id) if same else None

        return self._write(
            lambda: self._call("playlist_replace_items", playlist_id, _uris(track_ids)).get("snapshot_id"), replaced
        )

    def edit(self, playlist_id: str, call: Call) -> str | None:
        """Makes one call of a plan, and gives the new snapshot's id. Where the outcome of an addition, a removal or a move is
        unknown it is not repeated: read the list and plan again."""
        match call:
            case Replace(tracks):
                return self.replace_items(playlist_id, tracks)
            case Add(tracks, at):
                answer = self._call("playlist_add_items", playlist_id, _uris(tracks), position=at)
            case Remove(tracks):
                answer = self._call("playlist_remove_all_occurrences_of_items", playlist_id, _uris(tracks))
            case Move(start, length, before):
                answer = self._call("playlist_reorder_items", playlist_id, start, before, range_length=length)
        return answer.get("snapshot_id")

    def not_found(self, track_ids: Iterable[str]) -> list[str]:
        """Those of ``track_ids`` that Spotify does not know (any more): one call each."""
        gone: list[str] = []
        for track in track_ids:
            try:
                self._call("track", track)
            except UNKNOWN_OUTCOME:
                continue
            except SpotifyRefused as error:
                if error.status in (400, 404):
                    gone.append(track)
        return gone

    def _write(self, write: Callable[[], Found], happened: Callable[[], Found | None]) -> Found:
        """Gives what ``write`` gives. Where its outcome is unknown, ``happened`` looks before anything is repeated,
        again and again for as long as reads may lag: it gives what the write would have given, or None where nothing
        was written."""
        for remaining in reversed(range(WRITES)):
            try:
                return write()
            except UNKNOWN_OUTCOME:
                for wait in LOOKS:
                    self.wait(wait)
                    if (found := happened()) is not None:
                        return found
                if not remaining:
                    raise
        raise AssertionError("unreachable: the last write returns or raises")


def playlist_of(row: dict[str, Any], user_id: str) -> PlaylistInfo:
    counted = row.get("items") or row.get("tracks") or {}
    readable = row["owner"]["id"] == user_id or bool(row["collaborative"])
    return PlaylistInfo(
        row["id"], row["name"], row["snapshot_id"], counted.get("total", 0), readable, row.get("description") or ""
    )


def song_of(row: dict[str, Any] | None) -> dict[str, Any] | None:
    """The song of a playlist or library row; None where the row is empty, removed, a local file or an episode."""
    track = (row.get("item") or row.get("track")) if isinstance(row, dict) else None
    if not isinstance(track, dict) or not isinstance(track.get("id"), str) or track.get("is_local"):
        return None
    return track if track["id"] and track.get("type", "track") == "track" else None


def _holds_something(row: dict[str, Any] | None) -> bool:
    return isinstance(row, dict) and bool(row.get("item") or row.get("track"))


def _uris(track_ids: Iterable[str]) -> list[str]:
    return [f"spotify:track:{track}" for track in track_ids]
