"""Ratings: which songs the listener's ratings of songs and albums are about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

import polars as pl

from spotify_ai_pipeline.music.identity.artists import artist_key
from spotify_ai_pipeline.music.identity.matching import Known
from spotify_ai_pipeline.music.identity.titles import title_key, title_words
from spotify_ai_pipeline.music.identity.versions import split_version

STARS = 5
SONG, ALBUM = "song", "album"

RATED: dict[str, pl.DataType] = {
    "song_id": pl.String(),
    "rating": pl.Float64(),
    "of": pl.String(),
    "rated": pl.String(),
}


def stars() -> pl.Expr:
    """The ``rating`` of ``best`` points as stars of five."""
    return (pl.col("rating") / pl.col("best") * STARS).alias("stars")


def rated_songs(ratings: pl.DataFrame, songs: pl.DataFrame, albums: pl.DataFrame) -> pl.DataFrame:
    """(song_id, rating in stars of five, what was rated, its title): one row a song of ``songs`` (song_id, artist, artists,
    title, keys) that ``ratings`` are about, itself or by an album that ``albums`` (song_id, album) puts it on.

    A rating of the song itself counts before one of its album; several of a kind count by their mean. Both names of an artist
    count.
    """
    given = ratings.drop_nulls("rating").with_columns(stars())
    own = given.filter(pl.col("title").is_not_null())
    whole = given.filter(pl.col("title").is_null() & pl.col("album").is_not_null())
    rows = [*_of_songs(own, songs), *_of_albums(whole, songs, albums)]
    found = pl.DataFrame(rows, schema=RATED, orient="row")
    each = found.group_by("song_id", "of", maintain_order=True).agg(pl.mean("rating"), pl.last("rated"))
    return each.sort(pl.col("of") == ALBUM, maintain_order=True).unique("song_id", keep="first").select(*RATED)


Row = tuple[str, float, str, str]


def _of_songs(ratings: pl.DataFrame, songs: pl.DataFrame) -> Iterator[Row]:
    if ratings.is_empty():
        return
    known, song_of = Known(), dict[str, str]()
    for song, artist, title, artists, keys in songs.select("song_id", "artist", "title", "artists", "keys").iter_rows():
        song_of[known.add(artist, title, artists or ())] = song
        song_of.update((key, song) for key in keys or ())
    for row in ratings.iter_rows(named=True):
        for artist in _names(row):
            found = known.find(artist, row["title"])
            if found is not None and found.same:
                yield song_of[found.key], row["stars"], SONG, row["title"]
                break


def _of_albums(ratings: pl.DataFrame, songs: pl.DataFrame, albums: pl.DataFrame) -> Iterator[Row]:
    if ratings.is_empty():
        return
    on = defaultdict[tuple[str, str], dict[str, None]](dict)
    about = albums.drop_nulls("album").unique(maintain_order=True).join(songs, on="song_id", maintain_order="left")
    for song, album, artist, artists in about.select("song_id", "album", "artist", "artists").iter_rows():
        for name in {artist, *(artists or ())}:
            on[artist_key(name), album_key(album)][song] = None
    for row in ratings.iter_rows(named=True):
        held = (on.get((artist_key(artist), album_key(row["album"])), {}) for artist in _names(row))
        for song in next((songs for songs in held if songs), ()):
            yield song, row["stars"], ALBUM, row["album"]


def album_key(album: str) -> str:
    """What the editions of an album share: "Dummy (Deluxe Edition)" is "Dummy"."""
    return title_key(title_words(split_version(album)[0]))


def other_names(ratings: pl.DataFrame) -> list[tuple[str, str]]:
    """(artist, the same in another script) as ``ratings`` tell."""
    return list(ratings.select("artist", "artist_alias").drop_nulls().unique(maintain_order=True).iter_rows())


def _names(row: Mapping[str, str | None]) -> Iterable[str]:
    return (name for name in (row["artist"], row["artist_alias"]) if name)
