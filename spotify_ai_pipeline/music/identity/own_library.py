"""The library of a listener who keeps none on Spotify: what they loved, said yes to, or heard often enough."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from spotify_ai_pipeline.music.identity.groups import SPELLING
from spotify_ai_pipeline.music.identity.matching import song_key


def with_loved(spellings: pl.DataFrame, loved: pl.DataFrame) -> pl.DataFrame:
    """``spellings`` (artist, title, plays) with the names of ``loved`` songs (artist, title) that were never heard."""
    names = loved.select("artist", "title").unique(maintain_order=True)
    unheard = names.join(spellings, on=["artist", "title"], how="anti").with_columns(plays=pl.lit(0, pl.Int64))
    return pl.concat([spellings, unheard.select(spellings.columns)])


def keys_of(names: pl.DataFrame) -> pl.DataFrame:
    """``names`` (artist, title, ...) with the ``key`` of each spelling."""
    keys = [song_key(artist, title) for artist, title in names.select("artist", "title").iter_rows()]
    return names.with_columns(key=pl.Series(keys, dtype=pl.String))


def mark_loved(songs: pl.DataFrame, members: pl.DataFrame, loved: pl.DataFrame) -> pl.DataFrame:
    """``songs`` with ``liked`` for those that were ``loved`` where scrobbles go, since then, and by the recording they name."""
    spellings = members.filter(pl.col("kind") == SPELLING).select("song_id", key="member")
    told = (
        keys_of(loved)
        .join(spellings, on="key")
        .group_by("song_id")
        .agg(pl.min("loved_at"), pl.col("mbid").drop_nulls().first().alias("loved_mbid"))
    )
    found = songs.join(told, on="song_id", how="left", maintain_order="left")
    return found.with_columns(
        liked=pl.col("liked") | pl.col("song_id").is_in(told["song_id"].implode()),
        added_at=pl.coalesce("added_at", "loved_at"),
        mbid=pl.coalesce("mbid", "loved_mbid"),
    ).drop("loved_at", "loved_mbid")


def heard_often(plays: pl.LazyFrame, members: pl.DataFrame, least: int) -> list[str]:
    """The songs of which one source alone tells at least so many ``plays``: two sources may tell of the same one."""
    named = plays.drop_nulls(["artist", "title"]).group_by("artist", "title", "source").agg(pl.len())
    spellings = members.filter(pl.col("kind") == SPELLING).select("song_id", key="member")
    counted = keys_of(named.collect(engine="streaming")).join(spellings, on="key").group_by("song_id", "source")
    often = counted.agg(pl.sum("len")).filter(pl.col("len") >= least)
    return often["song_id"].unique().sort().to_list()


def as_library(songs: pl.DataFrame, often: Collection[str], kept: Collection[str]) -> pl.DataFrame:
    """``songs`` whose library is what was loved, heard ``often``, or ``kept`` by a verdict (a song id or a Spotify id)."""
    wanted = [*often, *kept]
    by_id = pl.col("song_id").is_in(wanted) | pl.col("track_ids").list.eval(pl.element().is_in(wanted)).list.any()
    return songs.with_columns(in_library=pl.col("in_library") | pl.col("liked") | by_id.fill_null(value=False))
