"""Reading a list of many pages to its end, and no further: a reading is whole, or it is none."""

from __future__ import annotations

from collections.abc import Sequence

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.errors import Retryable

LONGEST_READING = 900.0
"""Seconds in which a list has to be read to its end."""
MOST_ROWS = 200_000
"""No honest list is longer."""


class Incomplete(Retryable):
    """A list came in part only, or without end. What is known of it stays."""

    def __init__(self, service: str, what: str, why: str) -> None:
        super().__init__(f"{service} does not send {what} whole ({why}); what is known stays, try again later")
        self.service = service


class Reading:
    """Guards the reading of one list, page by page, by the rows that came and not by those that were asked for."""

    def __init__(self, service: str, what: str) -> None:
        self.service, self.what, self.rows, self.since = service, what, 0, clock.now()

    def page(self, rows: int, total: int, more: bool = False) -> bool:
        """Counts a page of ``rows``; whether another has to be asked for. ``total`` is what the service says of the whole list,
        ``more`` that it names a next page. Raises ``Incomplete``."""
        self.rows += rows
        if self.rows > total or (more and self.rows == total and rows):
            raise self.broken(f"{self.rows:,} rows of {total:,}, and there are more")
        if self.rows == total:
            return False
        if not rows:
            raise self.broken(f"{self.rows:,} rows of {total:,}")
        self.bound(total)
        return True

    def another(self, rows: Sequence[object], before: Sequence[object]) -> None:
        """Counts a page of a list whose length nobody tells, and which holds nothing twice. Raises ``Incomplete``."""
        self.refuse_repeat(rows, before, unique=True)
        self.rows += len(rows)
        self.bound()

    def refuse_repeat(self, rows: Sequence[object], before: Sequence[object], *, unique: bool = False) -> None:
        """Raises ``Incomplete`` where a page is the one before it once more. Of rows that are alike it may be one song many
        times, unless the list is one of ``unique`` rows."""
        if before and rows == before and (unique or any(row != rows[0] for row in rows)):
            raise self.broken("the same page again and again")

    def bound(self, total: int = 0) -> None:
        """Raises ``Incomplete`` where the reading takes too long, or would never end."""
        if max(total, self.rows) > MOST_ROWS:
            raise self.broken(f"a list of {max(total, self.rows):,} rows has no end")
        if clock.now() - self.since > LONGEST_READING:
            raise self.broken(f"not read to its end in {LONGEST_READING / 60:.0f} minutes")

    def broken(self, why: str) -> Incomplete:
        return Incomplete(self.service, self.what, why)
