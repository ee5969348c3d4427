"""The door: every record that a service sends passes the sieve here, and what is put aside is counted.

An answer whose frame cannot be read brings nothing: that is trouble of the service (``OutOfOrder``). A record that cannot be
read within a sound frame is put aside, and its neighbours pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.clients.transport import OutOfOrder, Transport
from spotify_ai_pipeline.music import sieve
from spotify_ai_pipeline.storage import quarantine

R = TypeVar("R", bound=sieve.Record)


class Door:
    """The door through which everything that one service sends passes."""

    def __init__(self, transport: Transport) -> None:
        self.source, self.state = transport.name, transport.state

    def frame(self, kind: type[R], answer: object) -> R:
        """``answer`` as a record that has to be right."""
        found = sieve.read(kind, answer, clock.now())
        if isinstance(found, str):
            raise OutOfOrder(f"{self.source} sent an answer that is not what was asked for ({found}); try again later")
        return found

    def aligned(self, kind: type[R], rows: Sequence[object], place: str, offset: int = 0) -> list[R | None]:
        """Each of ``rows`` as a record, None in the place of one that was put aside. ``place`` says where they stand."""
        now = clock.now()
        found, broken = sieve.sift(kind, rows, now)
        if rows:
            told = [(f"{place}, row {offset + row + 1:,}", reason) for row, reason in broken]
            quarantine.record(self.state, self.source, len(rows), told, now)
        return found

    def records(self, kind: type[R], rows: Sequence[object], place: str) -> list[R]:
        """Those of ``rows`` that can be read."""
        return [row for row in self.aligned(kind, rows, place) if row is not None]
