"""Plays: what each source tells of one listen, in one table, before any of them are put together.

A source stamps the start of a play or its end, to the second or to the minute, by a clock that may be off; it may know how
long was heard or not. ``PLAY`` holds what all of them can say, with the start as the source tells it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from spotify_ai_pipeline.durations import MINUTE
from spotify_ai_pipeline.music.identity.artists import artist_key
from spotify_ai_pipeline.music.identity.songs import assign_songs
from spotify_ai_pipeline.music.identity.spelling import fold
from spotify_ai_pipeline.music.identity.versions import split_version
from spotify_ai_pipeline.music.tables import PLAY

SHORTEST_MS = 30_000
"""A play of less is no play for statistics, but evidence of a skip; scrobbling services do not log it."""


@dataclass(frozen=True)
class Source:
    """A source's way of stamping: the true start lies within ``slack`` seconds of the stamp plus ``offset``."""

    name: str
    slack: float
    offset: float = 0.0
    scrobbles: bool = False
    """Logs plays of 30 s or more only, and not how long was heard."""
    whole_minutes: bool = False
    start_or_end: bool = False


DRIFT = 90.0

SPOTIFY_HISTORY = Source("spotify_history", 5)
SPOTIFY_ACCOUNT = Source("spotify_account", MINUTE / 2 + 5, MINUTE / 2, whole_minutes=True)
LISTENBRAINZ = Source("listenbrainz", DRIFT, scrobbles=True)
LISTENBRAINZ_EXPORT = Source("listenbrainz_export", DRIFT, scrobbles=True)
LASTFM = Source("lastfm", DRIFT, scrobbles=True)
LASTFM_EXPORT = Source("lastfm_export", DRIFT, scrobbles=True)
SPOTIFY_RECENT = Source("spotify_recent", 10, scrobbles=True, start_or_end=True)
LASTFM_EXPORT_MINUTES = Source(
    "lastfm_export_minutes", DRIFT + MINUTE / 2, MINUTE / 2, scrobbles=True, whole_minutes=True
)

LIBREFM_EXPORT = Source("librefm_export", DRIFT, scrobbles=True)
MALOJA = Source("maloja", DRIFT, scrobbles=True)
KOITO = Source("koito", DRIFT, scrobbles=True)
PANO_SCROBBLER = Source("pano_scrobbler", DRIFT, scrobbles=True)
SCROBBLE_TABLE = Source("scrobble_table", DRIFT, scrobbles=True)
SCROBBLE_TABLE_MINUTES = Source(
    "scrobble_table_minutes", DRIFT + MINUTE / 2, MINUTE / 2, scrobbles=True, whole_minutes=True
)

SOURCES = (
    SPOTIFY_HISTORY,
    SPOTIFY_ACCOUNT,
    LISTENBRAINZ,
    LISTENBRAINZ_EXPORT,
    LASTFM,
    LASTFM_EXPORT,
    KOITO,
    PANO_SCROBBLER,
    MALOJA,
    LIBREFM_EXPORT,
    SCROBBLE_TABLE,
    SPOTIFY_RECENT,
    LASTFM_EXPORT_MINUTES,
    SCROBBLE_TABLE_MINUTES,
)
"""From the richest and most exact to the poorest."""


PART = 500_000
"""Plays that are worked on at a time, so that a long history needs little more memory than a short one."""


def spans(played_at: pl.Series, size: int = PART) -> list[pl.Expr]:
    """Conditions that divide plays (at ``played_at``) into parts of about ``size`` that follow each other in time."""
    cuts = played_at.drop_nulls().sort().gather_every(size)[1:].unique(maintain_order=True)
    since = [pl.lit(True), *(pl.col("played_at") >= cut for cut in cuts)]
    before = [*(pl.col("played_at") < cut for cut in cuts), pl.lit(True)]
    return [low & high for low, high in zip(since, before, strict=True)]


def gather(tables: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """All plays of ``tables`` under the columns of ``PLAY``, oldest first; the same row of a source twice is one.

    What a table has no column for is null. Rows without an artist, a title or a time are left out.
    """
    together = pl.concat(
        [
            table.select(
                *[
                    (pl.col(name) if name in table.columns else pl.lit(None)).cast(kind).alias(name)
                    for name, kind in PLAY.items()
                ],
                nth=pl.col("nth") if "nth" in table.columns else pl.lit(0, pl.Int64),
            )
            for table in tables
        ]
    )
    named = together.filter((pl.col("artist") != "") & (pl.col("title") != "") & pl.col("played_at").is_not_null())
    who = pl.coalesce("track_id", pl.concat_str("artist", pl.lit("\t"), "title")).alias("who")
    same = ["source", "played_at", "who", "ms_played", "nth"]
    return (
        named.with_columns(who)
        .unique(same, keep="first", maintain_order=True)
        .sort("played_at", "source", "who", "ms_played", "nth")
        .select(list(PLAY))
    )


def find_songs(plays: pl.LazyFrame, songs: pl.DataFrame) -> pl.LazyFrame:
    """``plays`` with ``song_id``, ``by_id`` (whether the play's own Spotify id says so) and ``kin`` (artist and title without
    the version); plays of no song are left out.

    The id beats the spelling: two recordings of one title have one spelling, and an export may name the album's artist
    instead of the track's. ``merging`` aligns plays that one source calls by id and another by spelling by their kin.
    """
    by_id = songs.select("song_id", track_id="track_ids").explode("track_id").drop_nulls()
    names = plays.select("artist", "title").unique().collect(engine="streaming")
    spelled = assign_songs(names, songs).unique(["artist", "title"], keep="first").rename({"song_id": "spelled"})
    kin = [f"{artist_key(artist)}\t{fold(split_version(title)[0])}" for artist, title in names.iter_rows()]
    named = names.with_columns(kin=pl.Series(kin, dtype=pl.String)).join(spelled, on=["artist", "title"], how="left")
    return (
        plays.join(by_id.lazy().unique("track_id", keep="first"), on="track_id", how="left")
        .join(named.lazy(), on=["artist", "title"])
        .with_columns(by_id=pl.col("song_id").is_not_null(), song_id=pl.coalesce("song_id", "spelled"))
        .drop("spelled")
        .filter(pl.col("song_id").is_not_null())
    )
