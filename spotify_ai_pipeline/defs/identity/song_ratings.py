"""Ratings of songs: what the listener's ratings say of the songs that there are."""

import dagster as dg
import polars as pl

from spotify_ai_pipeline.defs.groups import IDENTITY
from spotify_ai_pipeline.defs.identity.files import whole_library
from spotify_ai_pipeline.defs.registered_asset import registered_asset
from spotify_ai_pipeline.defs.resources import WorkspaceResource
from spotify_ai_pipeline.music.identity.ratings import ALBUM, SONG, rated_songs


@registered_asset(group_name=IDENTITY, kinds={"polars", "parquet"})
def song_ratings(
    workspace: WorkspaceResource, ratings: pl.DataFrame, songs: pl.DataFrame, spotify_library: pl.LazyFrame
) -> dg.MaterializeResult:
    """Stars of five of each song that the listener rated, itself or by its album: they count in the forecast."""
    track_of = songs.select("song_id", track_id="track_ids").explode("track_id").drop_nulls()
    library = whole_library(workspace, spotify_library).select("track_id", "album").unique().collect()
    listed = library.join(track_of, on="track_id")
    albums = pl.concat([songs.select("song_id", "album"), listed.select("song_id", "album")])
    table = rated_songs(ratings, songs, albums)
    of = table["of"]
    return dg.MaterializeResult(
        value=table,
        metadata={
            "ratings": ratings.drop_nulls("rating").height,
            "songs rated themselves": int((of == SONG).sum()),
            "songs rated by their album": int((of == ALBUM).sum()),
        },
    )
