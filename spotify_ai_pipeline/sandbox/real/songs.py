"""The Spotify catalogue around a real history: every row of a catalogue file, and every song of the history."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import polars as pl

from .. import schema
from ..ids import hashed_id, hashed_uuid, isrc
from .plays import song_key

_COLUMNS = [
    "spotify_id", "title", "artist", "album", "release_date", "release_year", "duration_ms", *schema.FEATURES, "genres",
    "tags", "sources",
]  # fmt: skip


def read(path: Path) -> pl.DataFrame:
    """The catalogue file's rows with its `song`, one row an id. Raises WorldError."""
    frame = schema.read_columns(path, _COLUMNS)
    return frame.unique("spotify_id", keep="first", maintain_order=True).with_columns(song=song_key("artist", "title"))


def songs(plays: pl.DataFrame) -> pl.DataFrame:
    """One row a song of the history, by first play: song, title, artist, album, mbid, longest (ms, null = unknown).

    Names are spelled as most plays spell them.
    """
    return plays.group_by("song", maintain_order=True).agg(
        title=_usual("track"),
        artist=_usual("artist"),
        album=_usual("album"),
        mbid=_usual("track_mbid"),
        longest=pl.col("ms_played").max(),
    )


def tracks(known: pl.DataFrame, heard: pl.DataFrame) -> pl.DataFrame:
    """The rows of the catalogue-to-be: those of the file, then a minted one for each song that it lacks."""
    mbids = heard.select("song", mbid=pl.when(pl.col("mbid") != "").then("mbid"))
    # MusicBrainz knows what a catalogue file holds; where the history does not say under which id, one is minted.
    unsaid = pl.Series([hashed_uuid(f"recording\n{song}") for song in known["song"].to_list()], dtype=pl.String)
    ours = known.join(mbids, on="song", how="left", maintain_order="left")
    ours = ours.with_columns(pl.col("mbid").fill_null(unsaid), minted=pl.lit(value=False))
    lacking = heard.join(known, on="song", how="anti", maintain_order="left")
    fallback = [150_000 + zlib.crc32(song.encode()) % 170_001 for song in lacking["song"].to_list()]
    minted = lacking.select(
        pl.Series("spotify_id", [hashed_id(song) for song in lacking["song"].to_list()], dtype=pl.String),
        "title",
        "artist",
        pl.when(pl.col("album") != "").then("album").alias("album"),
        # A play of a few seconds says nothing of the length.
        duration_ms=pl.when(pl.col("longest") >= 30_000).then("longest").otherwise(pl.Series(fallback, dtype=pl.Int64)),
        song="song",
        mbid=pl.when(pl.col("mbid") != "").then("mbid"),
        minted=pl.lit(value=True),
        sources=pl.lit(""),
    )
    return pl.concat([ours, minted], how="diagonal_relaxed")


def catalogue(rows: pl.DataFrame) -> pl.DataFrame:
    """The table `catalogue` of what `tracks` gave."""
    n = len(rows)
    single = rows["album"].is_null()
    frame = rows.with_columns(
        pl.col("album").fill_null(pl.col("title")), artist_key=pl.col("artist").str.to_lowercase()
    )
    album_key = pl.concat_str("artist_key", pl.col("album").str.to_lowercase(), separator="\n")
    frame = frame.with_columns(album_key=album_key)
    years = frame["release_year"].fill_null(2000).to_list()
    chance = np.array([zlib.crc32(key.encode()) for key in frame["spotify_id"].to_list()])
    # How many collections hold a song is the one sign of its fame.
    fame = np.minimum(100, chance % 20 + 20 * frame["sources"].str.count_matches(r"\|").to_numpy())
    number = pl.int_range(pl.len()).over("album_key") + 1
    columns = frame.with_columns(
        id="spotify_id",
        name="title",
        artist_ids=pl.concat_list(_hashed(frame["artist_key"], "artist")),
        artist_names=pl.concat_list("artist"),
        album_id=_hashed(frame["album_key"], "album"),
        album_type=pl.when(single).then(pl.lit("single")).otherwise(pl.lit("album")),
        release_date=pl.col("release_date").fill_null(pl.col("release_year").cast(pl.String)),
        disc_number=pl.lit(1),
        track_number=number,
        isrc=pl.Series(
            [isrc("QZ", 1 + k // 100_000, y, k) for k, y in zip(range(n), years, strict=True)], dtype=pl.String
        ),
        explicit=pl.lit(value=False),
        popularity=pl.Series(fame),
        playable=pl.lit(value=True),
        reccobeats_id=pl.when(~pl.col("minted")).then(
            pl.Series([hashed_uuid(i) for i in rows["spotify_id"].to_list()])
        ),
    )
    return columns.select(pl.col(name).cast(dtype) for name, dtype in schema.TABLES["catalogue"].items())


def artists(rows: pl.DataFrame, plays: pl.DataFrame, genres: dict[str, list[str]]) -> pl.DataFrame:
    """The table `artists`: everyone with a track. `genres` is by artist id."""
    named = rows.with_columns(key=pl.col("artist").str.to_lowercase()).group_by("key", maintain_order=True)
    frame = named.agg(name=_usual("artist"), popularity=pl.len().log1p().mul(15).clip(0, 100).cast(pl.Int64))
    mbids = plays.group_by(pl.col("artist").str.to_lowercase().alias("key")).agg(mbid=_usual("artist_mbid"))
    frame = frame.join(mbids, on="key", how="left", maintain_order="left")
    ids = _hashed(frame["key"], "artist")
    return schema.table(
        "artists",
        {
            "id": ids,
            "name": frame["name"],
            "mbid": frame.select(pl.when(pl.col("mbid") != "").then("mbid")).to_series(),
            "genres": [genres.get(key, [])[:4] for key in ids.to_list()],
            "popularity": frame["popularity"],
            "followed": [False] * len(frame),
        },
    )


def _usual(column: str) -> pl.Expr:
    """The most frequent value of a group that is not blank ("" when all are); of equals the alphabetically first."""
    values = pl.col(column).filter(pl.col(column) != "")
    return values.mode().sort().first().fill_null("")


def _hashed(keys: pl.Series, kind: str) -> pl.Series:
    """The id that belongs to each key, among those of its `kind`."""
    ids = {key: hashed_id(f"{kind}\n{key}") for key in keys.unique().to_list()}
    return pl.Series([ids[key] for key in keys.to_list()], dtype=pl.String)
