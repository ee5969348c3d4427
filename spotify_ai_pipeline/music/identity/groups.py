"""Groups: members gathered into songs, each with the reason that joined it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import NamedTuple

from spotify_ai_pipeline.music.identity.matching import song_key

TRACK, SPELLING = "track", "spelling"


class Member(NamedTuple):
    """A Spotify id or a spelling, as overrides and links speak of it."""

    kind: str
    member: str

    @classmethod
    def track(cls, track_id: str) -> Member:
        return cls(TRACK, track_id)

    @classmethod
    def spelling(cls, artist: str, title: str) -> Member:
        return cls(SPELLING, song_key(artist, title))


@dataclass(frozen=True, slots=True)
class Why:
    rule: str
    evidence: str = ""
    score: float | None = None


FIRST = Why("first")
"""Why the leader of a song is in it."""


class Groups:
    """Members in order of standing, gathered into songs: a song is led by its earliest member (union-find)."""

    def __init__(self) -> None:
        self.members: list[Member] = []
        self.why: dict[Member, Why] = {}
        self._place: dict[Member, int] = {}
        self._parent: list[int] = []

    def __contains__(self, member: Member) -> bool:
        return member in self._place

    def add(self, member: Member) -> None:
        if member not in self._place:
            self._place[member] = len(self.members)
            self._parent.append(len(self.members))
            self.members.append(member)

    def leader(self, member: Member) -> Member:
        return self.members[self._root(self._place[member])]

    def join(self, member: Member, other: Member, why: Why) -> None:
        """Makes the songs of both one; ``why`` is told of ``member``, or of the leader that gives way."""
        one, two = self._root(self._place[member]), self._root(self._place[other])
        if one != two:
            low, high = sorted((one, two))
            self._parent[high] = low
            unexplained = member not in self.why and self.leader(member) != member
            told = member if unexplained else self.members[high]
            self.why.setdefault(told, why)

    def songs(self) -> dict[Member, list[Member]]:
        """Each song's members, by leader."""
        gathered: defaultdict[Member, list[Member]] = defaultdict(list)
        for member in self.members:
            gathered[self.leader(member)].append(member)
        return gathered

    def _root(self, place: int) -> int:
        while self._parent[place] != place:
            self._parent[place] = self._parent[self._parent[place]]
            place = self._parent[place]
        return place
