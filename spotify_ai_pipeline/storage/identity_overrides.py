"""The listener's words on identity: two songs are one, a track is a song of its own, a spelling names a song.

Overrides speak of Spotify ids and spellings, never of song ids, so that they outlive every rebuild of the songs.
"""

from __future__ import annotations

from dataclasses import dataclass

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.music.identity.groups import SPELLING, Member
from spotify_ai_pipeline.music.identity.members import Override
from spotify_ai_pipeline.storage.state import State


@dataclass(frozen=True)
class Named:
    """A Spotify id, or a spelling as (artist, title), as it is kept: ``kind`` is that of ``Member``."""

    kind: str
    name: str

    @classmethod
    def spelling(cls, artist: str, title: str) -> Named:
        return cls(SPELLING, f"{artist}\t{title}")

    @property
    def member(self) -> Member:
        if self.kind != SPELLING:
            return Member(self.kind, self.name)
        artist, title = self.name.split("\t", 1)
        return Member.spelling(artist, title)


@dataclass(frozen=True)
class Said:
    """A kept override; ``words`` say it to the listener."""

    override_id: int
    override: Override
    words: str
    said_at: float


def say(state: State, kind: str, subject: Named, target: Named | None, words: str) -> None:
    """Keeps an override; the same one said again becomes the latest, and a spelling is set to one song only."""
    with state.said() as connection:
        replaced = "kind = ? AND subject_kind = ? AND subject = ?"
        values: list[object] = [kind, subject.kind, subject.name]
        if kind == "same":
            replaced, values = replaced + " AND target = ?", [*values, target.name if target else None]
        connection.execute(f"DELETE FROM identity_overrides WHERE {replaced}", values)
        connection.execute(
            "INSERT INTO identity_overrides (kind, subject_kind, subject, target_kind, target, said, said_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                kind,
                subject.kind,
                subject.name,
                target.kind if target else None,
                target.name if target else None,
                words,
                clock.now(),
            ),
        )


def unsay(state: State, override_id: int) -> bool:
    """Takes an override back; False where there is none of this number."""
    with state.said() as connection:
        return connection.execute("DELETE FROM identity_overrides WHERE override_id = ?", (override_id,)).rowcount > 0


def said(state: State) -> list[Said]:
    """Every override, in the order in which they were said."""
    return [
        Said(
            row["override_id"],
            Override(
                row["kind"],
                Named(row["subject_kind"], row["subject"]).member,
                Named(row["target_kind"], row["target"]).member if row["target"] else None,
            ),
            row["said"],
            row["said_at"],
        )
        for row in state.rows("SELECT * FROM identity_overrides ORDER BY override_id")
    ]
