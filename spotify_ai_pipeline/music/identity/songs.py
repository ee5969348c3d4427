"""The table of songs: every Spotify id and every spelling gathered under the song it is."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from spotify_ai_pipeline.music.identity.artists import artist_key
from spotify_ai_pipeline.music.identity.groups import SPELLING, TRACK
from spotify_ai_pipeline.music.identity.matching import song_key


def library_tracks(library: pl.LazyFrame) -> pl.DataFrame:
    """One row a Spotify id of ``library`` (an item of a list a row), earliest added first."""
    return (
        library.sort("added_at", "track_id", nulls_last=True)
        .group_by("track_id", maintain_order=True)
        .first()
        .select("track_id", "artist", "title", "artists", "isrc", "duration_ms")
        .collect()
    )


def spellings_of(plays: pl.LazyFrame) -> pl.DataFrame:
    """The distinct names of ``plays`` (artist, title, ...) with the number of their ``plays``."""
    named = plays.drop_nulls(["artist", "title"]).group_by("artist", "title")
    return named.agg(pl.len().cast(pl.Int64).alias("plays")).collect(engine="streaming")


def with_albums_and_recordings(names: pl.DataFrame, plays: pl.LazyFrame) -> pl.DataFrame:
    """``names`` (artist, title, ...) with the first known album and the most frequent MusicBrainz recording (``mbid``) that
    ``plays`` tell of each."""
    told = plays.join(names.lazy(), on=["artist", "title"], how="semi", maintain_order="left").group_by(
        "artist", "title"
    )
    found = told.agg(
        pl.col("album").drop_nulls().first(), pl.col("track_mbid").drop_nulls().mode().sort().first().alias("mbid")
    )
    return names.join(found.collect(), on=["artist", "title"], how="left")


def song_of_track(songs: pl.DataFrame) -> dict[str, str]:
    """The song of each Spotify id that ``songs`` (song_id, track_ids) gathers: one song may have many."""
    return dict(songs.select("track_ids", "song_id").explode("track_ids").drop_nulls().iter_rows())


def build_songs(
    library: pl.DataFrame,
    scrobbles: pl.LazyFrame,
    members: pl.DataFrame,
    links: pl.DataFrame,
    *,
    our_lists: Collection[str],
    best_name: str,
) -> pl.DataFrame:
    """One row a song: what ``members`` (as ``members.decide`` gives them) gather from ``library`` and ``scrobbles``.

    A song that was scrobbled but is in no list has the Spotify id that ``links`` (song_id, track_id, isrc, duration_ms) found
    for it, or none (``track_id`` is null): unresolved, not unknown. ``our_lists`` are the lists that we write, and say nothing
    of what is in the library; ``best_name`` names the list of favourites.

    Columns: song_id, title, artist, artists, album, artist_key, isrc, duration_ms, release_date, track_id (the earliest
    added), track_ids, mbid (of the most scrobbled spelling), keys, added_at, liked, best, lists, in_library.
    """
    tracks = members.filter(pl.col("kind") == TRACK).select("song_id", track_id="member")
    names = members.filter(pl.col("kind") == SPELLING).select("song_id", "artist", "title", "plays", key="member")
    owned = _owned(library.join(tracks, on="track_id"), our_lists, best_name)
    heard = _heard_only(names.join(owned, on="song_id", how="anti"), scrobbles, links, tracks)
    spelled = names.group_by("song_id").agg(pl.col("key").sort().alias("keys"))
    return (
        pl.concat([owned, heard], how="diagonal")
        .join(spelled, on="song_id", how="left")
        .join(_recordings(names, scrobbles), on="song_id", how="left")
        .with_columns(artist_key=pl.col("artist").map_elements(artist_key, return_dtype=pl.String))
        .sort("song_id")
    )


def assign_songs(plays: pl.DataFrame, songs: pl.DataFrame) -> pl.DataFrame:
    """``plays`` (artist, title[, track_id], ...) with the ``song_id`` that each belongs to, by its Spotify id where that is
    known, else by its spelling; plays of no song are left out."""
    keys = songs.select("song_id", key="keys").explode("key").drop_nulls()
    spellings = plays.select("artist", "title").drop_nulls().unique().with_columns(key=_keys("artist", "title"))
    named = plays.join(spellings.join(keys, on="key").drop("key"), on=["artist", "title"], how="left")
    if "track_id" in plays.columns:
        tracks = songs.select(by_track="song_id", track_id="track_ids").explode("track_id").drop_nulls()
        named = named.join(tracks, on="track_id", how="left")
        named = named.with_columns(song_id=pl.coalesce("by_track", "song_id")).drop("by_track")
    return named.filter(pl.col("song_id").is_not_null())


def _owned(library: pl.DataFrame, our_lists: Collection[str], best_name: str) -> pl.DataFrame:
    """Songs that are in a list on Spotify."""
    ours = pl.col("list_id").is_in(list(our_lists))
    return (
        library.sort("added_at", "track_id", nulls_last=True)
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


def _heard_only(names: pl.DataFrame, scrobbles: pl.LazyFrame, links: pl.DataFrame, owned: pl.DataFrame) -> pl.DataFrame:
    """Songs that were heard and are in no list, by their most played spelling. A Spotify id that is another song's says that
    both are one, which the next decision takes in: until then it stays where it was (``owned``)."""
    found = links.select("song_id", "track_id", "isrc", "duration_ms").drop_nulls("track_id")
    found = found.join(owned, on="track_id", how="anti").unique("track_id", keep="first", maintain_order=True)
    named = (
        names.sort("plays", "key", descending=[True, False], nulls_last=True)
        .group_by("song_id", maintain_order=True)
        .agg(pl.first("artist", "title"))
    )
    return (
        with_albums_and_recordings(named, scrobbles)
        .drop("mbid")
        .join(found, on="song_id", how="left")
        .with_columns(
            artists=pl.concat_list("artist"),
            track_ids=pl.when(pl.col("track_id").is_null())
            .then(pl.lit([], pl.List(pl.String)))
            .otherwise(pl.concat_list("track_id")),
            lists=pl.lit([], pl.List(pl.String)),
            liked=False,
            best=False,
            in_library=False,
        )
    )


def _recordings(names: pl.DataFrame, scrobbles: pl.LazyFrame) -> pl.DataFrame:
    """The MusicBrainz recording of each song's most scrobbled spelling that has one."""
    mbids = (
        scrobbles.drop_nulls(["artist", "title", "track_mbid"])
        .group_by("artist", "title")
        .agg(pl.len().alias("plays"), pl.col("track_mbid").mode().sort().first().alias("mbid"))
        .collect()
        .with_columns(key=_keys("artist", "title"))
    )
    return (
        mbids.join(names.select("song_id", "key"), on="key")
        .sort("plays", "artist", "title", descending=[True, False, False])
        .group_by("song_id", maintain_order=True)
        .agg(pl.first("mbid"))
    )


def _keys(artist: str, title: str) -> pl.Expr:
    return pl.struct(artist=artist, title=title).map_elements(
        lambda name: song_key(name["artist"], name["title"]), return_dtype=pl.String
    )
