"""The record of the taste models: their weights, how each did on trial, who is in office, and the card that says so."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import polars as pl

from spotify_ai_pipeline.music.taste import taste_model
from spotify_ai_pipeline.music.taste.model_selection import COMBINED, ENOUGH_WEEKS, LIGHTGBM, POISSON, Championship
from spotify_ai_pipeline.music.taste.taste_model import TERMS, TasteModel

RECORD = taste_model.TABLE | {
    "model": pl.String(),
    "office": pl.String(),
    "against": pl.String(),
    "weeks": pl.Int64(),
    "held": pl.Float64(),
    "held_against": pl.Float64(),
    "lead": pl.Float64(),
    "lead_error": pl.Float64(),
    "trained_at": pl.Datetime("ms", "UTC"),
    "plays": pl.Int64(),
    "data_version": pl.String(),
}
"""One row a term of a habit of a model. ``office`` is the ranker in office; the trial is ``against`` the ranker that the
model would follow: over ``weeks``, the mean worth that each one's list held, and the lead with its standard error, null
before there are enough weeks. ``plays`` and ``data_version`` say what it was trained on."""

_WORDS = {
    POISSON: "Poisson regression on activations, one for songs in rotation and one for songs quiet for the cool-down",
    COMBINED: "the geometric mean of the Poisson regression's forecast and the recency baseline's",
    LIGHTGBM: "the Poisson regression with boosted trees (LightGBM) grown on top of it",
}
_IMPORTANT = 6


def record(rankers: Championship, trained_at: datetime, data_version: str) -> pl.DataFrame:
    """The table ``RECORD`` of all models that ``rankers`` trained; empty while there are none."""
    tables: list[pl.DataFrame] = []
    for name, against, _ in rankers.matches:
        trial = rankers.trial(name, against)
        tried = len(trial) >= ENOUGH_WEEKS
        lead, error = rankers.lead(name, against) if tried else (None, None)
        facts = {
            "model": name,
            "office": rankers.champion,
            "against": against,
            "weeks": len(trial),
            "held": float(np.mean([week.held[name] for week in trial])) if tried else None,
            "held_against": float(np.mean([week.held[against] for week in trial])) if tried else None,
            "lead": lead,
            "lead_error": error,
            "trained_at": trained_at,
            "plays": len(rankers.plays.at),
            "data_version": data_version,
        }
        table = taste_model.to_table(rankers.models[name])
        tables.append(
            table.with_columns(pl.lit(value, RECORD[column]).alias(column) for column, value in facts.items())
        )
    return pl.concat(tables).select(*RECORD) if tables else pl.DataFrame(schema=RECORD)


def champion(table: pl.DataFrame) -> TasteModel | None:
    """The model of the table ``RECORD`` that ranks; None where the recency baseline does."""
    rows = table.filter(pl.col("model") == pl.col("office"))
    return taste_model.of_table(rows) if rows.height else None


def standings(table: pl.DataFrame) -> pl.DataFrame:
    """One row a model: what the record says of its trial."""
    facts = [column for column in RECORD if column not in taste_model.TABLE]
    return table.select(facts).unique(maintain_order=True)


def importance(table: pl.DataFrame, habit: str = "rotation") -> dict[str, float]:
    """How much each feature of the model in office, else of the last one in ``table``, moves the forecasts of ``habit``, the
    largest first, summing to 1: the gain of the trees where they grew, else the absolute weights."""
    ranks = table.filter(pl.col("model") == pl.col("office"))
    rows = (ranks if ranks.height else table.filter(pl.col("model") == pl.col("model").last())).filter(habit=habit)
    if rows.is_empty():
        return {}
    model = taste_model.of_table(rows)
    fitted = model.rotation or model.dormant
    names = rows["term"].to_list()
    if fitted is not None and fitted.trees is not None:
        names, shares = [*names, "the regression"], fitted.trees.importance(len(names) + 1)
    else:
        shares = rows["weight"].abs().to_numpy() / (rows["weight"].abs().sum() or 1.0)
    ordered = sorted(zip(names, shares.tolist(), strict=True), key=lambda pair: -pair[1])
    return dict(ordered)


def card(table: pl.DataFrame) -> str:
    """The model card, in Markdown: what the models are, trained on what, how well they do, and their limits.

    Mitchell et al. (2019), "Model cards for model reporting".
    """
    if table.is_empty():
        return (
            "# Taste model\n\nNone yet: the recency baseline ranks. A model is fitted from eight whole weeks of plays on, "
            "and is on trial for eight more.\n"
        )
    first = table.row(0, named=True)
    lines = [
        "# Taste model",
        "",
        f"**Ranks the mix:** {first['office']}",
        "",
        f"**Trained:** {first['trained_at']:%Y-%m-%d} on {first['plays']:,} plays of this listener and nobody else "
        f"(listens version {first['data_version'] or 'unknown'}): what was known at each of the last "
        f"{taste_model.CUTS} weekly cuts at most, and what was played in the seven days after.",
        "",
        "**Forecasts:** how many plays each known song gets in the coming week.",
        "",
        "| model | trial | its lists held | against | lead (95 % interval) |",
        "|---|---|---|---|---|",
    ]
    for row in standings(table).iter_rows(named=True):
        if row["lead"] is None:
            lines.append(f"| {row['model']} | {row['weeks']} weeks: too few to tell | | {row['against']} | |")
            continue
        spread = 1.96 * row["lead_error"]
        lines.append(
            f"| {row['model']} | {row['weeks']} weeks | {row['held']:.3f} | {row['against']} {row['held_against']:.3f} | "
            f"{row['lead']:+.3f} ({row['lead'] - spread:+.3f} to {row['lead'] + spread:+.3f}) |"
        )
    lines += [
        "",
        "*Held:* share of a week's plays that were on the list, songs brought back counted double, as the mix counts them. "
        "A model ranks while its lead is above zero.",
        "",
        *(f"* **{row}**: {_WORDS[row]}." for row in standings(table)["model"]),
        "",
        "**What moves the forecast most** (songs in rotation):",
        "",
        *(f"* {name}: {share:.0%}" for name, share in list(importance(table).items())[:_IMPORTANT]),
        "",
        f"**Limits.** {len(TERMS)} terms, all from plays: it knows nothing of a song never played (the candidate model "
        "does), of the hour, or of who else is in the room. It learns habits of the last year; a change of habits takes "
        "it weeks. Weights of terms that move together say little one by one.",
        "",
    ]
    return "\n".join(lines)
