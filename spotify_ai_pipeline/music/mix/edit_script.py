"""The calls that make one list into another: as few as can be, and no state between them that is worse than the old list.

A list of up to 100 songs takes one PUT: it is the old list or the new, never anything between. A longer one cannot be
replaced in one call. It is changed in three steps: what is new is added at its place, what goes is removed, what stands
elsewhere is moved. At every moment it then holds all songs that stay, none that is foreign to both lists, none twice, and
whoever reads the list can plan the rest from what is there: a plan that was cut off is finished by the next one.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from spotify_ai_pipeline.music.mix.edits import WRITTEN_AT_ONCE

LARGEST_WRITE = WRITTEN_AT_ONCE
"""Songs that one call writes."""


@dataclass(frozen=True)
class Replace:
    """The whole list in one call."""

    tracks: tuple[str, ...]


@dataclass(frozen=True)
class Add:
    """``tracks`` before the row that is at ``at``."""

    tracks: tuple[str, ...]
    at: int


@dataclass(frozen=True)
class Remove:
    """Every row that holds one of ``tracks``."""

    tracks: tuple[str, ...]


@dataclass(frozen=True)
class Move:
    """The ``length`` rows from ``start`` on, put before the row that was at ``before``."""

    start: int
    length: int
    before: int


Call = Replace | Add | Remove | Move


def plan(
    target: Sequence[str], current: Sequence[str], fixed: Sequence[str] = (), at_once: int | None = None
) -> list[Call]:
    """The calls after which a list of the rows ``current`` reads ``target``.

    ``fixed`` are rows of ``current`` that no call can write, such as the listener's local files: they stay, behind the songs.
    ``at_once`` is the length of the longest list that one call can replace, ``LARGEST_WRITE`` by default.
    Raises ``ValueError`` for an empty ``target``, or one that names a song twice: such a list is never written.
    """
    if not target or len(set(target)) < len(target):
        raise ValueError("a list is written with one song or more, none of them twice")
    wanted = [*target, *fixed]
    if list(current) == wanted:
        return []
    if not fixed and len(target) <= (LARGEST_WRITE if at_once is None else at_once):
        return [Replace(tuple(target))]
    calls: list[Call] = []
    rows = list(current)

    def then(call: Call) -> None:
        nonlocal rows
        calls.append(call)
        rows = applied(call, rows)

    doubled = [row for row, times in Counter(rows).items() if times > 1]
    few = max(len(wanted) // 10, 1)
    for start in range(
        0, len(doubled), few
    ):  # a call removes a song wherever it stands: a few at a time, and back at once
        part = tuple(doubled[start : start + few])
        then(Remove(part))
        if back := tuple(row for row in part if row in wanted):
            then(Add(back, len(rows)))
    for run, behind in _runs(wanted, set(rows)):
        at = rows.index(behind) + 1 if behind else 0
        for start, part in enumerate(_parts(run)):
            then(Add(part, at + start * LARGEST_WRITE))
    for part in _parts([row for row in rows if row not in set(wanted)]):
        then(Remove(part))
    while rows != wanted:
        then(_next_move(rows, wanted))
    return calls


def applied(call: Call, rows: Sequence[str]) -> list[str]:
    """Gives what ``call`` makes of ``rows``."""
    match call:
        case Replace(tracks):
            return list(tracks)
        case Add(tracks, at):
            return [*rows[:at], *tracks, *rows[at:]]
        case Remove(tracks):
            return [row for row in rows if row not in set(tracks)]
        case Move(start, length, before):
            block, rest = rows[start : start + length], [*rows[:start], *rows[start + length :]]
            at = before if before <= start else before - length
            return [*rest[:at], *block, *rest[at:]]


def _parts(rows: Sequence[str]) -> list[tuple[str, ...]]:
    return [tuple(rows[start : start + LARGEST_WRITE]) for start in range(0, len(rows), LARGEST_WRITE)]


def _runs(wanted: Sequence[str], there: set[str]) -> list[tuple[list[str], str | None]]:
    """(rows of ``wanted`` that are not ``there`` yet and follow each other, the row before them)."""
    runs: list[tuple[list[str], str | None]] = []
    before: str | None = None
    for row in wanted:
        if row not in there:
            if runs and runs[-1][0][-1] == before:
                runs[-1][0].append(row)
            else:
                runs.append(([row], before))
        before = row
    return runs


def _next_move(rows: Sequence[str], wanted: Sequence[str]) -> Move:
    """The first move of the fewest that order ``rows`` as ``wanted``.

    Rows that follow each other in both lists are one block. The longest run of blocks that stand in the right order stays;
    each other block moves once, behind the row it follows in ``wanted``.
    """
    place = {row: number for number, row in enumerate(wanted)}
    order = [place[row] for row in rows]
    starts = [at for at in range(len(order)) if at == 0 or order[at] != order[at - 1] + 1]
    stays = _longest_rising([order[at] for at in starts])
    ends = [*starts[1:], len(order)]
    start, end = next((start, end) for start, end in zip(starts, ends, strict=True) if order[start] not in stays)
    follows = order[start] - 1
    before = order.index(follows) + 1 if follows >= 0 else 0
    return Move(start, end - start, before)


def _longest_rising(numbers: Sequence[int]) -> set[int]:
    """The longest rising subsequence of distinct ``numbers`` (patience sorting)."""
    tails: list[int] = []
    previous: dict[int, int | None] = {}
    for number in numbers:
        at = bisect_left(tails, number)
        previous[number] = tails[at - 1] if at else None
        tails[at : at + 1] = [number]
    found: set[int] = set()
    last = tails[-1] if tails else None
    while last is not None:
        found.add(last)
        last = previous[last]
    return found
