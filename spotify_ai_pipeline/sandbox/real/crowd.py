"""Tags and neighbours as far as a real catalogue file knows them."""

from __future__ import annotations

import numpy as np
import polars as pl

from .. import schema
from ..generation.crowd import as_lists, neighbours

_MOST_TAGS = 12
_LARGEST = 2000


def words(rows: pl.DataFrame) -> pl.DataFrame:
    """Tags of catalogue rows, long form: row, tag; genres before other tags."""
    both = pl.concat_str(pl.col("genres").fill_null(""), pl.col("tags").fill_null(""), separator="|")
    tags = both.str.to_lowercase().str.replace_all("_", " ").str.split("|")
    long = rows.select(tag=tags).with_row_index("row").explode("tag")
    long = long.with_columns(pl.col("tag").str.replace_all("[/,]", "|").str.split("|")).explode("tag")
    return long.with_columns(pl.col("tag").str.strip_chars()).filter(pl.col("tag") != "").unique(maintain_order=True)


def tags(long: pl.DataFrame, catalogue: pl.DataFrame) -> pl.DataFrame:
    """The table `tags`: tracks with tags of their own, and artists with the tags of their tracks."""
    ids = catalogue.select("id", artist_id=pl.col("artist_ids").list.first()).with_row_index("row")
    named = long.join(ids, on="row", maintain_order="left")
    tracks = named.group_by("id", maintain_order=True).agg(pl.col("tag").head(_MOST_TAGS)).select("id", tags="tag")
    tracks = tracks.with_columns(kind=pl.lit("track"), counts=pl.col("tags").list.eval(pl.lit(100)))
    counted = named.group_by("artist_id", "tag", maintain_order=True).agg(n=pl.len())
    share = (100 * pl.col("n") / pl.col("n").max().over("artist_id")).round().cast(pl.Int64)
    counted = counted.with_columns(count=share).sort(
        "artist_id", "count", descending=[False, True], maintain_order=True
    )
    artists = counted.group_by("artist_id", maintain_order=True).agg(
        tags=pl.col("tag").head(_MOST_TAGS), counts=pl.col("count").head(_MOST_TAGS)
    )
    artists = artists.select(pl.lit("artist").alias("kind"), pl.col("artist_id").alias("id"), "tags", "counts")
    columns = schema.TABLES["tags"]
    both = (part.select(pl.col(name).cast(dtype) for name, dtype in columns.items()) for part in (artists, tracks))
    return pl.concat(both)


def similar(long: pl.DataFrame, catalogue: pl.DataFrame) -> pl.DataFrame:
    """The table `similar`: tracks near in sound, artists near in mean sound, within their first genre."""
    genre = long.group_by("row", maintain_order=True).agg(pl.col("tag").first())
    rows = genre["row"].to_numpy()
    # Vast genres are cut up: the nearest of two thousand are near enough, and the work grows with the square.
    part = genre.select(pl.struct("tag", pl.int_range(pl.len()).over("tag") // _LARGEST)).to_series()
    parts = part.rank("dense").to_numpy().astype(np.int64)
    sound = (
        catalogue.select(name for name in schema.FEATURES if name not in ("key", "mode"))[rows].fill_null(0).to_numpy()
    )
    sound = (sound - sound.mean(axis=0)) / (sound.std(axis=0) + 1e-6)
    track_ids = catalogue["id"][rows].to_list()
    track_lists = as_lists(*neighbours(parts, 0.5 * sound, 15), track_ids)

    artist_of = catalogue["artist_ids"].list.first()[rows]
    frame = pl.DataFrame({"artist": artist_of, "group": genre["tag"].rank("dense").cast(pl.Int64)}).with_columns(
        pl.DataFrame(sound, orient="row")
    )
    by_artist = frame.group_by("artist", maintain_order=True).agg(
        pl.col("group").mode().min(), pl.selectors.float().mean()
    )
    vectors = by_artist.select(pl.selectors.float()).to_numpy()
    artist_ids = by_artist["artist"].to_list()
    artist_lists = as_lists(*neighbours(by_artist["group"].to_numpy(), 0.5 * vectors, 20), artist_ids)
    return schema.table(
        "similar",
        {
            "kind": ["artist"] * len(artist_ids) + ["track"] * len(track_ids),
            "id": artist_ids + track_ids,
            "others": artist_lists[0] + track_lists[0],
            "matches": artist_lists[1] + track_lists[1],
        },
    )
