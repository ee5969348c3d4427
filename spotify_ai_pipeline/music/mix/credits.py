"""Credits: everyone who is heard on a song, so that spacing and caps count guests too."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import chain

import numpy as np
import polars as pl

from spotify_ai_pipeline.music.identity.artists import credited
from spotify_ai_pipeline.music.identity.spelling import compact

_GUESTS = re.compile(r"[\(\[\s](?:feat|ft|featuring)\b\.?\s+([^\)\]]+)", re.IGNORECASE)


@lru_cache(maxsize=65_536)
def everyone(artists: tuple[str, ...], title: str) -> tuple[str, ...]:
    """The folded names behind ``artists`` (credits as a service spells them), and behind a "feat." in them or in the title."""
    texts = [*artists, *(guests for text in (*artists, title) for guests in _GUESTS.findall(text))]
    return tuple(dict.fromkeys(compact(name) for text in texts for name in credited(text)))


def of_songs(rows: Iterable[tuple[list[str] | None, str, str]]) -> list[tuple[str, ...]]:
    """``everyone`` of (artists, artist, title) rows, where ``artists`` may be unknown."""
    return [everyone(tuple(artists or (artist,)), title) for artists, artist, title in rows]


def column(credits: list[tuple[str, ...]]) -> pl.Series:
    """The names of each song as a column of lists. Polars takes ten times as long over a list of tuples."""
    rows = np.repeat(np.arange(len(credits)), [len(names) for names in credits])
    named = pl.DataFrame(
        {"row": rows, "name": list(chain.from_iterable(credits))}, schema_overrides={"name": pl.String}
    )
    return (
        pl.Series(np.arange(len(credits)))
        .to_frame("row")
        .join(named.group_by("row").agg("name"), on="row", how="left", maintain_order="left")["name"]
        .fill_null([])
    )
