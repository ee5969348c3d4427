"""Leads: songs that a source puts forward, and one row a song of all that was put forward."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from spotify_ai_pipeline.music.identity.artists import artist_key
from spotify_ai_pipeline.music.identity.matching import song_id, song_key
from spotify_ai_pipeline.music.ties import drawn

MOST_NAMED = 2
"""Names in one clause of a reason."""


@dataclass(frozen=True)
class Lead:
    """A song put forward; the columns of ``LEADS`` without source and time."""

    artist: str
    title: str
    strength: float
    because: str = ""
    track_id: str | None = None
    mbid: str | None = None
    seed: str | None = None


def _named(before: str) -> Callable[[Sequence[str]], str]:
    return lambda names: before + " and ".join(names[:MOST_NAMED])


def _friends(names: Sequence[str]) -> str:
    count = {1: names[0], 2: "two friends", 3: "three friends"}.get(len(names), f"{len(names)} friends")
    return f"{count} this week"


CLAUSES: Mapping[str, Callable[[Sequence[str]], str]] = {
    "lastfm_similar": _named("fans of "),
    "lastfm_artists": _named("artists like "),
    "lastfm_friends": _friends,
    "lastfm_stations": lambda _: "your Last.fm station",
    "listenbrain": lambda _: "listeners like you",
    "listenbrainz_exploration": lambda _: "ListenBrainz' weekly exploration",
    "listenbrainz_radio": _named("radio of "),
    "reccobeats": _named("sounds like "),
    "spotify_recs": _named("Spotify, for "),
    "new_releases": _named("new from "),
    "files": _named("from "),
}
"""What each source says of a song, from the names it was led by."""


def gather(leads: pl.DataFrame) -> pl.DataFrame:
    """One row a song of ``leads`` (``LEADS``): song_id, key, base, artist_key, artist, title, track_id, mbid, seeds, sources,
    source (the surest), strength and reason.

    Sources are independent witnesses: strengths add up by noisy-or, 1 - product of (1 - strength), each source counted once.
    ``base`` is the key without its version.
    """
    names = leads.select("artist", "title").unique(maintain_order=True)
    keys = [song_key(artist, title) for artist, title in names.iter_rows()]
    named = names.with_columns(
        key=pl.Series(keys, dtype=pl.String),
        base=pl.Series([base_of(key) for key in keys], dtype=pl.String),
        song_id=pl.Series([song_id(key) for key in keys], dtype=pl.String),
        artist_key=pl.Series([artist_key(artist) for artist in names["artist"]], dtype=pl.String),
    )
    by_source = (
        leads.join(named, on=["artist", "title"])
        .sort("strength", "found_at", descending=True, maintain_order=True)
        .group_by("song_id", "source", maintain_order=True)
        .agg(
            pl.first("key", "base", "artist_key", "artist", "title"),
            pl.col("track_id", "mbid").drop_nulls().first(),
            pl.max("strength"),
            pl.col("because").unique(maintain_order=True).alias("because"),
            pl.col("seed").drop_nulls().unique(maintain_order=True).alias("seeds"),
        )
        .with_columns(
            clause=pl.struct("source", "because").map_elements(
                lambda said: CLAUSES[said["source"]](said["because"]), return_dtype=pl.String
            )
        )
    )
    return (
        by_source.sort("strength", drawn(), "source", descending=[True, False, False])
        .group_by("song_id", maintain_order=True)
        .agg(
            pl.first("key", "base", "artist_key", "artist", "title", "source"),
            pl.col("track_id", "mbid").drop_nulls().first(),
            pl.col("source").alias("sources"),
            pl.col("seeds").explode().drop_nulls().unique(maintain_order=True),
            (1 - (1 - pl.col("strength")).product()).alias("strength"),
            pl.col("clause").str.join("; ").alias("reason"),
        )
    )


def base_of(key: str) -> str:
    """A song's key without its version: what all recordings of it share."""
    return key.rsplit("\t", 1)[0]
