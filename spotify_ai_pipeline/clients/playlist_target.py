"""The services that hold our playlists: Spotify, ListenBrainz or a folder of files, through one interface.

Whoever writes a list (``app/playlist_writer``) knows no more of a target than this. Songs are named by the target's own ids
(``music/mix/target_ids``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from spotify_ai_pipeline.clients.transport import Unreachable
from spotify_ai_pipeline.errors import ExpectedError, Refused, Retryable
from spotify_ai_pipeline.music.mix.edit_script import Call

GONE = "removed "
"""Begins the row of a playlist in which nothing is left: it cannot be named, and so not be removed by itself."""
OTHER = "other "
"""Begins a row of the listener's that no call can write: a local file, an episode."""


class TargetError(ExpectedError):
    """A call did not bring what was asked for. ``status`` is that of the answer, where there was one."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class TargetRefused(TargetError, Refused):
    """The target said no, and nothing was changed."""


class TargetFailed(TargetError, Retryable):
    """The target broke down over a call: of one that changes something, nobody knows whether it happened."""


UNKNOWN_OUTCOME = (TargetFailed, Unreachable)
"""After these, look before anything is repeated."""


@dataclass(frozen=True)
class PlaylistInfo:
    """A playlist without its rows."""

    playlist_id: str
    name: str
    snapshot_id: str
    items: int
    readable: bool
    """Owned or collaborative: the items of others' playlists are closed."""
    description: str = ""


@dataclass(frozen=True)
class Rows:
    """A playlist as it is: an id a song, and a token for each row that is none (see ``GONE`` and ``OTHER``)."""

    rows: list[str]
    unplayable: list[str]
    """Ids of songs that are on the list and cannot be played now."""

    @property
    def track_ids(self) -> list[str]:
        return songs_in(self.rows)


class PlaylistTarget(Protocol):
    """The actions on playlists, whoever holds them."""

    def user_id(self) -> str:
        """The owner of the playlists."""
        ...

    def playlists(self, user_id: str) -> list[PlaylistInfo]:
        """The listener's playlists."""
        ...

    def create_playlist(self, name: str, description: str) -> str:
        """The id of a new playlist."""
        ...

    def rename(self, playlist_id: str, name: str, note: Callable[[str], None]) -> None:
        """Gives a playlist another name. ``note`` is told the id under which it bears it: another one where names are ids, and
        then before the old one goes."""
        ...

    def rows(self, playlist_id: str) -> Rows:
        """Every row of a playlist now, in order."""
        ...

    def snapshot_id(self, playlist_id: str) -> str:
        """The id of the playlist's state: another one after every change, whoever makes it."""
        ...

    def edit(self, playlist_id: str, call: Call) -> str | None:
        """Makes one call of a plan; gives the id of the state after it, where that is known."""
        ...

    def not_found(self, track_ids: Iterable[str]) -> list[str]:
        """Those of ``track_ids`` that the target does not know."""
        ...

    def wait(self, seconds: float) -> None:
        """Waits for what was written to be shown."""
        ...


def songs_in(rows: Iterable[str]) -> list[str]:
    """The ids of songs among ``rows``."""
    return [row for row in rows if not row.startswith((GONE, OTHER))]
