"""Ties: an order for what is worth the same."""

from __future__ import annotations

import polars as pl

SEED = 20_260_101


def drawn(column: str = "song_id") -> pl.Expr:
    """A lot that each value of ``column`` draws, the same each time: the order of ids says nothing about music, and would favour
    the same songs in every tie."""
    return pl.col(column).hash(SEED)
