"""The lists as we last wrote them, and every refresh that was made."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.durations import DAY
from spotify_ai_pipeline.music.mix.target_ids import SPOTIFY
from spotify_ai_pipeline.settings import Settings
from spotify_ai_pipeline.storage.state import State

MIX, ADVENTURE = "mix", "adventure"
FILLED, REFRESHED, VISITED, RETURNED, RESTORED = "filled", "refreshed", "visited", "returned", "restored"
CHANGED = (FILLED, REFRESHED, VISITED, RETURNED, RESTORED)
"""Outcomes of refreshes that changed the list, and can be taken back. ``VISITED``: for a mood that was asked for;
``RETURNED``: back to the list before it."""

UNAVAILABLE_DAYS = 30
"""A song that could not be played is tried again after so long."""

_BASE, MOST_SNAPSHOTS = "base of playlist {}", 300

LISTS = ("before", "after", "changes")

_GIVEN = "title given to playlist {}"

_TARGET, _PUT_ASIDE = "playlist target", "playlists put aside"


def title(settings: Settings, name: str = MIX) -> str:
    """Gives what the living playlist ``name`` is called on Spotify."""
    return {MIX: settings.spotify.playlist_name, ADVENTURE: settings.spotify.adventure_name}[name]


@dataclass(frozen=True)
class Written:
    """A playlist as it was read back after our last write, and what a write that was cut off may have made of it."""

    playlist_id: str
    track_ids: list[str]
    written_at: float
    intended: list[str] | None


@dataclass(frozen=True)
class Base:
    """A playlist as our own calls have made it, and Spotify answered them: what the next call builds on."""

    playlist_id: str
    rows: list[str]
    before: list[str]
    """The songs before our last write."""
    snapshots: list[str]
    """The ids of the states that we made or read, the newest last: any other is somebody else's."""
    at: float
    """When a call was last made (UTC seconds)."""
    sure: bool
    """False while a call is under way, and where its answer was lost."""


@dataclass(frozen=True)
class Refresh:
    """One refresh of a playlist: what it made of the list, and why."""

    refresh_id: int
    playlist: str
    run_id: str
    refreshed_at: float
    outcome: str
    added: int
    removed: int
    note: str
    before: list[str] | None
    after: list[str] | None
    changes: list[dict[str, Any]] | None
    undone_at: float | None


def target(state: State) -> str:
    """Gives what holds our playlists (see ``music.mix.target_ids``)."""
    return state.fact(_TARGET) or SPOTIFY


def moved(state: State) -> bool:
    """Tells whether our playlists were ever on another target than now: older records name songs as that one did."""
    return state.fact(_PUT_ASIDE) is not None


def turn_to(state: State, name: str) -> None:
    """Notes that our playlists are on the target ``name`` from now on. What is known of the living lists on the one before is
    put aside, and what is known of those on this one comes back."""
    if (before := target(state)) == name:
        return
    aside: dict[str, list[list[Any]]] = state.fact(_PUT_ASIDE) or {}
    living = "SELECT name, playlist_id, track_ids, written_at, intended FROM playlists WHERE name NOT LIKE 'snapshot %'"
    with state.said() as connection:
        aside[before] = [list(row) for row in connection.execute(living)]
        connection.execute("DELETE FROM playlists WHERE name NOT LIKE 'snapshot %'")
        connection.executemany(
            "INSERT INTO playlists (name, playlist_id, track_ids, written_at, intended) VALUES (?, ?, ?, ?, ?)",
            aside.pop(name, []),
        )
    state.set_fact(_PUT_ASIDE, aside)
    state.set_fact(_TARGET, name)


def written(state: State, name: str = MIX) -> Written | None:
    """Gives what we know of our playlist ``name``; None before it was made."""
    for row in state.rows("SELECT playlist_id, track_ids, written_at, intended FROM playlists WHERE name = ?", (name,)):
        intended = json.loads(row["intended"]) if row["intended"] else None
        return Written(row["playlist_id"], json.loads(row["track_ids"]), row["written_at"], intended)
    return None


def living(state: State) -> list[Written]:
    """The lists that we keep fresh, whatever their names: copies are not among them."""
    rows = state.rows("SELECT name FROM playlists WHERE name NOT LIKE 'snapshot %' ORDER BY name")
    return [known for row in rows if (known := written(state, row["name"]))]


def base(state: State, name: str, playlist_id: str) -> Base | None:
    """Gives what the next call to our playlist ``name`` builds on; None where that has to be read first."""
    kept = state.fact(_BASE.format(name))
    return Base(**kept) if kept and kept["playlist_id"] == playlist_id else None


def keep_base(state: State, name: str, base: Base | None) -> None:
    """Keeps what the next call builds on, or forgets it."""
    kept = replace(base, snapshots=base.snapshots[-MOST_SNAPSHOTS:]) if base else None
    state.set_fact(_BASE.format(name), kept and vars(kept))


def ours(state: State) -> set[str]:
    """The ids of all playlists that we write: they say nothing of what is in the listener's library."""
    aside: dict[str, list[list[Any]]] = state.fact(_PUT_ASIDE) or {}
    elsewhere = {row[1] for rows in aside.values() for row in rows}
    return {row["playlist_id"] for row in state.rows("SELECT playlist_id FROM playlists")} | elsewhere


def intend(state: State, found: Sequence[str], target: Sequence[str], name: str = MIX) -> None:
    """Notes that the list that was ``found`` is about to be made ``target``: after a crash, our own write is not taken for the
    listener's. Whatever the listener did up to what was found has been noted by then."""
    with state.said() as connection:
        connection.execute(
            "UPDATE playlists SET track_ids = ?, intended = ? WHERE name = ?",
            (json.dumps(list(found)), json.dumps(list(target)), name),
        )


def remember(state: State, playlist_id: str, track_ids: Sequence[str], name: str = MIX) -> None:
    """Notes what was read back after a write."""
    with state.said() as connection:
        connection.execute(
            "INSERT OR REPLACE INTO playlists (name, playlist_id, track_ids, written_at) VALUES (?, ?, ?, ?)",
            (name, playlist_id, json.dumps(list(track_ids)), clock.now()),
        )


def move(state: State, playlist_id: str, name: str = MIX) -> None:
    """Notes that the playlist ``name`` is another one on Spotify now, which is to hold the same songs."""
    with state.said() as connection:
        connection.execute(
            "UPDATE playlists SET playlist_id = ?, intended = track_ids WHERE name = ?", (playlist_id, name)
        )


def title_given(state: State, playlist_id: str) -> str | None:
    """The title that we gave a playlist last; None where none was noted. The listener may have given it another by hand."""
    return state.fact(_GIVEN.format(playlist_id))


def note_title(state: State, playlist_id: str, title: str) -> None:
    state.set_fact(_GIVEN.format(playlist_id), title)


def note_first_title(state: State, name: str, title: str) -> None:
    """Notes that our playlist ``name`` was made as ``title``, where that was not noted: an earlier version made it."""
    known = written(state, name)
    if known is not None and title_given(state, known.playlist_id) is None:
        note_title(state, known.playlist_id, title)


def log_refresh(
    state: State,
    run_id: str,
    added: int,
    removed: int,
    outcome: str,
    note: str = "",
    name: str = MIX,
    *,
    before: Sequence[str] | None = None,
    after: Sequence[str] | None = None,
    changes: Iterable[dict[str, Any]] = (),
) -> None:
    """One row a run and playlist: a step that is retried replaces its own row."""
    run_id = run_id if name == MIX else f"{run_id} {name}"
    lists = [None if ids is None else json.dumps(list(ids)) for ids in (before, after)]
    with state.said() as connection:
        connection.execute(
            "INSERT OR REPLACE INTO refreshes"
            " (playlist, run_id, refreshed_at, added, removed, outcome, note, before, after, changes)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (name, run_id, clock.now(), added, removed, outcome, note, *lists, json.dumps(list(changes))),
        )


def refreshes(state: State, name: str = MIX, limit: int = 20) -> list[Refresh]:
    """The refreshes of playlist ``name``, the latest first."""
    rows = state.rows("SELECT * FROM refreshes WHERE playlist = ? ORDER BY refresh_id DESC LIMIT ?", (name, limit))
    return [_refresh(row) for row in rows]


def first_refreshed_at(state: State, name: str = MIX) -> float | None:
    """Says when playlist ``name`` was first refreshed (UTC seconds); None before."""
    rows = state.rows("SELECT min(refreshed_at) AS at FROM refreshes WHERE playlist = ?", (name,))
    return rows[0]["at"]


def last_change(state: State, name: str = MIX) -> Refresh | None:
    """The latest refresh of playlist ``name`` that changed the list, taken back or not; None where there is none."""
    rows = state.rows(
        f"SELECT * FROM refreshes WHERE playlist = ? AND outcome IN ({', '.join('?' * len(CHANGED))})"
        " AND added + removed > 0 ORDER BY refresh_id DESC LIMIT 1",
        (name, *CHANGED),
    )
    return _refresh(rows[0]) if rows else None


def changes_since(state: State, since: float, name: str = MIX) -> list[Refresh]:
    """The refreshes of playlist ``name`` since ``since`` (UTC seconds) that changed the list and stand, the oldest first."""
    rows = state.rows(
        f"SELECT * FROM refreshes WHERE playlist = ? AND outcome IN ({', '.join('?' * len(CHANGED))})"
        " AND undone_at IS NULL AND refreshed_at > ? AND added + removed > 0 ORDER BY refresh_id",
        (name, *CHANGED, since),
    )
    return [_refresh(row) for row in rows]


def mark_undone(state: State, refresh_id: int) -> None:
    with state.said() as connection:
        connection.execute(
            "UPDATE refreshes SET undone_at = ? WHERE refresh_id = ? AND undone_at IS NULL", (clock.now(), refresh_id)
        )


def note_unavailable(state: State, gone: Iterable[str], back: Iterable[str] = ()) -> None:
    """Keeps the Spotify ids that cannot be played now for ``UNAVAILABLE_DAYS``, and forgets those that can again."""
    with state.said() as connection:
        connection.executemany(
            "INSERT OR REPLACE INTO unavailable VALUES (?, ?)", [(track, clock.now()) for track in gone]
        )
        connection.executemany("DELETE FROM unavailable WHERE track_id = ?", [(track,) for track in back])


def unavailable(state: State) -> set[str]:
    """The Spotify ids that could not be played when they were last seen."""
    since = clock.now() - UNAVAILABLE_DAYS * DAY
    return {row["track_id"] for row in state.rows("SELECT track_id FROM unavailable WHERE noticed_at > ?", (since,))}


def _refresh(row: sqlite3.Row) -> Refresh:
    return Refresh(**{**dict(row), **{key: json.loads(row[key] or "null") for key in LISTS}})
