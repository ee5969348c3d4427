"""Coverage: what is known of each month, and from which source. What no source watched is unknown, not unheard."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import polars as pl

from spotify_ai_pipeline.music.tables import MOMENT

ANY = "any"
"""Stands for all sources together."""

RECENT_LIMIT = 50
"""Plays that the service remembers: where that many are all new, others may have come between."""

Span = tuple[datetime, datetime]


def by_month(listens: pl.DataFrame) -> pl.DataFrame:
    """month ("2026-11"), source, plays: the listens of each month that each source told of; source "any" counts each once.

    Months between the first and the last without a listen are there with source "any" and no plays.
    """
    return filled(count(listens))


def count(listens: pl.DataFrame) -> pl.DataFrame:
    """Counts as ``by_month`` does, without the months without a listen."""
    month = pl.col("played_at").dt.strftime("%Y-%m").alias("month")
    told = listens.select(month, source="sources").explode("source")
    anywhere = listens.select(month, source=pl.lit(ANY))
    return pl.concat([told, anywhere]).group_by("month", "source").agg(plays=pl.len().cast(pl.Int64))


def filled(counts: pl.DataFrame) -> pl.DataFrame:
    """``by_month`` of listens that were counted part by part (``count``)."""
    if counts.is_empty():
        return counts
    month = (pl.col("month") + "-01").str.to_date()
    every = counts.select(month=pl.date_range(month.min(), month.max(), "1mo").dt.strftime("%Y-%m"))
    silent = every.with_columns(source=pl.lit(ANY), plays=pl.lit(0, pl.Int64))
    return pl.concat([counts, silent]).group_by("month", "source").agg(pl.sum("plays")).sort("month", "source")


def missed(last_known: datetime | None, page: Sequence[datetime]) -> Span | None:
    """The span of which recently played may have forgotten plays: from the last known play to the oldest of ``page``, where
    the page is full and does not reach back to it. None on the first reading: before it nothing was watched."""
    if last_known is None or len(page) < RECENT_LIMIT or min(page) <= last_known:
        return None
    return last_known, min(page)


def still_unknown(gaps: Sequence[Span], listens: pl.DataFrame, watched_by: str) -> list[Span]:
    """Those of ``gaps`` in the source ``watched_by`` for which no other source told of a play."""
    others = listens.filter(pl.col("sources").list.set_difference(pl.lit([watched_by])).list.len() > 0)["played_at"]
    known = others.cast(MOMENT)
    return [(since, until) for since, until in gaps if not ((known > since) & (known < until)).any()]
