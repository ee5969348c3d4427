"""Selection: the songs that make a list, moved from what it holds towards what it should, a little at a time.

Each slot has a quota. A refresh swaps songs: the best that wait for the least worth on the list, the greatest gain first. A swap
must gain something worth noticing (``MARGIN``), so that songs of equal worth do not come and go.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict, Unpack

import polars as pl

from spotify_ai_pipeline.music.mix.shares import change_cap, quotas
from spotify_ai_pipeline.music.taste.ranking import CORE, DISCOVERY, EXPLORATION, SLOTS
from spotify_ai_pipeline.settings import Playlist

MARGIN = 0.05
"""The least gain in score that is worth a swap.

Found at two refreshes a day on 38 listeners: at 0 the list changes 20 songs a week and holds no more of what is played than
at this margin with 16; at three times the margin it begins to hold less.
"""

KEENNESS = {CORE: 1.0, EXPLORATION: 2.0, DISCOVERY: 1.0}
"""How much a gain within each slot counts. A song brought back is worth little, so that few swaps among them would gain the
margin, and the slot would keep songs that others have long passed.

Weekly lists of 38 listeners that were left out of the fit: .272 of the songs brought back are heard at 1, .286 at 2, .294 at
4, and the lists hold as much of what is played. At two refreshes a day the changes of a week bind: 4 costs .0025 of the plays.
"""

LEEWAY = 3
"""Songs by which core and exploration may leave their quota where that gains."""

CREDITS = "credits"
"""Optional column of the ranked songs: everyone heard on a song, a list of names or numbers, by which artists are capped."""

SLOT_WORDS = {CORE: "in rotation", EXPLORATION: "brought back", DISCOVERY: "on trial"}

_WAITING = 3
"""Songs that wait for a slot are looked at as far as so many times the size of the list."""


@dataclass(frozen=True)
class Chosen:
    """The songs of a list, and why each song left that gave way to another."""

    songs: pl.DataFrame
    why: Mapping[object, str]


class Limits(TypedDict, total=False):
    """The bounds of a selection, see ``choose``."""

    pinned: Collection[object]
    banned: Collection[object]
    resting: Collection[object]
    loyalty: float
    artist_cap: int | None
    most: int | None
    leeway: int


def select(
    ranked: pl.DataFrame, current: Sequence[object], playlist: Playlist, **limits: Unpack[Limits]
) -> pl.DataFrame:
    """The rows of ``ranked`` that make the list, best first, with ``is_new``: the songs of ``choose``."""
    return choose(ranked, current, playlist, **limits).songs


def choose(
    ranked: pl.DataFrame,
    current: Sequence[object],
    playlist: Playlist,
    *,
    pinned: Collection[object] = (),
    banned: Collection[object] = (),
    resting: Collection[object] = (),
    loyalty: float = 1.0,
    artist_cap: int | None = None,
    most: int | None = None,
    leeway: int = LEEWAY,
) -> Chosen:
    """The rows of ``ranked`` (song_id, slot, score, ...) that make the list, best first, with ``is_new``, and why others left.

    ``current`` are the song ids on the list now; empty means a first fill. At most ``most`` songs come in, else as many as one
    refresh may change. Slots leave their quotas by up to ``leeway`` songs where that gains. Pinned songs stay and come, banned
    songs go, ``resting`` songs come only where the list would be short. No artist gets more than ``artist_cap`` songs unless
    the list would be short. ``loyalty`` multiplies the scores of the songs on the list. A list that the listener made longer
    than it should be is shortened within the cap. Where more songs went than may come in, the list is short until the next
    refresh.
    """
    on_list = pl.col("song_id").is_in(list(current))
    eligible = ranked.filter(~pl.col("song_id").is_in(list(banned))).with_columns(
        is_new=~on_list, merit=pl.col("score").fill_null(float("-inf")) * pl.when(on_list).then(loyalty).otherwise(1.0)
    )
    rests = pl.col("is_new") & pl.col("song_id").is_in(list(resting))
    quota = quotas(dict(eligible.filter(~rests).group_by("slot").len().iter_rows()), playlist)
    looked_at = _WAITING * playlist.target_size
    held = pl.col("song_id").is_in(list(pinned))
    songs = eligible.filter(
        ~pl.col("is_new")
        | held
        | (pl.col("merit").rank("ordinal", descending=True).over("slot", "is_new", rests) <= looked_at)
    ).with_columns(held=held, rests=rests)
    moves = _Moves(
        songs.sort("merit", descending=True, maintain_order=True), playlist.target_size, quota, artist_cap, leeway
    )
    if current:
        moves.refresh(change_cap(playlist) if most is None else most)
    else:
        moves.fill()
    chosen = eligible.filter(pl.col("song_id").is_in(list(moves.listed)))
    return Chosen(chosen.sort("merit", descending=True, maintain_order=True).drop("merit"), moves.why)


@dataclass
class _Song:
    song_id: object
    slot: str
    merit: float
    credits: Sequence[object]
    held: bool
    rests: bool
    tired: bool


def _gain(new: _Song, old: _Song) -> float:
    """Gives what a swap gains in score."""
    return (new.merit - old.merit) * (KEENNESS[new.slot] if new.slot == old.slot else 1.0)


class _Moves:
    """A list in the making: who is on it, who waits, and how full each slot and each artist is."""

    def __init__(self, songs: pl.DataFrame, size: int, quota: Mapping[str, int], cap: int | None, leeway: int) -> None:
        optional = {CREDITS: pl.lit([], pl.List(pl.String)), "tired": pl.lit(False)}
        missing = [value.alias(name) for name, value in optional.items() if name not in songs.columns]
        wanted = "song_id", "slot", "merit", CREDITS, "held", "rests", "tired"
        known = [
            _Song(song_id, slot, merit, credits or (), held, rests, tired or False)
            for song_id, slot, merit, credits, held, rests, tired in songs.with_columns(missing)
            .select(wanted)
            .iter_rows()
        ]
        self.size, self.quota, self.cap, self.leeway = size, quota, cap, leeway
        self.listed = {song.song_id: song for song, new in zip(known, songs["is_new"], strict=True) if not new}
        self.waiting = [song for song, new in zip(known, songs["is_new"], strict=True) if new]
        self.slots = Counter(song.slot for song in self.listed.values())
        self.artists = Counter(name for song in self.listed.values() for name in song.credits)
        self.why: dict[object, str] = {}

    def fill(self) -> None:
        """A first list: pinned songs, then each slot's best up to its quota, then whoever is left; settled, so that the next
        refresh finds nothing to change."""
        for song in [song for song in self.waiting if song.held]:
            self._come(song)
        for passed_over in (False, True):
            for slot in SLOTS:
                for song in [song for song in self.waiting if song.slot == slot and not song.rests]:
                    room = len(self.listed) < self.size and self.slots[slot] < self.quota.get(slot, 0)
                    if room and (passed_over or not self._full(song)):
                        self._come(song)
        self.refresh(self.size)

    def refresh(self, most: int) -> None:
        """Up to ``most`` changes."""
        over = max(len(self.listed) - self.size, 0)
        for _ in range(min(over, most)):
            if (gone := self._least(SLOTS)) is None:
                break
            self._go(gone, f"the list was longer than {self.size} songs")
            most -= 1
        for _ in range(most):
            if not self._change():
                break

    def _change(self) -> bool:
        """The best of all single changes; False where none is worth making."""
        pinned = next((song for song in self.waiting if song.held), None)
        if len(self.listed) < self.size:
            song = pinned or self._best_to_fill()
            return song is not None and self._come(song)
        if pinned is not None:
            gone = self._least(SLOTS)
            return gone is not None and self._swap(pinned, gone, "gave way to a song that you hold")
        swaps = [
            (forced, old.tired, self._crowded(old) and not self._full(new), _gain(new, old), new, old)
            for come in SLOTS
            for leave in SLOTS
            if (forced := self._allowed(come, leave)) is not None
            for new, old in self._pairs(come, leave)
        ]
        swaps = [swap for swap in swaps if any(swap[:3]) or swap[3] > MARGIN]
        if not swaps:
            return False
        forced, *_, new, old = max(swaps, key=lambda swap: swap[:4])
        return self._swap(new, old, self._cause(new, old, forced=forced))

    def _cause(self, new: _Song, old: _Song, *, forced: bool) -> str:
        """Says why ``old`` gives way to ``new``, in words."""
        if old.tired:
            return "rests: you are tired of it"
        if self._crowded(old):
            name = next(name for name in old.credits if self.artists[name] > (self.cap or 0))
            return f"gave way: {self.artists[name]} songs of {name}, room for {self.cap}"
        if shared := set(self._full(new)) & set(old.credits):
            return f"gave way to a stronger song of {next(iter(shared))}, who has {self.cap} of {self.cap}"
        if forced:
            return (
                f"gave way: {self.slots[new.slot]} of {self.quota.get(new.slot, 0)} songs were {SLOT_WORDS[new.slot]}"
            )
        return f"gave way: worth {max(old.merit, 0):.2f}, the one that came {new.merit:.2f}"

    def _allowed(self, come: str, leave: str) -> bool | None:
        """Tells whether a swap between these slots brings one that is too small nearer to its quota (True), or may be
        made if it gains (False); None where it may not be made."""
        if come == leave:
            return False
        short, ample = (self.slots[slot] - self.quota.get(slot, 0) for slot in (come, leave))
        if come == DISCOVERY:  # scores of songs on trial compare with each other alone
            return True if short < 0 and ample > -self.leeway else None
        if leave == DISCOVERY:
            return True if ample > 0 and short < self.leeway else None
        return (short < -self.leeway or ample > self.leeway) if short < self.leeway and ample > -self.leeway else None

    def _pairs(self, come: str, leave: str) -> Iterable[tuple[_Song, _Song]]:
        """The best song that may come, and the one that leaves for it; before it, better ones of full artists, each for one of
        its artist."""
        old, seen = self._least((leave,)), set[frozenset[object]]()
        for new in self.waiting:
            if new.slot != come or new.rests or new.tired or new.merit == float("-inf"):
                continue
            if not self._full(new):
                if old is not None:
                    yield new, old
                return
            full = frozenset(self._full(new))
            own = None if full in seen else self._least((leave,), full)  # one of the same artists gives way
            if own is not None and new.merit > own.merit:
                yield new, own
            seen.add(full)

    def _best_to_fill(self) -> _Song | None:
        """The song to come where a list is short: the best of the slot that lacks most; resting songs and full artists last."""
        lacking = sorted(SLOTS, key=lambda slot: self.slots[slot] - self.quota.get(slot, 0))
        for last_resort in (False, True):
            for slot in lacking:
                lacks = self.slots[slot] < self.quota.get(slot, 0)
                for song in self.waiting:
                    free = last_resort or not (song.rests or song.tired or self._full(song))
                    if song.slot == slot and free and (lacks or slot != DISCOVERY):
                        return song
        return None

    def _least(self, slots: Collection[str], artists: Collection[object] = ()) -> _Song | None:
        """The song that leaves first: one that tires, one of an artist over the cap, the lowest merit."""
        free = [song for song in self.listed.values() if song.slot in slots and not song.held]
        if artists:
            free = [song for song in free if set(artists) <= set(song.credits)]
        return min(free, key=lambda song: (not song.tired, not self._crowded(song), song.merit), default=None)

    def _crowded(self, song: _Song) -> bool:
        return self.cap is not None and any(self.artists[name] > self.cap for name in song.credits)

    def _full(self, song: _Song) -> list[object]:
        """The artists of ``song`` of whom no more songs may come."""
        return [] if self.cap is None else [name for name in song.credits if self.artists[name] >= self.cap]

    def _swap(self, new: _Song, old: _Song, why: str) -> bool:
        self._go(old, why)
        return self._come(new)

    def _come(self, song: _Song) -> bool:
        self.waiting.remove(song)
        self.listed[song.song_id] = song
        self.slots[song.slot] += 1
        self.artists.update(song.credits)
        return True

    def _go(self, song: _Song, why: str) -> None:
        self.why[song.song_id] = why
        del self.listed[song.song_id]
        self.slots[song.slot] -= 1
        self.artists.subtract(song.credits)
