"""Exclusion: "that wasn't me". Which listens the listener's rules leave out, and which spans look as if one was missing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from spotify_ai_pipeline.music.identity.artists import artist_key
from spotify_ai_pipeline.music.plays.records import SHORTEST_MS

SPAN, ARTIST, PLAYLIST, DEVICE = "span", "artist", "playlist", "device"
KINDS = (SPAN, ARTIST, PLAYLIST, DEVICE)

SITTING_MINUTES = 30
LONGEST_SITTING_HOURS = 10
LEAST_PLAYS = 10
STRANGERS = 0.8
ON_LOOP = 10


@dataclass(frozen=True)
class Rule:
    """Listens to leave out: those in [since, until), or those of an artist, a playlist (its id) or a device."""

    kind: str
    value: str = ""
    since: datetime | None = None
    until: datetime | None = None


def excluded(rules: Iterable[Rule], songs: pl.DataFrame, library: pl.DataFrame) -> pl.Expr:
    """Whether a listen (song_id, played_at, device, playlist_id) is left out by one of ``rules``.

    A playlist leaves out what is known to have been played from it and, where that is not known, the songs that ``library``
    (list_id, track_id) has on that list alone.
    """
    out = pl.lit(False)
    for rule in rules:
        if rule.kind == SPAN:
            out |= (pl.col("played_at") >= rule.since) & (pl.col("played_at") < rule.until)
        elif rule.kind == ARTIST:
            wanted, named = artist_key(rule.value), songs.select("song_id", "artist").iter_rows()
            out |= pl.col("song_id").is_in([song for song, artist in named if artist_key(artist) == wanted])
        elif rule.kind == PLAYLIST:
            only_there = _songs_only_on(rule.value, songs, library)
            known, unknown = pl.col("playlist_id") == rule.value, pl.col("playlist_id").is_null()
            out |= known.fill_null(False) | (unknown & pl.col("song_id").is_in(only_there))
        else:
            device = pl.col("device").str.to_lowercase().str.contains(rule.value.casefold(), literal=True)
            out |= device.fill_null(False)
    return out.alias("excluded")


def _songs_only_on(playlist_id: str, songs: pl.DataFrame, library: pl.DataFrame) -> list[str]:
    tracks = songs.select("song_id", track_id="track_ids").explode("track_id").drop_nulls()
    lists = library.join(tracks, on="track_id").group_by("song_id").agg(pl.col("list_id").unique())
    alone = (pl.col("list_id").list.len() == 1) & (pl.col("list_id").list.first() == playlist_id)
    return lists.filter(alone)["song_id"].to_list()


def suspects(listens: pl.DataFrame, songs: pl.DataFrame) -> pl.DataFrame:
    """Spans that may not have been the listener, for them to judge: since, until (UTC), plays, why; the latest first.

    A sitting (no silence of half an hour) is suspect when it was a private session, hardly held an artist that is in the
    library or was heard in another week, went on for many hours, or held one song on loop.
    """
    own = songs.filter("in_library")["artist_key"].to_list()
    rows = (
        listens.filter(~pl.col("excluded"))
        .join(songs.select("song_id", "artist", "artist_key", "duration_ms"), on="song_id")
        .sort("played_at")
        .with_columns(
            sitting=(pl.col("played_at").diff().dt.total_minutes() > SITTING_MINUTES).fill_null(False).cum_sum(),
            weeks=pl.col("played_at").dt.truncate("1w").n_unique().over("artist_key"),
            length=pl.coalesce("ms_played", "duration_ms", pl.lit(SHORTEST_MS)),
        )
        .with_columns(
            stranger=~pl.col("artist_key").is_in(own) & (pl.col("weeks") == 1),
            run=(pl.col("song_id") != pl.col("song_id").shift()).fill_null(True).cum_sum(),
        )
        .with_columns(times=pl.len().over("sitting", "run"))
    )
    until = (pl.col("played_at") + pl.duration(milliseconds="length")).max()
    sittings = rows.group_by("sitting").agg(
        pl.col("played_at").min().alias("since"),
        until.alias("until"),
        pl.len().alias("plays"),
        pl.col("stranger").mean().alias("strange"),
        pl.col("private").fill_null(False).mean().alias("in_private"),
        pl.col("times").max(),
        pl.col("artist").sort_by("times", descending=True).first(),
    )
    hours = (pl.col("until") - pl.col("since")).dt.total_minutes() / 60
    why = (
        pl.when(pl.col("in_private") >= STRANGERS)
        .then(pl.lit("a private session"))
        .when((pl.col("strange") >= STRANGERS) & (pl.col("plays") >= LEAST_PLAYS))
        .then(pl.lit("artists that you neither keep nor played in any other week"))
        .when(pl.col("times") >= ON_LOOP)
        .then(pl.format("one song of {} {} times in a row", "artist", "times"))
        .when(hours >= LONGEST_SITTING_HOURS)
        .then(pl.format("{} hours without a break", hours.round(1)))
    )
    return (
        sittings.with_columns(why=why)
        .drop_nulls("why")
        .select("since", "until", "plays", "why")
        .sort("since", descending=True)
    )
