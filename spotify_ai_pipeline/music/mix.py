"""The mix: which songs make the list, how far one refresh may move it, and in what order they play."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from math import floor

import polars as pl

from spotify_ai_pipeline.music.ranking import CORE, DISCOVERY, EXPLORATION
from spotify_ai_pipeline.settings import Cycling, Playlist


def quotas(available: dict[str, int], playlist: Playlist) -> dict[str, int]:
    """Songs each slot may hold: the configured fractions, with what a slot cannot fill handed to core, then exploration."""
    size = playlist.target_size
    wanted = {
        DISCOVERY: round(size * playlist.discovery_fraction),
        EXPLORATION: round(size * playlist.exploration_fraction),
    }
    granted = {slot: min(count, available.get(slot, 0)) for slot, count in wanted.items()}
    granted[CORE] = min(size - sum(granted.values()), available.get(CORE, 0))
    spare = min(size - sum(granted.values()), available.get(EXPLORATION, 0) - granted[EXPLORATION])
    return granted | {EXPLORATION: granted[EXPLORATION] + spare}


def change_cap(playlist: Playlist) -> int:
    """Songs that one refresh may bring in."""
    return floor(playlist.target_size * playlist.max_change_per_refresh + 1e-9)


RESURFACED_WORTH = 2.0
"""What a song brought back counts against one in rotation when both wait for one of the few changes of a refresh.

Found on two listeners: at 1 coverage gains a little and half of the places for songs brought back stay with core songs; at
4 nearly all are filled and coverage loses what the model gained.
"""


def loyalty(cycling: Cycling) -> float:
    """How much more than a newcomer's the score of a song on the list counts: 1.4 at aggressiveness 1, 1 at 5, 0.5 at 10."""
    return 1 + 0.1 * (5 - cycling.aggressiveness)


def select(
    ranked: pl.DataFrame,
    current: Sequence[object],
    playlist: Playlist,
    *,
    pinned: Collection[object] = (),
    banned: Collection[object] = (),
    loyalty: float = 1.0,
) -> pl.DataFrame:
    """The rows of ``ranked`` (song_id, slot, score, ...) that make the list, best first, with ``is_new``.

    ``current`` are the song ids on the list now; empty means a first fill. A song's place is its rank in its slot relative to
    the slot's quota: the ideal list holds places up to 1. A refresh moves from the current list towards the ideal one by
    bringing in at most ``change_cap`` songs of it, those of most worth first, and letting go the songs outside it, the lowest
    score first. Pinned songs stay, banned songs go; where more songs went than may come in, the list is short until the next
    refresh. ``loyalty`` multiplies the scores of the songs on the list.
    """
    on_list = pl.col("song_id").is_in(list(current))
    eligible = ranked.filter(~pl.col("song_id").is_in(list(banned))).with_columns(
        is_new=~on_list, merit=pl.col("score").fill_null(float("-inf")) * pl.when(on_list).then(loyalty).otherwise(1.0)
    )
    share = quotas(dict(eligible.group_by("slot").len().iter_rows()), playlist)
    quota = pl.col("slot").replace_strict(share, return_dtype=pl.Float64).clip(lower_bound=0.5)
    place = pl.col("merit").rank("ordinal", descending=True).over("slot") / quota
    placed = (
        eligible.sort("merit", "song_id", descending=[True, False])
        .with_columns(place=pl.when(pl.col("song_id").is_in(list(pinned))).then(0.0).otherwise(place))
        .sort("place", "song_id")
    )
    ideal = placed.head(playlist.target_size)
    helpers = "place", "merit"
    if not current:
        return ideal.drop(helpers)
    worth = pl.col("merit") * pl.when(slot=EXPLORATION).then(RESURFACED_WORTH).otherwise(1.0)
    coming = ideal.filter("is_new").sort(pl.col("place") > 0, -worth, "song_id").head(change_cap(playlist))
    wanted = pl.col("song_id").is_in(ideal["song_id"].to_list())
    staying = (
        placed.filter(~pl.col("is_new"))
        .sort(~wanted, -pl.col("merit"), "song_id")
        .head(playlist.target_size - coming.height)
    )
    return pl.concat([staying, coming]).sort("place", "song_id").drop(helpers)


def sequence(artists: Sequence[str], spacing: int) -> list[int]:
    """An order of the songs, as indices into ``artists``, that keeps ``spacing`` songs between two of one artist.

    Songs come in the given order as far as the spacing allows: a song is passed over where it would leave no order for the
    rest. Where there is none anyway, the song comes that is farthest from its artist's last one: the spacing yields as
    little as it must at that point.
    """
    waiting = list(range(len(artists)))
    left = Counter(artists)
    ready = dict.fromkeys(left, 0)  # the first place where each artist may come again
    order: list[int] = []
    while waiting:
        place = len(order)
        free = [index for index, song in enumerate(waiting) if ready[artists[song]] <= place]
        chosen = next(
            (index for index in free if _leaves_an_order(artists[waiting[index]], left, ready, place, spacing)), None
        )
        if chosen is None:
            chosen = min(range(len(waiting)), key=lambda index: (max(ready[artists[waiting[index]]] - place, 0), index))
        song = waiting.pop(chosen)
        left[artists[song]] -= 1
        ready[artists[song]] = place + spacing + 1
        order.append(song)
    return order


def _leaves_an_order(artist: str, left: Counter[str], ready: dict[str, int], place: int, spacing: int) -> bool:
    """Whether the songs that remain after one by ``artist`` at ``place`` can be ordered with the spacing.

    Earliest deadline first: the artist with the most songs left has the latest start nearest, and an order exists if that
    rule finds one. Where even the largest artist fits with room to spare, the search is not needed.
    """
    rest = {name: count - (name == artist) for name, count in left.items() if count - (name == artist)}
    if not rest:
        return True
    most = max(rest.values())
    if most * (spacing + 1) + sum(count == most for count in rest.values()) <= sum(rest.values()):
        return True
    free_at = ready | {artist: place + spacing + 1}
    for now in range(place + 1, place + 1 + sum(rest.values())):
        free = [name for name in rest if free_at[name] <= now]
        if not free:
            return False
        name = max(free, key=lambda name: rest[name])
        free_at[name] = now + spacing + 1
        rest[name] -= 1
        if not rest[name]:
            del rest[name]
    return True
