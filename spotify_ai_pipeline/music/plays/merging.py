"""Merging: one row a play, out of what several sources told of it.

Sources are taken from the most exact to the least. Each one's records are aligned with the plays known so far: those that
tell of a known play add their evidence to it, the others are plays of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
import polars as pl

from spotify_ai_pipeline.durations import DAY, HOUR
from spotify_ai_pipeline.music.plays.alignment import Floats, Indices, Mask, Stamps, align
from spotify_ai_pipeline.music.plays.records import PLAY, SHORTEST_MS, SOURCES
from spotify_ai_pipeline.music.plays.timestamp_convention import are_ends

LONGEST_PAUSE = HOUR / 2
"""Seconds that a paused play may have begun before its end and length say, where nothing was heard in between."""
LONGEST_LATE = HOUR
BURST_ROWS, BURST_GAP = 3, 20.0
"""That many plays of 30 s or more that end within seconds of each other were not heard then, but handed in then: offline."""
LONGEST_OFFLINE = 3 * DAY

MERGED: dict[str, pl.DataType] = {
    "song_id": pl.String(),
    **{name: kind for name, kind in PLAY.items() if name not in ("artist", "title", "album")},
    "sources": pl.List(pl.String()),
}
EVIDENCE = [name for name in MERGED if name not in ("song_id", "source", "sources", "played_at")]

_NUMBERS = (
    "repeatable",
    "rank",
    pl.col("song_id").cast(pl.Categorical).alias("song"),
    pl.col("kin").cast(pl.Categorical),
    "played_at",
    "ms_played",
    "duration_ms",
)


def merge_parts(parts: Sequence[pl.LazyFrame]) -> Iterator[tuple[pl.DataFrame, datetime | None]]:
    """One row a play (columns of ``MERGED``, oldest first), a part at a time, each with the start of the first play after it.

    ``parts`` hold plays as ``find_songs`` gives them. They follow each other in time, and no moment is in two of them. How a
    history is cut into parts and the order of its rows change nothing. ``source`` is the richest that told of the play and
    ``sources`` are all that did, richest first. ``played_at`` is from the most exact stamp, ``song_id`` from the richest source
    that knows the Spotify id, every other column from the richest source that knows it.

    Each part is read twice: for the few numbers that tell which records are one play (held of all parts at once), and for
    what the records say of it.
    """
    numbers = pl.concat([_records(part).select(_NUMBERS).with_columns(part=nth) for nth, part in enumerate(parts)])
    order = numbers.select(pl.arg_sort_by("repeatable", "rank", "song", maintain_order=True)).to_series()
    play, played_at = np.empty(len(order), np.int64), np.empty(len(order), np.int64)
    part, numbers = numbers["part"].to_numpy(), numbers.drop("part")[order]
    records = _Records.of(numbers)
    del numbers
    play[order], played_at[order] = records.plays_and_starts()
    del records, order
    part = _told_in(part, play, played_at)
    read, waiting = 0, pl.DataFrame()
    for nth, records in enumerate(map(_records, parts)):
        rows = slice(read, read := read + records.height)
        told = pl.concat(
            [
                waiting,
                records.with_columns(
                    pl.Series("play", play[rows]),
                    pl.Series("played_at", played_at[rows]).cast(MERGED["played_at"]),
                    pl.Series("part", part[rows]),
                ),
            ],
            how="diagonal",
        )
        waiting = told.filter(pl.col("part") > nth)
        later = played_at[part > nth]
        after = datetime.fromtimestamp(later.min() / 1_000, UTC) if len(later) else None
        yield _together(told.filter(pl.col("part") == nth)), after


def _records(plays: pl.LazyFrame) -> pl.DataFrame:
    """The records of known sources, those that one source tells twice once; by source, those that may be repeated last."""
    rank = {source.name: order for order, source in enumerate(SOURCES)}
    minutes = [source.name for source in SOURCES if source.whole_minutes]
    ordered = (
        plays.filter(pl.col("source").is_in(list(rank)))
        .select("song_id", "kin", "by_id", "source", "played_at", *EVIDENCE)
        .collect()
        .with_columns(
            rank=pl.col("source").replace_strict(rank, return_dtype=pl.Int8),
            repeatable=pl.col("source").is_in(
                minutes
            ),  # within a minute a short song may be played twice, within a second not
        )
        .sort("repeatable", "rank", "song_id", "played_at", *EVIDENCE, nulls_last=True)
    )
    once = ordered.filter(~pl.col("repeatable"))
    once = once.unique(["rank", "song_id", "played_at", "ms_played"], keep="first", maintain_order=True)
    return pl.concat([once, ordered.filter("repeatable")])


def _told_in(part: Indices, play: Indices, played_at: Indices) -> Indices:
    """Gives for each record the first of the parts with which its play, and all plays that began before, are known whole."""
    last = np.zeros(len(play), part.dtype)
    np.maximum.at(last, play, part)
    order = np.argsort(played_at, kind="stable")
    known, at = np.maximum.accumulate(last[play[order]]), played_at[order]
    told = np.empty_like(known)
    told[order] = known[np.searchsorted(at, at, "right") - 1]  # plays of one moment stay together
    return told


def _together(told: pl.DataFrame) -> pl.DataFrame:
    """One row a ``play`` out of what was ``told`` of it."""
    return (
        told.sort("play", "rank")
        .group_by("play", maintain_order=True)
        .agg(
            pl.coalesce(pl.col("song_id").filter("by_id").first(), pl.col("song_id").first()),
            pl.first("source", "played_at"),
            *[pl.col(name).drop_nulls().first() for name in EVIDENCE],
            pl.col("source").alias("sources"),
        )
        .select(list(MERGED))
        .sort("played_at", "song_id", "source", "ms_played")
    )


@dataclass(frozen=True)
class _Records:
    """The rows' contents, as arrays of shape (rows,)."""

    stamps: Stamps
    rank: Indices
    offset: Floats
    twin: Indices
    """The number of the pair of song and time heard, -1 where that is not known."""
    kin: Indices
    """The number of the song whatever its version: scrobbling services correct "(Live)" away."""
    burst: Mask

    @classmethod
    def of(cls, rows: pl.DataFrame) -> _Records:
        song, kin = (rows[name].rank("dense").cast(pl.Int32).to_numpy() for name in ("song", "kin"))
        rank = rows["rank"].to_numpy()
        heard = rows["ms_played"].fill_null(-1).to_numpy() / 1_000
        length = np.minimum(rows["duration_ms"].fill_null(0).to_numpy() / 1_000, LONGEST_LATE)
        at = rows["played_at"].dt.epoch("ms").to_numpy() / 1_000 + _of("offset", rank)
        slack, scrobbles = _of("slack", rank), _of("scrobbles", rank) > 0
        brief = (heard >= 0) & (heard < SHORTEST_MS / 1_000)
        early = slack.copy()
        for order in np.unique(rank[heard >= 0]):
            mine = rank == order
            early[mine] += _pause(at[mine], at[mine] + np.maximum(heard[mine], 0))
        stamps = Stamps(song, at, early, slack, brief, scrobbles | (heard >= SHORTEST_MS / 1_000))
        timed, twin = rows["ms_played"].is_not_null().to_numpy(), np.full(len(song), -1)
        twin[timed] = rows.filter(timed).select(pl.struct("song", "ms_played").rank("dense")).to_series().to_numpy()
        made = cls(stamps, rank, _of("offset", rank), twin, kin, _bursts(stamps, heard, rank))
        either = _of("start_or_end", rank) > 0
        return made._settled(either, length) if either.any() else made

    def _settled(self, either: Mask, length: Floats) -> _Records:
        """These records with the stamps that are ``either`` starts or ends read as what they are."""
        at = self.stamps.at
        read_as_end = at - length
        early = self.stamps.early.copy()
        early[either] += _pause(read_as_end[either], at[either])
        late = self.stamps.late + np.maximum(length - SHORTEST_MS / 1_000, 0)  # what was broken off began later
        ends = replace(self.stamps, at=read_as_end, early=early, late=late)
        near = ~either & (at > at[either].min() - DAY) & (at < at[either].max() + DAY)
        part = self[near & (self.rank < self.rank[either].min())]
        known = part.stamps[np.unique(part.plays())]
        ended = np.zeros(len(at), bool)
        ended[either] = are_ends(self.stamps[either], ends[either], length[either], known)
        settled = replace(
            self.stamps,
            at=np.where(ended, ends.at, at),
            early=np.where(ended, ends.early, self.stamps.early),
            late=np.where(ended, ends.late, self.stamps.late),
        )
        return replace(self, stamps=settled)

    def __getitem__(self, index: Mask) -> _Records:
        return _Records(
            self.stamps[index],
            self.rank[index],
            self.offset[index],
            self.twin[index],
            self.kin[index],
            self.burst[index],
        )

    def plays_and_starts(self) -> tuple[Indices, Indices]:
        """The number of the play that each record tells of, and when that began by its most exact stamp (UTC milliseconds)."""
        play, start = self.plays(), np.empty(len(self.rank), np.int64)
        at = np.round((self.stamps.at - self.offset) * 1_000).astype(np.int64)
        order = np.lexsort((self.rank, self.burst, play))
        exact = order[np.flatnonzero(np.diff(play[order], prepend=-1))]
        start[play[exact]] = at[exact]
        return play, start[play]

    def plays(self) -> Indices:
        """The number of the play that each record tells of: that of its first record."""
        play = np.arange(len(self.rank))  # each record its own play, until it is found to tell of another's
        known: Indices = np.empty(0, np.int64)  # the first record of each play so far
        stamps, twin, burst = self.stamps, self.twin, self.burst

        def pair(of_known: Indices, of_mine: Indices, spans: Stamps) -> tuple[Indices, Indices]:
            """Numbers what of ``of_mine`` tells of a play in ``of_known``; what is left over of both."""
            of_known = of_known[spans[of_known].order()]
            of_mine = of_mine[spans[of_mine].order()]
            i, j = align(spans[of_known], spans[of_mine])
            play[of_mine[j]] = play[of_known[i]]
            return np.setdiff1d(of_known, of_known[i]), np.setdiff1d(of_mine, of_mine[j])

        for order in np.unique(self.rank):
            fresh = np.flatnonzero(self.rank == order)
            if not len(known):
                known = fresh
                continue
            alone, timed, untimed = known, fresh[twin[fresh] >= 0], fresh[twin[fresh] < 0]
            if len(timed):  # heard for the same number of milliseconds: the surest sign
                others, timed = pair(alone[twin[alone] >= 0], timed, replace(stamps, song=twin))
                alone = np.union1d(others, alone[twin[alone] < 0])
            alone, fresh = pair(alone, np.union1d(timed, untimed), stamps)
            alone, fresh = pair(alone, fresh, replace(stamps, song=self.kin))
            if burst[alone].any() or burst[fresh].any():
                _, fresh = pair(alone, fresh, self._handed_in_late)
            known = np.union1d(known, fresh)
        return play

    @property
    def _handed_in_late(self) -> Stamps:
        """Spans in which a record of a burst may have begun days before its stamp."""
        early = np.where(self.burst, self.stamps.early + LONGEST_OFFLINE, self.stamps.early)
        return replace(self.stamps, early=early)


def _of(column: str, rank: Indices) -> Floats:
    """Gives what is known of each record's source."""
    return np.array([float(getattr(source, column)) for source in SOURCES])[rank]


def _pause(start: Floats, end: Floats) -> Floats:
    """Seconds of silence before each play in its own source, at most ``LONGEST_PAUSE``: so much earlier it may have begun."""
    order = np.argsort(start, kind="stable")
    silence = np.zeros(len(start))
    silence[order[1:]] = start[order[1:]] - np.maximum.accumulate(end[order])[:-1]
    return np.clip(silence, 0, LONGEST_PAUSE)


def _bursts(stamps: Stamps, heard: Floats, rank: Indices) -> Mask:
    """Tells whether each record was handed in with others at once, so that its stamp says nothing of when it was
    heard."""
    handed_in = stamps.at + np.maximum(heard, 0)
    to_the_second = _of("whole_minutes", rank) == 0
    burst = np.zeros(len(rank), bool)
    for order in np.unique(rank):
        mine = np.flatnonzero((rank == order) & stamps.long & to_the_second)
        if len(mine) < BURST_ROWS:
            continue
        mine = mine[np.argsort(handed_in[mine], kind="stable")]
        run = np.concatenate([[0], np.cumsum(np.diff(handed_in[mine]) >= BURST_GAP)])
        burst[mine] = np.bincount(run)[run] >= BURST_ROWS
    return burst
