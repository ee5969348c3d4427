"""What the edits of a playlist do to its rows, also when they were meant for an earlier snapshot."""

from __future__ import annotations

from ..shelf import Item


def inserted(now: list[Item], new: list[Item], position: int | None) -> list[Item]:
    """`new` before the row at `position`, at the end without one."""
    at = len(now) if position is None else position
    return now[:at] + new + now[at:]


def removed(now: list[Item], then: list[Item], uris: set[str]) -> list[Item]:
    """Without the rows that held one of `uris` at the snapshot `then`: every occurrence."""
    gone = {item.id for item in then if item.uri in uris}
    return [item for item in now if item.id not in gone]


def moved(now: list[Item], then: list[Item], start: int, before: int, length: int) -> list[Item]:
    """The rows [start, start + length) of the snapshot `then`, put before the row it had at `before`."""
    wanted = then[start : start + length]
    if start <= before <= start + length:
        return now
    block_ids = {item.id for item in wanted}
    block = [item for item in now if item.id in block_ids]
    rest = [item for item in now if item.id not in block_ids]
    anchor = then[before].id if before < len(then) else None
    at = next((k for k, item in enumerate(rest) if item.id == anchor), len(rest))
    return rest[:at] + block + rest[at:]
