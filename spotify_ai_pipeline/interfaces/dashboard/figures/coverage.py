"""How much is known of the songs of the library."""

from __future__ import annotations

import polars as pl


def library(
    songs: pl.LazyFrame, audio: pl.LazyFrame, tags: pl.LazyFrame, lyrics: pl.LazyFrame, *sounds: pl.LazyFrame
) -> pl.DataFrame:
    """known, songs, share: how many songs of the library have what. A share of nothing is null."""
    mine = songs.filter("in_library").select("song_id", "track_id", "mbid", "isrc")
    has = {
        "audio features": audio.drop_nulls("source"),
        "tags": tags.filter(pl.col("tags").list.len() > 0),
        "lyrics": lyrics.filter(pl.col("vector").is_not_null() | pl.col("instrumental")),
        "sound": pl.concat([heard.drop_nulls("vector").select("song_id") for heard in sounds]),
    }
    for name, frame in has.items():
        mine = mine.join(frame.select("song_id", pl.lit(True).alias(name)).unique(), on="song_id", how="left")
    known = [
        pl.col(name).is_not_null().sum().alias(title)
        for name, title in (("track_id", "Spotify id"), ("isrc", "ISRC"), ("mbid", "MusicBrainz id"))
    ]
    row = (
        mine.select(pl.len().alias("all"), *known, *(pl.col(name).is_not_null().sum() for name in has))
        .collect()
        .to_dicts()[0]
    )
    whole = row.pop("all")
    return pl.DataFrame(
        {
            "known": list(row),
            "songs": list(row.values()),
            "share": [count / whole if whole else None for count in row.values()],
        }
    )
