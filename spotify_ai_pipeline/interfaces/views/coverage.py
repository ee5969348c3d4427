"""The coverage of the listening: what is known, from which source, and what is not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from spotify_ai_pipeline.music.plays.coverage import ANY, by_month, still_unknown
from spotify_ai_pipeline.music.plays.records import SPOTIFY_RECENT
from spotify_ai_pipeline.storage import datasets, exclusions, quarantine
from spotify_ai_pipeline.storage.workspace import Workspace


@dataclass(frozen=True)
class PutAside:
    """A source (a service, or "files") and what of it could not be read: how many records, of how many where that is
    known, and the places and reasons of some."""

    source: str
    quarantined: int
    records: int | None
    some: list[str]


def find_put_aside(workspace: Workspace, examples: int = 3) -> list[PutAside]:
    """The sources of which records were put aside, those first that had most."""
    found: list[PutAside] = []
    for share in quarantine.shares(workspace.state):
        rows = quarantine.put_aside(workspace.state, share.source)
        if rows:
            some = [f"{row.place}: {row.reason}" for row in rows[:examples]]
            found.append(PutAside(share.source, len(rows), share.records, some))
    rows = workspace.lake.read_or_none(datasets.QUARANTINE)
    if rows is not None and rows.height:
        some = [f"{file}, line {line:,}: {why}" for file, line, why in rows.head(examples).iter_rows()]
        found.append(PutAside("files", rows.height, None, some))
    return sorted(found, key=lambda one: -one.quarantined)


def count_by_month(listens: pl.LazyFrame) -> pl.DataFrame:
    """month, source, plays: the plays of each month that each source told of, and those of ``ANY`` source."""
    return by_month(listens.select("played_at", "sources").collect())


def find_silent_months(months: pl.DataFrame) -> list[str]:
    """The months without a play from any source. ``months`` comes from ``count_by_month``."""
    return months.filter((pl.col("source") == ANY) & (pl.col("plays") == 0))["month"].to_list()


def find_forgotten_spans(workspace: Workspace) -> list[tuple[datetime, datetime]]:
    """The spans (begin, end) of which Spotify may have forgotten plays, and no other source told of any."""
    listens = workspace.lake.scan(datasets.LISTENS).select("played_at", "sources").collect()
    return still_unknown(exclusions.gaps(workspace.state, SPOTIFY_RECENT.name), listens, SPOTIFY_RECENT.name)
