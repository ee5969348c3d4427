"""The budget of calls for tags, where a service answers one song, or one artist, a call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

A_CALL_MORE_FOR = 80
"""Songs that may cost a call more than there are of them: 8,000 cost at most 8,100."""
ALWAYS_MORE = 10
"""Calls more that a few new songs may cost, which else would have none to spare for their artists."""


class TagCallBudget:
    """Decides song by song whether its own tags may be asked for.

    The tags of its artist are asked for where it has none of its own, so a call is held back for every artist who may still
    need one: in the worst case the last songs of the list have to do with those.
    """

    def __init__(self, artists: Sequence[str], known: Collection[str]) -> None:
        """``artists`` is the artist of each song in the order of asking; those that are ``known`` cost no call."""
        self._left = len(artists) + max(len(artists) // A_CALL_MORE_FOR, ALWAYS_MORE)
        self._waiting = Counter(artist for artist in artists if artist not in known)

    def take(self) -> bool:
        """Tells whether the next song may be asked about; if so, its call is counted."""
        if self._left <= len(self._waiting):
            return False
        self._left -= 1
        return True

    def answered(self, artist: str) -> None:
        """A song of ``artist`` has tags of its own, and needs those of the artist no more."""
        if artist in self._waiting:
            self._waiting[artist] -= 1
            if not self._waiting[artist]:
                del self._waiting[artist]
