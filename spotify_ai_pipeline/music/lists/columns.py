"""The questions that a list of one's own may ask of a song: its columns, how each is said, and how they are reckoned
from what is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from spotify_ai_pipeline.music.mood.lexicon import AXES
from spotify_ai_pipeline.music.ties import drawn

NUMBER, TEXT, FLAG = "number", "text", "flag"
AROUND = timedelta(days=15)
"""This time last year: so long before this day a year ago, and so long after it."""


@dataclass(frozen=True)
class Column:
    """One thing that is known of a song: ``about`` says what it is, ``reason`` what it was for one song."""

    kind: str
    about: str
    reason: str


COLUMNS: Mapping[str, Column] = {
    "plays": Column(NUMBER, "times that you played it", "played {:.0f} times"),
    "recent_plays": Column(NUMBER, "times that you played it lately", "played {:.0f} times lately"),
    "plays_then": Column(NUMBER, "plays within 15 days of this day a year ago", "{:.0f} plays this time last year"),
    "plays_above": Column(NUMBER, "percent of your played songs that you played less", "played more than {:.0f} % of yours"),
    "days_quiet": Column(NUMBER, "days since you last heard it", "unheard for {:.0f} days"),
    "days_known": Column(NUMBER, "days since you first heard it", "first heard {:.0f} days ago"),
    "days_added": Column(NUMBER, "days since it came to your library", "added {:.0f} days ago"),
    "forecast": Column(NUMBER, "plays that are expected in the coming week", "{:.2f} plays expected this week"),
    "staleness": Column(NUMBER, "how tired you are of it, 0 to 1", "{:.2f} tired"),
    "artist_rank": Column(NUMBER, "place of its artist among those you play, 1 is the first", "your no. {:.0f} artist"),
    "rank_in_artist": Column(NUMBER, "its place among the artist's songs by your plays", "the artist's no. {:.0f} by your plays"),
    "year": Column(NUMBER, "year of release", "of {:.0f}"),
    "rating": Column(NUMBER, "your stars, of five", "{:.1f} stars"),
    **{axis: Column(NUMBER, f"percent of your songs with less {axis}", f"more {axis} than {{:.0f}} % of yours") for axis in AXES},
    "nearness": Column(NUMBER, "how like the songs that the list names, 0 to 100", "{:.0f} % like the songs you named"),
    "step": Column(NUMBER, "its step on the way between the two songs that the list names", "step {:.0f} of the way"),
    "artist": Column(TEXT, "its artist", "by {}"),
    "tags": Column(TEXT, "what people call it", "tagged {}"),
    "cluster": Column(TEXT, "its cluster in your library", "in {}"),
    "liked": Column(FLAG, "you liked it", "liked"),
    "in_library": Column(FLAG, "it is in your library", ""),
}  # fmt: skip

NEVER = {"days_quiet": "never heard", "days_known": "never heard"}


def with_columns(songs: pl.DataFrame, listens: pl.DataFrame, audio: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """``songs`` (song_id, title, artist, artist_key, liked, in_library, year, tags, cluster, added_at, plays, recent_plays,
    first_played, days_quiet, staleness, expected, rating) with every column of ``COLUMNS`` but nearness and step.

    ``listens`` (song_id, played_at) are those that count. A song never heard is quiet for ever; what else is unknown is null
    and fits no condition on it.
    """
    then = now - timedelta(days=365)
    last_year = listens.filter(pl.col("played_at").is_between(then - AROUND, then + AROUND))
    plays_then = last_year.group_by("song_id").agg(plays_then=pl.len().cast(pl.Int64))
    by_artist = songs.group_by("artist_key").agg(of_artist=pl.sum("plays"))
    by_artist = by_artist.with_columns(artist_rank=pl.col("of_artist").rank("min", descending=True))
    shares = audio.unique("song_id").select("song_id", *(_percent_below(axis).alias(axis) for axis in AXES))
    heard = pl.col("plays") > 0
    forever = pl.lit(float("inf"))
    return (
        songs.join(plays_then, on="song_id", how="left", maintain_order="left")
        .join(by_artist.filter(pl.col("of_artist") > 0), on="artist_key", how="left", maintain_order="left")
        .join(shares, on="song_id", how="left", maintain_order="left")
        .with_columns(
            pl.col("plays_then").fill_null(0),
            pl.col("days_quiet").fill_null(forever),
            days_known=((pl.lit(now) - pl.col("first_played")).dt.total_seconds() / 86_400).fill_null(forever),
            days_added=(pl.lit(now) - pl.col("added_at")).dt.total_seconds() / 86_400,
            plays_above=_percent_below(pl.when(heard).then("plays")),
            rank_in_artist=pl.struct(-pl.col("plays"), drawn()).rank("ordinal").over("artist_key").cast(pl.Int64),
            forecast=pl.col("expected"),
        )
    )


def _percent_below(values: str | pl.Expr) -> pl.Expr:
    known = pl.col(values) if isinstance(values, str) else values
    return 100 * (known.rank("average") - 0.5) / known.count()
