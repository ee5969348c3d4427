"""The funnel of discovery: from what a source names to what the listener keeps."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from spotify_ai_pipeline.storage.queue import Question

BINS = 5
YES, NO = ("approved",), ("rejected",)
STAGES = ("leads", "candidates", "proposed", "heard", "approved")


def funnel(sources: Sequence[dict[str, object]], queue: Sequence[Question]) -> pl.DataFrame:
    """source, leads and candidates (of the last run), proposed, heard (on trial), approved, rejected, expired, waiting (of
    all time), weight, health; a row a source."""
    said = pl.DataFrame(
        [(one.source, one.status, one.plays) for one in queue],
        schema={"source": pl.String, "status": pl.String, "plays": pl.Int64},
        orient="row",
    )
    counted = said.group_by("source").agg(
        pl.len().alias("proposed"),
        (pl.col("plays") > 0).sum().alias("heard"),
        *((pl.col("status") == status).sum().alias(status) for status in ("approved", "rejected", "expired")),
        pl.col("status").is_in(["pending", "trial", "asked"]).sum().alias("waiting"),
    )
    base = pl.DataFrame(sources).select("source", "leads", "candidates", "weight", "health")
    joined = base.join(counted, on="source", how="left", maintain_order="left")
    numbers = ["proposed", "heard", "approved", "rejected", "expired", "waiting"]
    return joined.with_columns(pl.col(numbers).fill_null(0)).select(
        "source", "leads", "candidates", *numbers, "weight", "health"
    )


def stages(table: pl.DataFrame) -> pl.DataFrame:
    """stage, songs: the funnel over all sources."""
    return pl.DataFrame({"stage": STAGES, "songs": [int(table[stage].sum()) for stage in STAGES]})


def calibration(queue: Sequence[Question]) -> pl.DataFrame:
    """predicted, answers, approved (both shares 0 to 1): predicted matches of questions that were answered yes or no, in
    fifths, against what was said."""
    rows = [(one.chance, one.status in YES) for one in queue if one.chance is not None and one.status in YES + NO]
    said = pl.DataFrame(rows, schema={"chance": pl.Float64, "yes": pl.Boolean}, orient="row")
    step = (pl.col("chance") * BINS).floor().clip(0, BINS - 1)
    return (
        said.group_by(step=step)
        .agg(predicted=pl.col("chance").mean(), answers=pl.len(), approved=pl.col("yes").mean())
        .sort("step")
        .drop("step")
    )
