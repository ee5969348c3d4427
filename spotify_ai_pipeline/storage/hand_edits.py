"""Edits by hand of a list that is about one thing: they say what belongs there, and nothing about other lists."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from spotify_ai_pipeline.storage.state import State


@dataclass(frozen=True)
class HandEdits:
    """The songs that the listener wants on one list, and those that they do not want there."""

    kept: set[str]
    barred: set[str]

    @classmethod
    def of(cls, state: State, name: str) -> HandEdits:
        """All edits of the list ``name`` so far."""
        known: dict[str, list[str]] = state.fact(f"{name} edits") or {"kept": [], "barred": []}
        return cls(set(known["kept"]), set(known["barred"]))

    def with_more(self, added: Iterable[str], removed: Iterable[str]) -> HandEdits:
        added, removed = set(added), set(removed)
        return HandEdits((self.kept | added) - removed, (self.barred | removed) - added)

    def keep(self, state: State, name: str) -> None:
        if self != HandEdits.of(state, name):
            state.set_fact(f"{name} edits", {"kept": sorted(self.kept), "barred": sorted(self.barred)})
