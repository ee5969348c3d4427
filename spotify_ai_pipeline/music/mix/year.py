"""A year in review: what was played, what the lists brought that stayed, what was refused, and what the lists got wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl

QUIET = timedelta(days=90)
"""A song that was not heard for so long before it came to a list was brought by it."""
KNOWN_AFTER = timedelta(days=30)
"""So long after it came it is known whether it was heard at all."""
STAYED_DAYS = 3
"""Days on which a song was played, after it came, from which it stayed."""
REFUSALS = {
    "reject": "never again",
    "later": "not now",
    "wrong_version": "wrong version",
    "fewer": "fewer of the artist",
    "remove": "taken off by hand",
}
TOP = 5
NAMED = 8
Rows = list[tuple[str, int]]


@dataclass(frozen=True)
class Year:
    """One year until ``until``. Songs are named "Artist — Title"."""

    year: int
    until: datetime
    plays: int = 0
    hours: float = 0.0
    timed: float = 0.0
    """Share of the plays of which the length is known: ``hours`` are theirs."""
    songs: int = 0
    artists: int = 0
    first_heard: int = 0
    by_month: list[int] = field(default_factory=lambda: [0] * 12)
    top_artists: Rows = field(default_factory=Rows)
    top_songs: Rows = field(default_factory=Rows)
    brought: int = 0
    stayed: int = 0
    not_known_yet: int = 0
    stayed_songs: Rows = field(default_factory=Rows)
    """Each with its plays since it came."""
    refused: Rows = field(default_factory=Rows)
    refused_songs: list[str] = field(default_factory=list[str])
    unheard: int = 0
    unheard_songs: list[str] = field(default_factory=list[str])
    taken_back: int = 0
    """Refreshes that were taken back."""


def review(
    year: int,
    now: datetime,
    zone: ZoneInfo,
    listens: pl.DataFrame,
    songs: pl.DataFrame,
    came: pl.DataFrame,
    verdicts: pl.DataFrame,
    taken_back: Sequence[datetime] = (),
) -> Year:
    """The ``year`` by the clock of ``zone``, as far as it is known at ``now``.

    ``listens`` (song_id, played_at, ms_played) are all that count, of any year; ``songs`` (song_id, artist, title, duration_ms);
    ``came`` (song_id, at) says when refreshes put songs on lists; ``verdicts`` (song_id, verdict, said_at).
    """
    begin, end = (datetime(one, 1, 1, tzinfo=zone).astimezone(UTC) for one in (year, year + 1))
    until = min(now, end)
    first_moment, last_moment = (pl.lit(at, listens.schema["played_at"]) for at in (begin, until))
    past = listens.filter(pl.col("played_at") < last_moment)
    named = songs.select("song_id", "artist", "duration_ms", name=pl.format("{} — {}", "artist", "title"))
    heard = past.filter(pl.col("played_at") >= first_moment).join(
        named, on="song_id", how="left", maintain_order="left"
    )
    length = pl.coalesce("ms_played", "duration_ms")
    first = past.group_by("song_id").agg(first=pl.min("played_at"))
    months = heard.group_by(month=pl.col("played_at").dt.convert_time_zone(str(zone)).dt.month()).len()
    in_month = dict(months.iter_rows())
    arrived = (
        came.filter(pl.col("at").is_between(first_moment, last_moment, closed="left"))
        .group_by("song_id")
        .agg(pl.min("at"))
    )
    fates = _fates(arrived, past, last_moment).join(named, on="song_id", how="left", maintain_order="left")
    kept = fates.filter("stayed").sort("since", "name", descending=[True, False])
    unheard = fates.filter("unheard").sort("at", "name", descending=[True, False])
    said = verdicts.filter(
        pl.col("said_at").is_between(first_moment, last_moment, closed="left") & pl.col("verdict").is_in(list(REFUSALS))
    )
    refused = said.unique("song_id", keep="last", maintain_order=True).join(
        named, on="song_id", how="left", maintain_order="left"
    )
    counted = dict(refused.group_by("verdict").len().iter_rows())
    return Year(
        year,
        until,
        plays=heard.height,
        hours=float(heard.select(length.sum()).item() or 0) / 3_600_000,
        timed=float(heard.select(length.is_not_null().mean()).item() or 0),
        songs=heard["song_id"].n_unique(),
        artists=heard["artist"].drop_nulls().n_unique(),
        first_heard=first.filter(pl.col("first") >= first_moment).height,
        by_month=[in_month.get(month, 0) for month in range(1, 13)],
        top_artists=_top(heard, "artist"),
        top_songs=_top(heard, "name"),
        brought=fates.height,
        stayed=kept.height,
        not_known_yet=fates.filter(~pl.col("known") & ~pl.col("stayed")).height,
        stayed_songs=list(kept.select("name", "since").drop_nulls().head(NAMED).iter_rows()),
        refused=[(words, counted[verdict]) for verdict, words in REFUSALS.items() if verdict in counted],
        refused_songs=refused["name"].drop_nulls().to_list()[-NAMED:][::-1],
        unheard=unheard.height,
        unheard_songs=unheard["name"].drop_nulls().head(NAMED).to_list(),
        taken_back=sum(begin <= at < until for at in taken_back),
    )


def _fates(arrived: pl.DataFrame, past: pl.DataFrame, until: pl.Expr) -> pl.DataFrame:
    """Gives what became of each song of ``arrived`` (song_id, at) that was brought: since (plays after it came),
    stayed, unheard, and whether that is known."""
    plays = arrived.join(past.select("song_id", "played_at"), on="song_id", how="left")
    after = pl.col("played_at") >= pl.col("at")
    days = pl.col("played_at").filter(after).dt.date().n_unique()
    soon = (after & (pl.col("played_at") < pl.col("at") + KNOWN_AFTER)).sum()
    fates = plays.group_by("song_id", "at").agg(
        before=pl.col("played_at").filter(~after).max(), since=after.sum().cast(pl.Int64), days=days, soon=soon
    )
    brought = pl.col("before").is_null() | (pl.col("at") - pl.col("before") >= QUIET)
    known = until - pl.col("at") >= KNOWN_AFTER
    return fates.filter(brought).with_columns(
        known=known, stayed=pl.col("days") >= STAYED_DAYS, unheard=known & (pl.col("soon") == 0)
    )


def _top(heard: pl.DataFrame, column: str) -> Rows:
    counts = heard.drop_nulls(column).group_by(column).len(name="plays").sort("plays", column, descending=[True, False])
    return [(str(name), int(plays)) for name, plays in counts.head(TOP).iter_rows()]
