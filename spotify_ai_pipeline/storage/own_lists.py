"""Lists of the listener's own: what each is made of, how long it is and how often it is refreshed."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.durations import DAY
from spotify_ai_pipeline.music.lists.recipe import Recipe
from spotify_ai_pipeline.storage import playlists
from spotify_ai_pipeline.storage.state import State

PREFIX = "list:"
SOON = 0.25 * DAY
"""A list is due so much before its time: a timetable that comes a minute early does not put it off for a day."""


@dataclass(frozen=True)
class OwnList:
    """A list in the listener's words, and what was understood; times are UTC seconds."""

    list_id: int
    """0 while it is a draft."""
    title: str
    words: str
    recipe: Recipe
    size: int
    every_days: int
    max_change: float | None
    """Share of it that one refresh may change; None for as much as of the mix."""
    made_at: float = 0.0
    paused_at: float | None = None
    removed_at: float | None = None

    @property
    def name(self) -> str:
        """Our name for its playlist (see ``storage.playlists``)."""
        return f"{PREFIX}{self.list_id}"


def add(state: State, draft: OwnList) -> OwnList:
    """Keeps a new list, and gives it its number. It is made at the next refresh."""
    values = (
        draft.title, draft.words, draft.recipe.model_dump_json(), draft.size, draft.every_days, draft.max_change, clock.now()
    )  # fmt: skip
    with state.said() as connection:
        row = connection.execute(
            "INSERT INTO lists (title, words, recipe, size, every_days, max_change, made_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING *",
            values,
        ).fetchone()
    return _own(row)


def change(state: State, own: OwnList) -> None:
    """Keeps ``own`` as it is now: its title, recipe, size, times, and whether it is paused or removed. Where what it is made of
    is another, it is due at once."""
    with state.said() as connection:
        connection.execute(
            "UPDATE lists SET title = ?, recipe = ?, size = ?, every_days = ?, max_change = ?, paused_at = ?,"
            " removed_at = ? WHERE list_id = ?",
            (own.title, own.recipe.model_dump_json(), own.size, own.every_days, own.max_change, own.paused_at,
             own.removed_at, own.list_id),
        )  # fmt: skip


def every(state: State) -> list[OwnList]:
    """The lists that there are, the oldest first, those that pause among them."""
    return [_own(row) for row in state.rows("SELECT * FROM lists WHERE removed_at IS NULL ORDER BY list_id")]


def find(state: State, name: str) -> OwnList | None:
    """The list with our name for its playlist, removed or not."""
    number = name.removeprefix(PREFIX)
    rows = state.rows("SELECT * FROM lists WHERE list_id = ?", (int(number),)) if number.isdigit() else []
    return _own(rows[0]) if rows else None


def due(state: State, now: float) -> list[OwnList]:
    """The lists that are to be refreshed at ``now``."""
    return [own for own in every(state) if own.paused_at is None and next_at(state, own) <= now + SOON]


def next_at(state: State, own: OwnList) -> float:
    """Says when the list is due (UTC seconds); at once before its first refresh, and after it was edited."""
    last, asked = playlists.refreshes(state, own.name, 1), state.fact(f"{own.name} asked at") or 0.0
    if not last or asked > last[0].refreshed_at:
        return 0.0
    return last[0].refreshed_at + own.every_days * DAY


def ask(state: State, own: OwnList) -> None:
    """The list is due now, whenever it was refreshed last."""
    state.set_fact(f"{own.name} asked at", clock.now())


def _own(row: sqlite3.Row) -> OwnList:
    values: dict[str, Any] = {**dict(row), "recipe": Recipe.model_validate_json(row["recipe"])}
    return OwnList(**values)
