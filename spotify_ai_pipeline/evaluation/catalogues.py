"""Catalogues that a person names: songs with audio features, genres and tags, read from Parquet files."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.evaluation.histories import read_parquet
from spotify_ai_pipeline.music.embedding import AUDIO_COLUMNS
from spotify_ai_pipeline.music.embedding.model import Inputs, Model
from spotify_ai_pipeline.music.plays.records import SHORTEST_MS
from spotify_ai_pipeline.settings import Features

NEEDED = ("title", "artist", "genres", "tags", *AUDIO_COLUMNS)


def read_catalogue(file: Path) -> pl.DataFrame:
    """The songs in ``file`` whose audio features are known, each name once, with ``name`` and ``song_id``."""
    frame = read_parquet(file)
    if missing := [column for column in NEEDED if column not in frame.columns]:
        raise UserError(f"{file}: no column {' or '.join(missing)}; found are {', '.join(frame.columns)}")
    named = frame.select(NEEDED).with_columns(_name()).unique("name", keep="first", maintain_order=True)
    return named.drop_nulls(AUDIO_COLUMNS).with_columns(song_id=pl.col("name"))


def match_history(songs: pl.DataFrame, file: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(the ``songs`` of a catalogue that ``file`` holds plays of, with ``row``; these plays in order of time, with ``ts`` and
    ``row``)."""
    plays = read_parquet(file)
    if "ms_played" in plays.columns:
        plays = plays.filter(pl.col("ms_played") >= SHORTEST_MS)
    plays = plays.rename({"uts": "ts"} if "uts" in plays.columns else {}).rename({"track": "title"})
    heard = songs.join(plays.select(_name()).unique(), on="name", how="semi").with_row_index("row")
    known = plays.with_columns(_name()).join(heard.select("name", "row"), on="name").sort("ts", "row")
    if known.height < 2:
        raise UserError(f"{file}: none of its plays is in the catalogue; artist and track must be spelled alike")
    return heard, known


def as_inputs(songs: pl.DataFrame, tags: pl.DataFrame) -> Inputs:
    """Gives what the embedding model learns from."""
    return Inputs(songs.select("song_id", pl.col("artist").str.to_lowercase().alias("artist_key")), songs, tags)


def split_tags(songs: pl.DataFrame) -> pl.DataFrame:
    """A row for each tag of each song: song_id, tag, weight."""
    split = songs.select("song_id", pl.col("tags").str.split("|").list.join(",").str.split(",").alias("tag"))
    words = split.explode("tag").with_columns(pl.col("tag").str.strip_chars()).filter(pl.col("tag") != "")
    return words.unique(maintain_order=True).with_columns(weight=pl.lit(1.0))


def add_features(songs: pl.DataFrame, file: Path, features: Features) -> pl.DataFrame:
    """``songs`` (song_id, artist_key) with the tags and vectors that ``file`` knows."""
    known = read_parquet(file)
    if missing := {"artist", "title", *AUDIO_COLUMNS} - set(known.columns):
        raise UserError(f"{file}: no column {', '.join(sorted(missing))}")
    name = pl.col("artist").str.to_lowercase() + "\t" + pl.col("title").str.to_lowercase()
    known = known.with_columns(song_id=name).unique("song_id", keep="first", maintain_order=True)
    words = [column for column in ("genres", "tags") if column in known.columns]
    said = pl.concat_str(words, separator=",", ignore_nulls=True) if words else pl.lit("")
    mine = songs.select("song_id").join(
        known.with_columns(tag=said.str.replace_all("|", ",", literal=True)), on="song_id"
    )
    split = (
        mine.select("song_id", pl.col("tag").str.split(","))
        .explode("tag")
        .with_columns(pl.col("tag").str.strip_chars())
    )
    tags = split.filter(pl.col("tag") != "").unique(maintain_order=True).with_columns(weight=pl.lit(1.0))
    content = Inputs(songs.select("song_id", "artist_key"), mine.select("song_id", *AUDIO_COLUMNS), tags)
    vectors = Model.fit(content, features).embed(content, features).select("song_id", "vector")
    listed = tags.group_by("song_id").agg(tags=pl.struct("tag", "weight"))
    return songs.join(listed, on="song_id", how="left", maintain_order="left").join(
        vectors, on="song_id", how="left", maintain_order="left"
    )


def _name() -> pl.Expr:
    return pl.concat_str(pl.col("artist", "title").str.to_lowercase(), separator="\t").alias("name")
