"""Listening that may not have been the listener's: sittings of strangers to them, sleep sounds, children's songs.

The sittings tell by themselves: most of what was played was never heard before, and not again in the two weeks after. The hour
adds to it where the listener seldom plays anything then. `evaluation/foreign_sessions.py` measures what is found and what is
found in vain. Nothing is left out unasked: the listener judges.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from spotify_ai_pipeline.durations import MINUTE
from spotify_ai_pipeline.music.plays.exclusion import ARTIST, SPAN
from spotify_ai_pipeline.music.plays.records import SHORTEST_MS

SITTING_MINUTES = 30
LONGEST_SITTING_HOURS = 10
LEAST_PLAYS = 8
ON_LOOP = 10
MOSTLY = 0.8

VISIT = timedelta(days=3)
"""A weekend with a guest is one visit: what was heard twice within this time is no habit yet."""
AFTER = timedelta(days=14)
"""What is heard again later than this after its first visit was still a stranger when it could be judged."""
LEARNT = timedelta(days=90)
"""In the first months of a history everything is new."""

ARTISTS, SONGS, HOUR = 3.0, 13.0, 0.6
"""What the share of strange artists, that of strange songs, and a seldom hour count, fitted on sessions of other listeners that
were put into a history."""
FOREIGN = 15.0
"""The sum from which on a sitting is proposed."""
SELDOM = 1.0
"""An hour at which the listener plays less than a third of the usual (its logarithm) is outside of habit."""
PARTY, PARTY_ARTISTS = timedelta(hours=2), 12
EVENING = (18, 5)

SLEEP = re.compile(
    r"\b(white|brown|pink|green) noise\b|\brain sounds?\b|\bsounds? of rain\b|\bnature sounds?\b|\bsleep(ing)? (sounds?|music)\b"
    r"|\bdeep sleep\b|\bocean waves? sounds?\b|\bfan sounds?\b|\bsleep aid\b|\bregengeräusche\b|\bweißes rauschen\b"
    r"|\bbruits? blancs?\b|\bruido blanco\b|\brumore bianco\b",
    re.IGNORECASE,
)
CHILDREN = re.compile(
    r"\bnursery rhymes?\b|\bkids'? songs?\b|\bchildren'?s (music|songs?)\b|\bfor (kids|children|toddlers)\b"
    r"|\bbab(y|ies)\b.*\blullab(y|ies)\b|\blullab(y|ies)\b.*\bbab(y|ies)\b"
    r"|\bbaby shark\b|\bcocomelon\b|\bpeppa pig\b|\bpaw patrol\b|\bthe wiggles\b|\bpinkfong\b|\bkinderlieder\b|\bkindermusik\b"
    r"|\bschlaflieder\b|\bcomptines?\b|\bchansons? pour enfants\b|\bcanciones infantiles\b|\bcanzoni per bambini\b"
    r"|\bmúsica infantil\b|\bbarnsånger\b|\bkinderliedjes\b",
    re.IGNORECASE,
)
SOUNDS_LIKE = {"sleep sounds": SLEEP, "children's songs": CHILDREN}


def sittings(listens: pl.DataFrame, zone: ZoneInfo) -> pl.DataFrame:
    """One row a sitting (no silence of half an hour), in order of time, of listens (song_id, artist_key, artist, played_at):
    since, until (the start of its last play), plays, artists (how many), named (the most played), strange_artists and
    strange_songs (shares), hour (how seldom the listener plays at that hour; 0 as usual), foreign (all of it as one figure)."""
    rows = listens.sort("played_at").with_columns(
        sitting=(pl.col("played_at").diff().dt.total_minutes() > SITTING_MINUTES).fill_null(False).cum_sum(),
        clock=pl.col("played_at").dt.convert_time_zone(zone.key).dt.hour(),
    )
    rows = rows.with_columns(
        strange_artist=_first_visit(rows, "artist_key"), strange_song=_first_visit(rows, "song_id")
    )
    usual = rows.group_by("clock").agg(hour=-(24 * (pl.len() + 0.5) / (rows.height + 12)).log())
    found = (
        rows.join(usual, on="clock", how="left", maintain_order="left")
        .group_by("sitting", maintain_order=True)
        .agg(
            since=pl.col("played_at").first(),
            until=pl.col("played_at").last(),
            plays=pl.len(),
            artists=pl.col("artist_key").n_unique(),
            named=pl.col("artist").mode(maintain_order=True).first(),
            strange_artists=pl.col("artist_key").filter("strange_artist").n_unique() / pl.col("artist_key").n_unique(),
            strange_songs=pl.col("song_id").filter("strange_song").n_unique() / pl.col("song_id").n_unique(),
            hour=pl.mean("hour").clip(-1, 2),
        )
    )
    return found.with_columns(
        foreign=ARTISTS * pl.col("strange_artists") + SONGS * pl.col("strange_songs") + HOUR * pl.col("hour")
    )


def foreign(listens: pl.DataFrame, zone: ZoneInfo, at: datetime) -> pl.DataFrame:
    """The ``sittings`` that look like another person's, as known at ``at``: those that ended two weeks ago or longer, and not in
    the first months of a history."""
    if listens.is_empty():
        return sittings(listens, zone)
    begun = listens["played_at"].min()
    return sittings(listens, zone).filter(
        (pl.col("plays") >= LEAST_PLAYS)
        & (pl.col("foreign") >= FOREIGN)
        & (pl.col("since") >= pl.lit(begun) + LEARNT)
        & (pl.col("until") <= pl.lit(at) - AFTER)
    )


def suspects(
    listens: pl.DataFrame, songs: pl.DataFrame, tags: pl.DataFrame, zone: ZoneInfo, at: datetime
) -> pl.DataFrame:
    """Gives what may not have been the listener, for them to judge, the latest first: kind (a rule's), value, since,
    until (UTC; the span to leave out, or when an artist was heard), plays, why, and proposed (sure enough to be asked
    about).

    Beside foreign sittings these are private sessions, one song on loop, sittings of many hours, and artists of sleep sounds or
    children's songs, by their names and ``tags`` (song_id, tag). What the listener keeps in the library is theirs.
    """
    own = songs.filter("in_library")
    rows = (
        listens.filter(~pl.col("excluded"))
        .join(songs.select("song_id", "title", "artist", "artist_key", "duration_ms"), on="song_id")
        .sort("played_at")
    )
    theirs = rows.filter(~pl.col("artist_key").is_in(own["artist_key"].implode()))
    loud = foreign(rows, zone, at)
    owned = rows.filter(pl.col("artist_key").is_in(own["artist_key"].implode()))["played_at"]
    strange = [_as_suspect(row, zone) for row in loud.iter_rows(named=True) if not _mostly(owned, row)]
    parts = [
        pl.DataFrame(strange, schema=SUSPECT, orient="row"),
        _by_sound(theirs, tags),
        _odd_sittings(rows),
    ]
    return (
        pl.concat(parts)
        .unique(["kind", "value", "since"], keep="first", maintain_order=True)
        .sort("since", "value", descending=[True, False])
    )


SUSPECT = pl.Schema(
    {
        "kind": pl.String, "value": pl.String, "since": pl.Datetime("ms", "UTC"), "until": pl.Datetime("ms", "UTC"),
        "plays": pl.Int64, "why": pl.String, "proposed": pl.Boolean,
    }
)  # fmt: skip


def _first_visit(rows: pl.DataFrame, key: str) -> pl.Series:
    """Tells whether a play belongs to the first visit of its ``key`` ever, and no other visit followed soon."""
    seen = rows.select(key, "played_at").with_row_index("row")
    visits = seen.with_columns(
        visit=(pl.col("played_at").diff().over(key) > VISIT).fill_null(False).cum_sum().over(key)
    )
    ends = visits.group_by(key, "visit").agg(begin=pl.col("played_at").min(), end=pl.col("played_at").max())
    ends = ends.sort(key, "visit").with_columns(again=pl.col("begin").shift(-1).over(key) - pl.col("end"))
    lone = (pl.col("visit") == 0) & (pl.col("again").is_null() | (pl.col("again") > AFTER))
    return visits.join(ends, on=[key, "visit"], how="left").sort("row").select(strange=lone)["strange"]


def _mostly(owned: pl.Series, row: dict[str, Any]) -> bool:
    """Tells whether most of a sitting is by artists of the library, who were played at the times ``owned``."""
    inside = ((owned >= row["since"]) & (owned <= row["until"])).sum()
    return inside > (1 - MOSTLY) * row["plays"]


def _as_suspect(row: dict[str, Any], zone: ZoneInfo) -> tuple[object, ...]:
    """A foreign sitting as a row of ``suspects``."""
    since, until, artists, plays = row["since"], row["until"], row["artists"], row["plays"]
    clock = since.astimezone(zone).hour
    evening = clock >= EVENING[0] or clock < EVENING[1]
    what = f"{plays} plays of {artists} artists" if artists > 1 else f"{plays} plays of {row['named']}"
    strange = f"{what} that you never played before, nor in the two weeks after"
    if evening and until - since >= PARTY and artists >= PARTY_ARTISTS:
        strange = f"a party? {strange}"
    elif row["hour"] >= SELDOM:
        strange += ", at an hour at which you seldom listen"
    return SPAN, "", since, until + timedelta(minutes=1), plays, strange, True


def _by_sound(rows: pl.DataFrame, tags: pl.DataFrame) -> pl.DataFrame:
    """Artists whose songs are mostly sleep sounds or children's songs, by title, artist or tags."""
    tagged = tags.group_by("song_id").agg(words=pl.col("tag").str.join(" | "))
    named = rows.join(tagged, on="song_id", how="left", maintain_order="left").with_columns(
        text=pl.concat_str("title", "artist", "words", separator=" | ", ignore_nulls=True)
    )
    found = [pl.DataFrame(schema=SUSPECT)]
    for called, words in SOUNDS_LIKE.items():
        texts = named["text"].unique()
        such = texts.filter(pl.Series([words.search(text) is not None for text in texts], dtype=pl.Boolean))
        by_artist = named.group_by("artist_key", maintain_order=True).agg(
            value=pl.col("artist").first(),
            since=pl.col("played_at").min(),
            until=pl.col("played_at").max(),
            plays=pl.len(),
            share=pl.col("text").is_in(such.implode()).mean(),
        )
        hit = by_artist.filter((pl.col("share") >= MOSTLY) & (pl.col("plays") >= LEAST_PLAYS))
        why = pl.format("{}: {} plays of {}, of whom you keep nothing", pl.lit(called), "plays", "value")
        found.append(
            hit.select(
                kind=pl.lit(ARTIST),
                value="value",
                since="since",
                until="until",
                plays=pl.col("plays").cast(pl.Int64),
                why=why,
                proposed=pl.lit(True),
            ).cast(SUSPECT)
        )
    return pl.concat(found)


def _odd_sittings(rows: pl.DataFrame) -> pl.DataFrame:
    """Private sessions, loops and marathons: odd, but as likely the listener's own, so that nobody is asked about them."""
    sat = rows.with_columns(
        sitting=(pl.col("played_at").diff().dt.total_minutes() > SITTING_MINUTES).fill_null(False).cum_sum(),
        run=(pl.col("song_id") != pl.col("song_id").shift()).fill_null(True).cum_sum(),
        length=pl.coalesce("ms_played", "duration_ms", pl.lit(SHORTEST_MS)),
    ).with_columns(times=pl.len().over("sitting", "run"))
    until = (pl.col("played_at") + pl.duration(milliseconds="length")).max()
    found = sat.group_by("sitting", maintain_order=True).agg(
        pl.col("played_at").min().alias("since"),
        until.alias("until"),
        pl.len().alias("plays"),
        pl.col("private").fill_null(False).mean().alias("in_private"),
        pl.col("times").max(),
        pl.col("artist").sort_by("times", descending=True).first(),
    )
    hours = (pl.col("until") - pl.col("since")).dt.total_seconds() / (60 * MINUTE)
    why = (
        pl.when(pl.col("in_private") >= MOSTLY)
        .then(pl.lit("a private session"))
        .when(pl.col("times") >= ON_LOOP)
        .then(pl.format("one song of {} {} times in a row", "artist", "times"))
        .when(hours >= LONGEST_SITTING_HOURS)
        .then(pl.format("{} hours without a break", hours.round(1)))
    )
    told = found.with_columns(why=why).drop_nulls("why")
    return told.select(
        kind=pl.lit(SPAN),
        value=pl.lit(""),
        since="since",
        until="until",
        plays="plays",
        why="why",
        proposed=pl.lit(False),
    ).cast(SUSPECT)
