"""Remembering: a memory of plays as a table and a few numbers, so that a refresh reads yesterday's and adds today's plays."""

from __future__ import annotations

from dataclasses import replace
from typing import TypedDict

import numpy as np
import polars as pl

from spotify_ai_pipeline.music.tables import ACTIVATION as TABLE
from spotify_ai_pipeline.music.taste.activation import HALF_LIVES, Memory


class Rest(TypedDict):
    """The part that belongs to no song, and by which ``recall`` knows which plays were learned, and how."""

    now: float
    half_lives: list[float]
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
        "half_lives": HALF_LIVES.tolist(),
        "digest": digest(listens, memory.now),
    }


def recall(table: pl.DataFrame, rest: Rest, listens: pl.DataFrame, song_ids: pl.Series) -> Memory:
    """The memory kept in ``table`` and ``rest``, with songs numbered as in ``song_ids``.

    An empty one, so that everything is learned again, where what was kept is of other plays than ``listens`` now tells of
    (a late scrobble, a merge of two songs, plays excluded) or of another make.
    """
    fits = (
        dict(table.schema) == TABLE
        and rest["half_lives"] == HALF_LIVES.tolist()
        and rest["digest"] == digest(listens, rest["now"])
    )
    memory = Memory.empty(len(song_ids))
    if not fits:
        return memory
    numbers = pl.DataFrame({"song_id": song_ids}).with_row_index("song")
    row = table.select("song_id").join(numbers, on="song_id", how="left", maintain_order="left")["song"].to_numpy()
    for name in TABLE:
        if name != "song_id":
            getattr(memory, name)[row] = table[name].to_numpy()
    return replace(memory, now=rest["now"])
