"""The table of songs: every Spotify id and every spelling gathered under the song it is."""

from __future__ import annotations

import polars as pl

from spotify_ai_pipeline.music.matching import artist_key, merge_tracks, song_id, song_key


def build_songs(
    library: pl.DataFrame, scrobbles: pl.DataFrame, *, mix_list: str | None, best_name: str
) -> pl.DataFrame:
    """One row a song: everything in ``library`` (an item of a list a row) and every scrobbled spelling.

    A song that was scrobbled but is in no list has no Spotify id (``track_id`` is null): unresolved, not unknown. The
    list ``mix_list`` is our own and says nothing of what is in the library; ``best_name`` names the list of favourites.

    Columns: song_id, title, artist, artists, album, artist_key, isrc, duration_ms, release_date, track_id (the earliest
    added), track_ids, mbid (of the most scrobbled spelling), keys, added_at, liked, best, lists, in_library.
    """
    tracks = library.sort("added_at", nulls_last=True).group_by("track_id", maintain_order=True).first()
    merged = merge_tracks(tracks)
    ours = pl.col("list_id") == (mix_list or "")
    owned = (
        library.join(merged.select("track_id", "song_id"), on="track_id")
        .sort("added_at", nulls_last=True)
        .group_by("song_id", maintain_order=True)
        .agg(
            pl.first("title", "artist", "artists", "album", "isrc", "duration_ms", "release_date", "track_id"),
            pl.col("track_id").unique(maintain_order=True).alias("track_ids"),
            pl.col("added_at").filter(~ours).min().alias("added_at"),
            (pl.col("list_id") == "liked").any().alias("liked"),
            (pl.col("list_name") == best_name).any().alias("best"),
            pl.col("list_name").filter(~ours & (pl.col("list_id") != "liked")).unique().sort().alias("lists"),
            (~ours).any().alias("in_library"),
        )
    )
    keys = (
        tracks.select("track_id", key=_keys("artist", "title"))
        .join(merged.select("track_id", "song_id"), on="track_id")
        .unique(["key"], keep="first", maintain_order=True)  # one key, two lengths: plays count for the first
    )
    spelled = (
        scrobbles.group_by("artist", "title")
        .agg(
            pl.len().alias("plays"),
            pl.col("track_mbid").drop_nulls().mode().sort().first().alias("mbid"),
            pl.first("album"),
        )
        .with_columns(key=_keys("artist", "title"))
        .sort("plays", "artist", "title", descending=[True, False, False])
        .group_by("key", maintain_order=True)
        .agg(pl.first("artist", "title", "album"), pl.col("mbid").drop_nulls().first())
    )
    heard_only = (
        spelled.join(keys, on="key", how="anti")
        .with_columns(song_id=pl.col("key").map_elements(song_id, return_dtype=pl.String))
        .unique("song_id", keep="first", maintain_order=True)
        .with_columns(
            artists=pl.concat_list("artist"),
            track_ids=pl.lit([], pl.List(pl.String)),
            lists=pl.lit([], pl.List(pl.String)),
            liked=False,
            best=False,
            in_library=False,
        )
    )
    all_keys = pl.concat([keys.select("song_id", "key"), heard_only.select("song_id", "key")])
    spellings = (
        all_keys.join(spelled.select("key", "mbid"), on="key", how="left")
        .group_by("song_id")
        .agg(pl.col("key").sort().alias("keys"), pl.col("mbid").drop_nulls().first())
    )
    return (
        pl.concat([owned, heard_only.drop("key", "mbid")], how="diagonal")
        .join(spellings, on="song_id", how="left")
        .with_columns(artist_key=pl.col("artist").map_elements(artist_key, return_dtype=pl.String))
        .sort("song_id")
    )


def assign_songs(plays: pl.DataFrame, songs: pl.DataFrame) -> pl.DataFrame:
    """``plays`` (artist, title, ...) with the ``song_id`` that each spelling belongs to; spellings of no song are left out."""
    keys = songs.select("song_id", key="keys").explode("key")
    spellings = plays.select("artist", "title").unique().with_columns(key=_keys("artist", "title"))
    return plays.join(spellings.join(keys, on="key").drop("key"), on=["artist", "title"])


def _keys(artist: str, title: str) -> pl.Expr:
    return pl.struct(artist=artist, title=title).map_elements(
        lambda name: song_key(name["artist"], name["title"]), return_dtype=pl.String
    )
