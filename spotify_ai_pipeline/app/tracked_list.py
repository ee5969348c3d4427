"""A playlist of ours whose reads may lag its writes, by seconds and in either direction.

What a write was answered with counts more than what a reading shows: the answer brings a snapshot id, and as long as Spotify
names no other one, nobody else changed the list. So the rows that our own calls must have made are kept (``playlists.Base``). A
reading that shows them is believed at once. A reading that shows others is repeated for as long as reads may lag, and decides
only when it stands still.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.clients.playlist_target import (
    GONE,
    OTHER,
    UNKNOWN_OUTCOME,
    PlaylistTarget,
    Rows,
    TargetRefused,
    songs_in,
)
from spotify_ai_pipeline.clients.spotify import ListChanged
from spotify_ai_pipeline.errors import ExpectedError, Retryable
from spotify_ai_pipeline.music.mix import edit_script
from spotify_ai_pipeline.music.mix.edit_script import Call, Replace, applied
from spotify_ai_pipeline.storage import playlists
from spotify_ai_pipeline.storage.playlists import Base
from spotify_ai_pipeline.storage.state import State

WAITS = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds between readings of a list that does not show what was written."""
LAG = sum(WAITS)
"""Seconds for which a reading may be older than a write."""
SURELY_NULL = 3
"""Readings in a row that show a song as nothing before it counts as gone: one may be a slip."""
UNSEEN = 4
"""Readings in a row that do not show an edit before it counts as one that changed no row, such as a new name of the list."""
LEAST_FEW, FEW = 3, 0.1
"""Three songs, or a tenth of a list, at most are taken for songs that Spotify did not keep; where more is missing, the reading
lags."""


@dataclass(frozen=True)
class Reading:
    """A list as it is, as far as that can be known."""

    rows: list[str]
    """A Spotify id a song, and a token for each row that is none."""
    hidden: frozenset[str] = frozenset()
    """Songs on the list that read back as nothing."""
    unkept: frozenset[str] = frozenset()
    """Songs that were written, and that Spotify did not keep."""
    unclear: frozenset[str] = frozenset()
    """Songs that are on the list unseen, or were taken off it."""
    unplayable: list[str] = field(default_factory=list[str])
    by_others: bool = False
    """Somebody else changed the list since our last call."""

    @property
    def songs(self) -> list[str]:
        return songs_in(self.rows)

    @property
    def empty(self) -> int:
        """Rows of which nobody knows what they were."""
        return _empty(self.rows)

    @property
    def visible(self) -> list[str]:
        """The songs that every reader sees."""
        return [song for song in self.songs if song not in self.hidden]

    def fixed(self, size: int) -> list[str]:
        """Rows that a write of ``size`` songs must leave: all that are no song, where one of them is the listener's. Empty
        rows cannot be named, and so not be removed: they go with a list that is replaced as a whole, and stay otherwise."""
        others = [row for row in self.rows if row.startswith((GONE, OTHER))]
        at_once = size <= edit_script.LARGEST_WRITE and not any(row.startswith(OTHER) for row in others)
        return [] if at_once else others


class TrackedList:
    """The list ``name``, which is ``playlist_id`` on Spotify."""

    def __init__(self, client: PlaylistTarget, state: State, name: str, playlist_id: str) -> None:
        self._client, self._state, self._name, self.playlist_id = client, state, name, playlist_id
        self._base = playlists.base(state, name, playlist_id)

    def read(self, snapshot: str = "") -> Reading:
        """The list before a write. ``snapshot`` is the id of its state, where that is known already."""
        base = self._base
        if base is None:
            return self._take(self._rows(), ())
        if not base.sure:  # a process died in the middle of a call, its answer was lost, or it was refused
            return self._stilled(base.rows, LAG - (clock.now() - base.at), surely=True)
        return self.settled(edited=bool(snapshot) and snapshot not in base.snapshots)

    def begin(self, reading: Reading) -> None:
        """Takes ``reading`` for the list before our write."""
        assert self._base is not None
        self._keep(self._base.rows, self._base.snapshots, before=reading.songs)

    def edit(self, call: Call) -> None:
        """Makes one call. Raises what the client raises; after ``UNKNOWN_OUTCOME`` ask ``after_lost_answer``."""
        base = self._base
        assert base is not None
        self._keep(base.rows, base.snapshots, sure=False)
        try:
            snapshot = self._client.edit(self.playlist_id, call)
        except ExpectedError as error:
            # A call whose answer was lost may have happened; of one that is refused our idea of the rows may be wrong.
            if not isinstance(error, (*UNKNOWN_OUTCOME, TargetRefused)):
                self._keep(base.rows, base.snapshots)
            raise
        self._keep(applied(call, base.rows), [*base.snapshots, *([snapshot] if snapshot else [])])

    def after_lost_answer(self, call: Call) -> Reading:
        """The list after a call of which nobody knows whether it happened."""
        assert self._base is not None
        patience = 0.0 if isinstance(call, Replace) else LAG  # to replace a list twice does no harm
        return self._stilled(applied(call, self._base.rows), patience)

    @property
    def believed(self) -> list[str]:
        """The rows as our calls have made them."""
        assert self._base is not None
        return self._base.rows

    def settled(self, *, edited: bool = False) -> Reading:
        """The list after calls that were answered: what they made of it, or what somebody else made of that.

        Where it is known that it was ``edited``, a reading that does not show that is older, or the edit changed no row.
        """
        base = self._base
        assert base is not None
        known_gone = playlists.unavailable(self._state)
        last: Rows | None = None
        same = False
        nulls, unseen = 0, UNSEEN if edited else 0
        for wait in (*WAITS, WAITS[-1], 0.0):
            rows = self._rows()
            named, _ = named_rows(rows.rows, base.rows)
            hidden = frozenset(songs_in(named)) - set(rows.track_ids)
            same = last is not None and last.rows == rows.rows
            shown = _is(named, base.rows, hidden)
            if shown and unseen:
                unseen -= 1
            elif shown:
                nulls += 1
                if nulls == SURELY_NULL or hidden <= known_gone or not wait:
                    self._keep(named, [*base.snapshots, *([self._snapshot()] if edited else [])])
                    return Reading(named, hidden, unplayable=rows.unplayable)
            elif self._snapshot() not in base.snapshots and same and (rows.track_ids != base.before or not wait):
                return self._take(rows, base.rows, by_others=True)
            last = rows
            if wait:
                self._client.wait(wait)
        assert last is not None
        if self._snapshot() not in base.snapshots:
            raise Retryable(
                "the playlist is being edited on Spotify right now; the next refresh looks again and goes on"
            )
        still = same and last.track_ids != base.before
        unkept = _left_out(songs_in(base.rows), last) if still else frozenset[str]()
        if unkept:
            self._keep(last.rows, base.snapshots)
            return Reading(last.rows, unkept=unkept, unplayable=last.unplayable)
        return Reading(base.rows)

    def _stilled(self, expected: Sequence[str], patience: float, *, surely: bool = False) -> Reading:
        """The list once two readings in a row show the same, ``patience`` seconds from now or later; at once where it shows
        ``expected``, unless it shall be read ``surely`` to the end."""
        waited, last = 0.0, None
        for wait in (*WAITS, *WAITS[-1:] * 2):
            rows = self._rows()
            named, _ = named_rows(rows.rows, expected)
            there = _is(named, expected, frozenset(songs_in(named)) - set(rows.track_ids))
            if (there and not surely) or (waited >= patience and rows.rows == last):
                return self._take(rows, expected)
            last = rows.rows
            self._client.wait(wait)
            waited += wait
        raise Retryable(
            "Spotify shows the playlist otherwise each time it is read; the next refresh looks again and goes on"
        )

    def _take(self, rows: Rows, expected: Sequence[str], *, by_others: bool = False) -> Reading:
        """Takes a reading for the list as it is."""
        named, unclear = named_by_any(rows.rows, [expected, *([self._base.rows] if self._base else [])])
        snapshots = self._base.snapshots if self._base else []
        if unclear:  # noted before the rows are kept: a later reading of the same rows cannot tell
            playlists.note_unavailable(self._state, unclear)
        self._keep(named, [*snapshots, self._snapshot()], before=songs_in(named))
        hidden = frozenset(songs_in(named)) - set(rows.track_ids)
        return Reading(named, hidden, unclear=unclear, unplayable=rows.unplayable, by_others=by_others)

    def _rows(self) -> Rows:
        """The rows as Spotify shows them; where pages of one reading lag apart, they are read again after a wait."""
        for wait in WAITS:
            try:
                return self._client.rows(self.playlist_id)
            except ListChanged:
                self._client.wait(wait)
        return self._client.rows(self.playlist_id)

    def _snapshot(self) -> str:
        return self._client.snapshot_id(self.playlist_id)

    def _keep(
        self, rows: list[str], snapshots: Sequence[str], *, sure: bool = True, before: list[str] | None = None
    ) -> None:
        if before is None:
            before = self._base.before if self._base else []
        self._base = Base(self.playlist_id, rows, before, list(snapshots), clock.now(), sure)
        playlists.keep_base(self._state, self._name, self._base)


def _is(named: list[str], expected: Sequence[str], hidden: Collection[str]) -> bool:
    """Tells whether a reading shows the songs ``expected``. One of another length, with empty rows in the right places,
    is older."""
    return songs_in(named) == songs_in(expected) and (not hidden or len(named) == len(expected))


def named_by_any(rows: list[str], known: Iterable[Sequence[str]]) -> tuple[list[str], frozenset[str]]:
    """Names rows as ``named_rows`` does, by each of the lists that ``rows`` may be, the likeliest first."""
    unclear = set[str]()
    for expected in sorted(
        known, key=lambda one: SequenceMatcher(None, one, rows, autojunk=False).ratio(), reverse=True
    ):
        rows, more = named_rows(rows, expected)
        unclear |= more
    return rows, frozenset(unclear - set(rows))


def named_rows(rows: list[str], expected: Sequence[str]) -> tuple[list[str], frozenset[str]]:
    """(``rows`` with the songs of ``expected`` for the empty rows between the same neighbours, songs of ``expected`` of which it
    cannot be told whether they are one of the empty rows that are left, or gone).

    As many empty rows as ``expected`` holds itself are those: only the others may be songs.
    """
    named, there, found = list(rows), set(rows), dict[int, str]()
    fresh = _empty(rows) - _empty(expected)
    if fresh <= 0:
        return named, frozenset()
    for what, i, i_end, j, j_end in SequenceMatcher(None, expected, rows, autojunk=False).get_opcodes():
        empty = [at for at in range(j, j_end) if rows[at].startswith(GONE)]
        missing = [song for song in songs_in(expected[i:i_end]) if song not in there]
        if what == "replace" and len(empty) == len(missing):
            found |= dict(zip(empty, missing, strict=True))
    lost = set(songs_in(expected)) - there
    if len(found) > fresh:
        return named, frozenset(lost)
    for at, song in found.items():
        named[at] = song
    return named, frozenset(lost - set(found.values()) if len(found) < fresh else ())


def _empty(rows: Iterable[str]) -> int:
    return sum(row.startswith(GONE) for row in rows)


def _left_out(written: list[str], shown: Rows) -> frozenset[str]:
    """The few songs of ``written`` that are not ``shown``, where nothing else is shown in their place; else none. Each empty row
    may be one of them."""
    missing = frozenset(written) - set(shown.track_ids)
    few = len(missing) <= max(len(written) * FEW, LEAST_FEW) + _empty(shown.rows)
    return missing if few and set(shown.track_ids) <= set(written) else frozenset()
