"""The songs of a cluster's playlist: the ones most likely to be played, changed within bounds from one time to the next."""

from __future__ import annotations

from collections.abc import Sequence


def bounded(current: Sequence[str], wanted: Sequence[str], size: int, max_change: float) -> list[str]:
    """The next list of at most ``size`` songs, in the order of ``wanted`` (the best first).

    An empty list is filled whole. Else at most ``max_change`` of it leaves and as many come: first those that are not in
    ``wanted`` any more leave, then the least wanted make room. A list that is short is filled up within the same bound.
    """
    rank = {song: place for place, song in enumerate(dict.fromkeys(wanted))}
    best = list(rank)[:size]
    if not current:
        return best
    allowed = max(int(max_change * len(current)), 1)
    gone = [song for song in current if song not in rank][:allowed]
    coming = [song for song in best if song not in set(current)][:allowed]
    displaced = sorted((song for song in current if song in rank and song not in best), key=lambda song: -rank[song])
    crowded = max(len(current) - len(gone) + len(coming) - size, 0)
    out = {*gone, *displaced[: min(crowded, allowed - len(gone))]}
    kept = [song for song in current if song not in out]
    return sorted([*kept, *coming[: max(size - len(kept), 0)]], key=lambda song: rank.get(song, len(rank)))
