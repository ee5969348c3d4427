"""Scrobbles by month: which months are final, what has to be asked of the others, and which of them a run reads."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import polars as pl

from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline.storage.lake import Lake
from spotify_ai_pipeline.storage.workspace import Workspace

if TYPE_CHECKING:
    from spotify_ai_pipeline.clients.lastfm import LastFm

MONTH_FORMAT = "%Y-%m"
FIRST_MONTH = "first_month"
"""The fact that holds the month of the first scrobble."""
RANGE_START, RANGE_END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
"""Tags of a run that name its first month and its last."""


def window(month: str) -> tuple[datetime, datetime]:
    """The first moment of a calendar month (UTC), and that of the next one."""
    start = datetime.strptime(month, MONTH_FORMAT).replace(tzinfo=UTC)
    return start, (start + timedelta(days=32)).replace(day=1)


def unread_since(lake: Lake, month: str, overlap: timedelta) -> datetime | None:
    """The moment from which on ``month`` has to be asked for: all of it where it was never read, else the time since the last
    reading and the days before, in which scrobbles may have come in late. None where it is final: it was read that long after its
    end."""
    start, end = window(month)
    if (version := lake.current(datasets.SCROBBLES, month)) is None:
        return start
    since = max((datetime.fromisoformat(version.created_at) - overlap).replace(microsecond=0), start)
    return since if since < end else None


def first_open(lake: Lake, first_month: str, overlap: timedelta, now: datetime) -> str:
    """The first month that is not final: there a backfill resumes that was cut. At the latest the month of ``now``."""
    months = _months(first_month, now)
    return next((month for month in months if unread_since(lake, month, overlap) is not None), f"{now:{MONTH_FORMAT}}")


def read_month(
    client: LastFm, lake: Lake, month: str, overlap: timedelta, now: datetime, *, again: bool = False
) -> pl.DataFrame | None:
    """The scrobbles of ``month`` up to ``now``: what is known, and what Last.fm says of the time that is unread. None where
    it is final. ``again`` asks for all of it, whatever is known."""
    start, end = window(month)
    since = start if again else unread_since(lake, month, overlap)
    if since is None:
        return None
    fresh = client.scrobbles(since, min(end, now))
    if since == start:
        return fresh
    known = lake.read_part(datasets.SCROBBLES, month)
    return pl.concat([known.filter(pl.col("played_at") < since), fresh.select(list(datasets.SCROBBLES.schema))])


def month_range(workspace: Workspace, now: datetime) -> dict[str, str] | None:
    """The run tags from the first month that is not final to that of ``now``; None where the listener has scrobbles, and the
    month of the first is not known yet: the first refresh asks for it."""
    first = workspace.state.fact(FIRST_MONTH)
    if first is None and workspace.secrets.has_lastfm:
        return None
    return tags_from(workspace, first, now)


def tags_from(workspace: Workspace, first: str | None, now: datetime) -> dict[str, str]:
    """The run tags from the first month not final, no earlier than ``first``, to that of ``now`` (months are UTC)."""
    this_month = f"{now.astimezone(UTC):{MONTH_FORMAT}}"
    overlap = timedelta(days=workspace.settings.scrobbles.overlap_days)
    return {
        RANGE_START: first_open(workspace.lake, first or this_month, overlap, now.astimezone(UTC)),
        RANGE_END: this_month,
    }


def _months(first: str, now: datetime) -> Iterator[str]:
    start, _ = window(first)
    while start <= now:
        yield f"{start:{MONTH_FORMAT}}"
        start = (start + timedelta(days=32)).replace(day=1)
