"""CLAP: what a song sounds like, as a vector that a text can be compared with."""

import dagster as dg
import polars as pl

from spotify_ai_pipeline.assets.groups import FEATURES, OWNERS
from spotify_ai_pipeline.assets.io import frame_of
from spotify_ai_pipeline.assets.providers import SAID
from spotify_ai_pipeline.assets.resources import HomeResource

DIMENSIONS = 512
CLAP = {"song_id": pl.String(), "vector": pl.Array(pl.Float32(), DIMENSIONS), **SAID}


@dg.asset(group_name=FEATURES, kinds={"pytorch", "parquet"}, owners=OWNERS, code_version="1")
def clap(home: HomeResource, songs: pl.DataFrame, listens: pl.DataFrame) -> dg.MaterializeResult:
    """A unit vector of what 30 seconds of each song sound like; no row where ``features.clap_providers`` is empty."""
    return dg.MaterializeResult(value=frame_of(home.lake, FEATURES, "clap", CLAP))
