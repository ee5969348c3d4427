"""Sequence: the order of a list, in which artists are spaced and energy does not jump.

Spacing is solved by a rule that looks ahead, not by shuffling until it fits; where there is no order with the full spacing,
artists with too many songs get the widest spacing that leaves them an order. Energy moves songs by a few places at most, and
never where spacing would suffer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

Credits = Sequence[Sequence[str]]
"""Everyone heard on each song."""
Spacings = dict[str, int]
"""Songs between two of each artist."""

FARTHEST = 4
"""Places by which smoothing moves a song away from where the spacing put it, at most."""
SWEEPS = 3
WORTH_MOVING = 0.05
"""Energy (0..1) that a swap of two songs must save between all neighbours it touches."""
LOOKS = 400
"""Swaps that are tried for songs which the rule could not space."""


def sequence(credits: Credits, spacing: int, energy: Sequence[float | None] = ()) -> list[int]:
    """An order of the songs, as indices into ``credits``, that keeps ``spacing`` songs between two with one artist.

    Songs come in the given order as far as that allows. ``energy`` (0..1, None where unknown) smooths what is left open.
    """
    names = [tuple(dict.fromkeys(song)) for song in credits]
    order = _spaced(names, spacing)
    wanted = dict.fromkeys((name for song in names for name in song), spacing)
    return _smoothed(order, names, wanted, energy) if energy else order


def settled(credits: Credits, spacing: int, energy: Sequence[float | None] = ()) -> list[int]:
    """The order that the songs are in, as indices, but for what spaces artists wider: songs that nothing came to and nothing
    left keep their places, and a second look finds nothing to move."""
    wished = dict.fromkeys((name for song in credits for name in song), spacing)
    order = list(range(len(credits)))
    while True:
        again = sequence([credits[song] for song in order], spacing, [energy[song] for song in order] if energy else ())
        spaced = [order[place] for place in again]
        if _shortfall(spaced, credits, wished) >= _shortfall(order, credits, wished):
            return order
        order = spaced


def yielded(credits: Credits, spacing: int) -> dict[str, int]:
    """The artists whose songs, in the order that ``credits`` are in, stand nearer than ``spacing``, with the songs between."""
    last, nearest = dict[str, int](), dict[str, int]()
    for place, names in enumerate(credits):
        for name in names:
            if name in last and (between := place - last[name] - 1) < spacing:
                nearest[name] = min(between, nearest.get(name, spacing))
            last[name] = place
    return nearest


def _spaced(credits: Credits, spacing: int) -> list[int]:
    """The order that spaces best; where none keeps the spacing of all, artists with too many songs yield."""
    wished = dict.fromkeys((name for names in credits for name in names), spacing)
    found: list[list[int]] = []
    for ties in (False, True):
        wanted = _spacings(credits, spacing, ties=ties)
        for rule in (_in_order, _by_need):
            found.append(rule(credits, wanted))
            if not _shortfall(found[-1], credits, wished):
                return found[-1]
    return _repaired(min(found, key=lambda order: _shortfall(order, credits, wished)), credits, wished)


def _spacings(credits: Credits, spacing: int, *, ties: bool) -> Spacings:
    """The spacing of each artist: as wished, or the widest at which its songs fit between the first and last place, beside
    those of other artists with as many (``ties``)."""
    counts = Counter(name for names in credits for name in names)
    with_as_many = Counter(counts.values()) if ties else Counter[int]()
    return {
        name: min(spacing, (len(credits) - max(with_as_many[count], 1)) // (count - 1) - 1) if count > 1 else spacing
        for name, count in counts.items()
    }


def _in_order(credits: Credits, wanted: Spacings) -> list[int]:
    """The songs in the given order; one is passed over while its artists cool down, or where a song behind it is due."""

    def first_free(waiting: list[int], left: Counter[str], ready: dict[str, int], place: int) -> int:
        free = [song for song in waiting if all(ready[name] <= place for name in credits[song])]
        due = _due(left, wanted, len(credits), place)
        chosen = next((song for song in free if not due or not due.isdisjoint(credits[song])), None)
        if chosen is not None:
            return chosen
        return free[0] if free else min(waiting, key=lambda song: max(ready[name] for name in credits[song]))

    return _one_by_one(credits, wanted, first_free)


def _due(left: Counter[str], wanted: Spacings, songs: int, place: int) -> set[str]:
    """The artists of whom one must come at ``place`` if all songs left are to find a place; empty where there is choice.

    An artist's last song is due at the last place, the one before it a spacing earlier, and so on. Where as many songs are
    due up to some place as there are places, the next song must be one of them.
    """
    last = songs - 1
    dues = sorted(
        (last - behind * (wanted[name] + 1), name)
        for name, count in left.items()
        if count > 1
        for behind in range(1, count)
    )
    for rank, (due, _) in enumerate(dues):
        if rank >= due - place:
            return {name for _, name in dues[: rank + 1]}
    return set()


def _by_need(credits: Credits, wanted: Spacings) -> list[int]:
    """The songs of artists with the most songs left first: finds an order wherever each song has one artist and all have the
    same spacing, whatever it does to the order given."""

    def most_needed(waiting: list[int], left: Counter[str], ready: dict[str, int], place: int) -> int:
        return min(
            waiting,
            key=lambda song: (
                max(max(ready[name] - place, 0) for name in credits[song]),
                -max(left[name] * (wanted[name] + 1) for name in credits[song]),
            ),
        )

    return _one_by_one(credits, wanted, most_needed)


def _one_by_one(
    credits: Credits, wanted: Spacings, choose: Callable[[list[int], Counter[str], dict[str, int], int], int]
) -> list[int]:
    """An order that takes at each place what ``choose`` picks, given the songs waiting, the songs left of each artist, the
    first place where each artist may come again, and the place."""
    left = Counter(name for names in credits for name in names)
    ready = dict.fromkeys(left, 0)
    waiting, order = list(range(len(credits))), list[int]()
    while waiting:
        place = len(order)
        chosen = choose(waiting, left, ready, place)
        waiting.remove(chosen)
        order.append(chosen)
        for name in credits[chosen]:
            left[name] -= 1
            ready[name] = place + wanted[name] + 1
    return order


def _shortfall(order: Sequence[int], credits: Credits, wanted: Spacings) -> int:
    """Songs that are missing between songs of one artist, over the whole order."""
    last, missing = dict[str, int](), 0
    for place, song in enumerate(order):
        for name in credits[song]:
            if name in last:
                missing += max(wanted[name] - (place - last[name] - 1), 0)
            last[name] = place
    return missing


def _repaired(order: list[int], credits: Credits, wanted: Spacings) -> list[int]:
    """``order`` with songs that stand too near swapped with others where that helps, for as many looks as there is time."""
    best, looks = _shortfall(order, credits, wanted), LOOKS
    while True:
        before = best
        for place in range(len(order)):
            if _clear(order, place, credits, wanted):
                continue
            for other in range(len(order)):
                if not looks:
                    return order
                looks -= 1
                order[place], order[other] = order[other], order[place]
                if (now := _shortfall(order, credits, wanted)) < best:
                    best = now
                else:
                    order[place], order[other] = order[other], order[place]
        if best == before:
            return order


def _clear(order: Sequence[int], place: int, credits: Credits, wanted: Spacings) -> bool:
    """Tells whether no artist of the song at ``place`` stands nearer to it than wanted."""
    for name in credits[order[place]]:
        near = order[max(place - wanted[name], 0) : place + wanted[name] + 1]
        if sum(name in credits[song] for song in near) > 1:
            return False
    return True


def _smoothed(order: list[int], credits: Credits, wanted: Spacings, energy: Sequence[float | None]) -> list[int]:
    """``order`` with songs swapped that stand near each other, where energy then jumps less and spacing stays as it is."""
    workspace = {song: place for place, song in enumerate(order)}

    def jumps(places: set[int]) -> float:
        total = 0.0
        for place in places:
            if 0 <= place < len(order) - 1:
                one, two = energy[order[place]], energy[order[place + 1]]
                total += abs(one - two) if one is not None and two is not None else 0.0
        return total

    for _ in range(SWEEPS):
        moved = False
        for place in range(len(order)):
            for other in range(place + 1, min(place + FARTHEST, len(order) - 1) + 1):
                one, two = order[place], order[other]
                if abs(workspace[one] - other) > FARTHEST or abs(workspace[two] - place) > FARTHEST:
                    continue
                touched = {place - 1, place, other - 1, other}
                before = jumps(touched)
                order[place], order[other] = two, one
                if (
                    before - jumps(touched) < WORTH_MOVING
                    or not _clear(order, place, credits, wanted)
                    or not _clear(order, other, credits, wanted)
                ):
                    order[place], order[other] = one, two
                else:
                    moved = True
        if not moved:
            break
    return order
