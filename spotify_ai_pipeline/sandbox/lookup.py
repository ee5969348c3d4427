"""The way from a key to rows, without a scan."""

from __future__ import annotations

import polars as pl


class Lookup:
    """Key -> row numbers, built once from one pass over a column.

    `frame` has the columns `key` (str) and `row` (int), in the order the rows shall have within a key.
    """

    def __init__(self, frame: pl.DataFrame) -> None:
        grouped = frame.drop_nulls("key").group_by("key", maintain_order=True).agg("row")
        self._at = {key: at for at, key in enumerate(grouped["key"].to_list())}
        self._rows = grouped["row"]

    def rows(self, key: str) -> list[int]:
        """The rows of `key`, empty when it is unknown."""
        at = self._at.get(key)
        return [] if at is None else self._rows[at].to_list()

    def first(self, key: str) -> int | None:
        """The first row of `key`, None when it is unknown."""
        rows = self.rows(key)
        return rows[0] if rows else None
