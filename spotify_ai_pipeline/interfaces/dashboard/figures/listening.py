"""Listening over time, in the listener's time zone. Only listens that count are counted."""

from __future__ import annotations

from typing import Any

import polars as pl

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MOST_NAMED = 6
LATELY_DAYS = 30


def rhythm(listens: pl.LazyFrame, zone: str) -> dict[str, pl.DataFrame]:
    """plays by ``hour`` (with day), ``week`` (its Monday) and ``year``; hours and weeks without a play are there with 0."""
    at = pl.col("played_at").dt.convert_time_zone(zone)
    heard = listens.filter("counts").select(
        hour=at.dt.hour(), weekday=at.dt.weekday(), week=at.dt.date().dt.truncate("1w"), year=at.dt.year()
    )
    by_hour, by_week, by_year = pl.collect_all(
        [heard.group_by(keys).agg(plays=pl.len()) for keys in (["weekday", "hour"], ["week"], ["year"])]
    )
    every_hour = pl.DataFrame({"weekday": range(1, 8)}).join(pl.DataFrame({"hour": range(24)}), how="cross")
    hours = every_hour.cast({"weekday": pl.Int8, "hour": pl.Int8}).join(by_hour, on=["weekday", "hour"], how="left")
    weeks = by_week.sort("week").upsample("week", every="1w") if by_week.height else by_week
    return {
        "hour": hours.with_columns(
            pl.col("plays").fill_null(0), day=pl.col("weekday").replace_strict(range(1, 8), WEEKDAYS)
        ),
        "week": weeks.with_columns(pl.col("plays").fill_null(0)),
        "year": by_year.sort("year"),
    }


def counts(listens: pl.LazyFrame, songs: pl.LazyFrame) -> dict[str, Any]:
    """listens, songs heard, artists heard, songs in the library, first and last day heard (null before any play)."""
    heard = listens.filter("counts").select("song_id", "played_at")
    named = songs.select("song_id", "artist_key", "in_library")
    (figures,) = (
        heard.select(
            pl.len().alias("listens"),
            pl.col("song_id").n_unique().alias("songs"),
            pl.col("played_at").min().alias("first"),
            pl.col("played_at").max().alias("last"),
        )
        .collect()
        .to_dicts()
    )
    artists = heard.select("song_id").unique().join(named, on="song_id").select(pl.col("artist_key").n_unique())
    library = named.select(pl.col("in_library").sum())
    return figures | {"artists": artists.collect().item(), "library": library.collect().item()}


def artists_over_time(listens: pl.LazyFrame, songs: pl.LazyFrame, zone: str, most: int = 12) -> pl.DataFrame:
    """artist, year, plays of the ``most`` played artists, the most played first; years without a play of one hold 0."""
    named = songs.select("song_id", "artist")
    heard = listens.filter("counts").select("song_id", year=pl.col("played_at").dt.convert_time_zone(zone).dt.year())
    by_song = heard.group_by("song_id", "year").agg(plays=pl.len())
    table = by_song.join(named, on="song_id").group_by("artist", "year").agg(pl.col("plays").sum()).collect()
    return _whole(table, "artist", "year", most)


def clusters_over_time(
    listens: pl.LazyFrame, clusters: pl.LazyFrame, names: pl.LazyFrame, zone: str, rest: str
) -> pl.DataFrame:
    """cluster, month (its first day), plays: the most played clusters by name, what else was heard as ``rest``."""
    month = pl.col("played_at").dt.convert_time_zone(zone).dt.date().dt.truncate("1mo")
    heard = listens.filter("counts").select("song_id", month=month).group_by("song_id", "month").agg(plays=pl.len())
    known = clusters.select("song_id", "cluster_id").join(
        names.filter(level="cluster").select("cluster_id", cluster="name"), on="cluster_id"
    )
    table = (
        heard.join(known, on="song_id", how="left").group_by("cluster", "month").agg(pl.col("plays").sum()).collect()
    )
    top = table.drop_nulls("cluster").group_by("cluster").agg(pl.col("plays").sum())
    first = top.sort("plays", "cluster", descending=[True, False]).head(MOST_NAMED)["cluster"].to_list()
    named = pl.when(pl.col("cluster").is_in(first)).then("cluster").otherwise(pl.lit(rest))
    return _whole(
        table.group_by(named.alias("cluster"), "month").agg(pl.col("plays").sum()), "cluster", "month", last=rest
    )


def lately(listens: pl.LazyFrame, songs: pl.LazyFrame, most: int = 10) -> dict[str, pl.DataFrame]:
    """name, plays of the songs and the artists that were heard most in the last ``LATELY_DAYS`` days that are known."""
    heard = listens.filter("counts")
    since = pl.col("played_at").max() - pl.duration(days=LATELY_DAYS)
    recent = heard.filter(pl.col("played_at") > since).group_by("song_id").agg(plays=pl.len())
    named = recent.join(songs.select("song_id", "artist", "title"), on="song_id").collect()
    by_song = named.select(pl.format("{} — {}", "title", "artist").alias("name"), "plays")
    by_artist = named.group_by(name="artist").agg(pl.col("plays").sum())
    first = {"by": ["plays", "name"], "descending": [True, False]}
    return {"songs": by_song.sort(**first).head(most), "artists": by_artist.sort(**first).head(most)}


def _whole(table: pl.DataFrame, name: str, time: str, most: int | None = None, last: str | None = None) -> pl.DataFrame:
    """``table`` (name, time, plays) of the ``most`` played names with every time of every name, those most played first and
    ``last`` at the end."""
    order = (
        table.group_by(name)
        .agg(total=pl.col("plays").sum())
        .with_columns(late=pl.col(name) == pl.lit(last) if last else pl.lit(False))
        .sort("late", "total", name, descending=[False, True, False])
    )
    order = order.head(most) if most else order
    times = table.select(time).unique().sort(time)
    every = order.select(name).join(times, how="cross")
    filled = every.join(table, on=[name, time], how="left", maintain_order="left")
    return filled.with_columns(pl.col("plays").fill_null(0))
