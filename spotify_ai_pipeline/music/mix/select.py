"""Selection: the songs that make a list, moved from what it holds towards what it should, a little at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

import polars as pl

from spotify_ai_pipeline.music.mix.shares import change_cap, quotas
from spotify_ai_pipeline.music.taste.ranking import EXPLORATION
from spotify_ai_pipeline.settings import Playlist

RESURFACED_WORTH = 2.0
"""What a song brought back counts against one in rotation when both wait for one of the few changes of a refresh.

Found on two listeners: at 1 coverage gains a little and half of the places for songs brought back stay with core songs; at
4 nearly all are filled and coverage loses what the model gained.
"""

CREDITS = "credits"
"""Optional column of the ranked songs: everyone heard on a song, a list of names or numbers, by which artists are capped."""


def select(
    ranked: pl.DataFrame,
    current: Sequence[object],
    playlist: Playlist,
    *,
    pinned: Collection[object] = (),
    banned: Collection[object] = (),
    loyalty: float = 1.0,
    artist_cap: int | None = None,
) -> pl.DataFrame:
    """The rows of ``ranked`` (song_id, slot, score, ...) that make the list, best first, with ``is_new``.

    ``current`` are the song ids on the list now; empty means a first fill. A song's place is its rank in its slot relative to
    the slot's quota: the ideal list holds the first places, at most ``artist_cap`` songs with one artist among them unless
    it would come out short. A refresh moves from the current list towards the ideal one: it brings in at most ``change_cap``
    songs of it, those of most worth first, and lets go as many of those outside it as there is no room for, songs of artists
    over the cap first, then the lowest score. A list that the listener made longer than it should be is shortened by the cap
    at most. Pinned songs stay, banned songs go; where more songs went than may come in, the list is short until the next
    refresh. ``loyalty`` multiplies the scores of the songs on the list.
    """
    placed = _placed(ranked, set(current), playlist, set(pinned), set(banned), loyalty)
    helpers = "place", "merit", "worth"
    artists = _Artists(placed, artist_cap)
    songs: list[object] = placed["song_id"].to_list()
    ideal = _ideal(songs, playlist.target_size, set(pinned), artists)
    if not current:
        return placed.filter(pl.col("song_id").is_in(ideal)).drop(helpers)
    listed = placed.filter(~pl.col("is_new"))
    stay: dict[object, None] = dict.fromkeys(listed["song_id"])
    over = max(listed.height - playlist.target_size, 0)
    waiting = placed.filter(pl.col("is_new") & pl.col("song_id").is_in(ideal)).sort(
        pl.col("place") > 0, -pl.col("worth"), "song_id"
    )
    free = set(stay) - set(ideal) - set(pinned)
    crowded = artists.crowded(stay)
    may_leave = [song for song in listed.sort("merit", "song_id", descending=[False, True])["song_id"] if song in free]
    may_leave.sort(key=lambda song: song not in crowded)  # stable: within both, the lowest merit first
    cap = change_cap(playlist)
    shortened, rest = may_leave[: min(over, cap)], may_leave[min(over, cap) :]
    for song in shortened:
        del stay[song]
    coming = _arrivals(waiting["song_id"].to_list(), stay, rest, playlist.target_size, cap - len(shortened), artists)
    return placed.filter(pl.col("song_id").is_in([*stay, *coming])).drop(helpers)


def _placed(
    ranked: pl.DataFrame,
    current: set[object],
    playlist: Playlist,
    pinned: set[object],
    banned: set[object],
    loyalty: float,
) -> pl.DataFrame:
    """The songs that may be on the list, with merit, worth and place, in order of place."""
    on_list = pl.col("song_id").is_in(list(current))
    eligible = ranked.filter(~pl.col("song_id").is_in(list(banned))).with_columns(
        is_new=~on_list, merit=pl.col("score").fill_null(float("-inf")) * pl.when(on_list).then(loyalty).otherwise(1.0)
    )
    share = quotas(dict(eligible.group_by("slot").len().iter_rows()), playlist)
    quota = pl.col("slot").replace_strict(share, return_dtype=pl.Float64).clip(lower_bound=0.5)
    place = pl.col("merit").rank("ordinal", descending=True).over("slot") / quota
    return (
        eligible.sort("merit", "song_id", descending=[True, False])
        .with_columns(
            place=pl.when(pl.col("song_id").is_in(list(pinned))).then(0.0).otherwise(place),
            worth=pl.col("merit") * pl.when(slot=EXPLORATION).then(RESURFACED_WORTH).otherwise(1.0),
        )
        .sort("place", "song_id")
    )


class _Artists:
    """Who is heard on each song, and how many songs with one artist a list may hold."""

    def __init__(self, placed: pl.DataFrame, cap: int | None) -> None:
        self._cap, self._place = 0, dict[object, int]()
        if cap is not None and CREDITS in placed.columns:
            self._cap, self._credits = cap, placed[CREDITS]
            self._place = {song: place for place, song in enumerate(placed["song_id"])}

    def _of(self, song: object) -> Iterable[object]:
        """Read one by one: of a large library few songs are looked at."""
        place = self._place.get(song)
        return () if place is None else self._credits[place]

    def count(self, songs: Iterable[object]) -> Counter[object]:
        return Counter(name for song in songs for name in self._of(song))

    def full(self, song: object, count: Counter[object]) -> set[object]:
        """The artists of ``song`` of whom no more songs may come."""
        return {name for name in self._of(song) if count[name] >= self._cap}

    def share(self, song: object, artists: set[object]) -> bool:
        return not artists.isdisjoint(self._of(song))

    def crowded(self, songs: Collection[object]) -> set[object]:
        """The songs of artists that have more than they may."""
        over = {name for name, songs_of in self.count(songs).items() if songs_of > self._cap}
        return {song for song in songs if self.share(song, over)}


def _ideal(songs: list[object], size: int, pinned: set[object], artists: _Artists) -> list[object]:
    """The first ``size`` of ``songs`` (in order of place) that keep the cap; where too few do, the first of the others."""
    count, chosen, passed = Counter[object](), list[object](), list[object]()
    for song in songs:
        if len(chosen) == size:
            break
        if song in pinned or not artists.full(song, count):
            chosen.append(song)
            count += artists.count([song])
        else:
            passed.append(song)
    return chosen + passed[: size - len(chosen)]


def _arrivals(
    waiting: list[object],
    stay: dict[object, None],
    may_leave: list[object],
    size: int,
    most: int,
    artists: _Artists,
) -> list[object]:
    """Up to ``most`` of ``waiting``. Where there is no room for one, a song of ``may_leave`` leaves ``stay`` for it: one of
    the same artist where that artist has enough. A song that would be one too many comes only where the list is short."""
    count, coming, too_many = artists.count(stay), list[object](), list[object]()
    for song in waiting:
        if len(coming) == most:
            break
        full, short = artists.full(song, count), len(stay) + len(coming) < size
        if full or not short:
            old = next((old for old in may_leave if old in stay and (not full or artists.share(old, full))), None)
            if old is None:
                too_many.append(song)
                continue
            del stay[old]
            count -= artists.count([old])
        coming.append(song)
        count += artists.count([song])
    short = min(size - len(stay), most) - len(coming)
    return coming + too_many[: max(short, 0)]
