"""Small libraries and histories to decide on."""

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from spotify_ai_pipeline.music.identity.members import TRACKS, decide

SPELLINGS = {"artist": pl.String, "title": pl.String, "plays": pl.Int64}


@pytest.fixture
def tracks() -> Callable[..., pl.DataFrame]:
    """A table of tracks from (id, artist, title[, isrc[, seconds[, artists]]])."""

    def make(*rows: tuple) -> pl.DataFrame:
        whole = []
        for row in rows:
            track_id, artist, title, isrc, seconds, artists = (*row, *(None,) * (6 - len(row)))
            whole.append((track_id, artist, title, artists or [artist], isrc, seconds and int(seconds * 1000)))
        return pl.DataFrame(whole, schema=TRACKS, orient="row")

    return make


@pytest.fixture
def spellings() -> Callable[..., pl.DataFrame]:
    """A table of spellings from (artist, title[, plays])."""

    def make(*rows: tuple) -> pl.DataFrame:
        return pl.DataFrame([(*row, 1)[:3] for row in rows], schema=SPELLINGS, orient="row")

    return make


@pytest.fixture
def song_of() -> Callable[..., dict[str, str]]:
    """Song ids by Spotify id, and by "artist — title" of spellings, as decided."""

    def make(table: pl.DataFrame, names: pl.DataFrame | None = None, **options: Any) -> dict[str, str]:
        empty = pl.DataFrame(schema=SPELLINGS)
        members = decide(table, empty if names is None else names, **options)
        called = (
            pl.when(pl.col("kind") == "track").then("member").otherwise(pl.concat_str("artist", pl.lit(" — "), "title"))
        )
        return dict(members.select(called.alias("name"), "song_id").iter_rows())

    return make
