"""Remembering: a memory of plays as a table and a few numbers, so that a refresh reads yesterday's and adds today's plays."""

from __future__ import annotations

from dataclasses import replace
from typing import TypedDict

import numpy as np
import polars as pl

from spotify_ai_pipeline.music.taste.activation import EXPOSURES, HALF_LIVES, PARTS_OF_WEEK, Memory

TABLE = {
    "song_id": pl.String(),
    "plays": pl.Int64(),
    "first": pl.Float64(),
    "last": pl.Float64(),
    "gap_sum": pl.Float64(),
    "gap_squares": pl.Float64(),
    "kept": pl.Array(pl.Float64, len(HALF_LIVES)),
    "by_part": pl.Array(pl.Int32, PARTS_OF_WEEK),
}
"""A row a song that was played: the arrays of ``Memory``."""


class Rest(TypedDict):
    """What belongs to no song, and by what ``recall`` knows which plays were learned, and how."""

    now: float
    zone: str
    half_lives: list[float]
    came_back: list[int]
    stayed_away: list[int]
    digest: int


def digest(listens: pl.DataFrame, now: float) -> int:
    """A number that changes when any play in ``listens`` (song_id, played_at) before ``now`` does, whatever their order."""
    past = listens.select("song_id", "played_at").filter(pl.col("played_at").dt.epoch("ms") < now * 1_000)
    each = past.select((pl.col("song_id").hash(1) ^ pl.col("played_at").hash(2)) // 2**28)
    return int(each.to_series().sum()) + past.height


def to_table(memory: Memory, song_ids: pl.Series) -> pl.DataFrame:
    """The songs that ``memory`` knows, named as in ``song_ids``."""
    known = np.flatnonzero(memory.plays)
    arrays = {name: getattr(memory, name)[known] for name in TABLE if name != "song_id"}
    return pl.DataFrame({"song_id": song_ids.gather(known), **arrays}, schema=TABLE)


def rest(memory: Memory, listens: pl.DataFrame) -> Rest:
    """The rest of a ``memory`` of ``listens``."""
    return {
        "now": memory.now,
        "zone": memory.zone,
        "half_lives": HALF_LIVES.tolist(),
        "came_back": memory.came_back.tolist(),
        "stayed_away": memory.stayed_away.tolist(),
        "digest": digest(listens, memory.now),
    }


def recall(table: pl.DataFrame, rest: Rest, listens: pl.DataFrame, song_ids: pl.Series, zone: str) -> Memory:
    """The memory kept in ``table`` and ``rest``, with songs numbered as in ``song_ids``.

    An empty one, so that everything is learned again, where what was kept is of other plays than ``listens`` now tells of
    (a late scrobble, a merge of two songs, plays excluded), of another time zone, or of another make.
    """
    fits = (
        dict(table.schema) == TABLE
        and (rest["zone"], rest["half_lives"], len(rest["came_back"])) == (zone, HALF_LIVES.tolist(), EXPOSURES)
        and rest["digest"] == digest(listens, rest["now"])
    )
    memory = Memory.empty(len(song_ids), zone)
    if not fits:
        return memory
    numbers = pl.DataFrame({"song_id": song_ids}).with_row_index("song")
    row = table.select("song_id").join(numbers, on="song_id", how="left", maintain_order="left")["song"].to_numpy()
    for name in TABLE:
        if name != "song_id":
            getattr(memory, name)[row] = table[name].to_numpy()
    memory.came_back[:], memory.stayed_away[:] = rest["came_back"], rest["stayed_away"]
    return replace(memory, now=rest["now"])
