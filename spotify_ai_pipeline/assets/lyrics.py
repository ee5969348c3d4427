"""Lyrics: what a song is about, as a vector of its words; and whether it has words at all."""

import dagster as dg
import polars as pl

from spotify_ai_pipeline.assets.groups import FEATURES, OWNERS
from spotify_ai_pipeline.assets.io import frame_of
from spotify_ai_pipeline.assets.providers import SAID
from spotify_ai_pipeline.assets.resources import HomeResource

DIMENSIONS = 384
LYRICS = {
    "song_id": pl.String(),
    "instrumental": pl.Boolean(),
    "vector": pl.Array(pl.Float32(), DIMENSIONS),
    **SAID,
}


@dg.asset(group_name=FEATURES, kinds={"numpy", "parquet"}, owners=OWNERS, code_version="1")
def lyrics(home: HomeResource, songs: pl.DataFrame, listens: pl.DataFrame) -> dg.MaterializeResult:
    """A unit vector of what each song says, and whether it is instrumental; no row where ``features.lyrics_providers`` is
    empty."""
    return dg.MaterializeResult(value=frame_of(home.lake, FEATURES, "lyrics", LYRICS))
