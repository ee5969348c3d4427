"""The record of the taste model: its weights, how far the listener's own weeks moved them, and the card that says so."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import polars as pl

from spotify_ai_pipeline.music.taste import taste_model
from spotify_ai_pipeline.music.taste.rolling_forecast import RollingForecast
from spotify_ai_pipeline.music.taste.taste_model import CUTS, DORMANT, ROTATION, TERMS

RECORD = taste_model.TABLE | {
    "others": pl.Float64(),
    "weeks": pl.Int64(),
    "deviance": pl.Float64(),
    "deviance_of_others": pl.Float64(),
    "unheard": pl.Float64(),
    "trained_at": pl.Datetime("ms", "UTC"),
    "plays": pl.Int64(),
    "data_version": pl.String(),
}
"""One row a term of a habit: the table of the model, the weight that other listeners taught (``others``), the own weekly cuts
behind it, both errors on the latest cuts (null where there are too few), the factor of unheard songs, and what it learned
from."""

_IMPORTANT = 6


def record(rolling: RollingForecast, trained_at: datetime, data_version: str) -> pl.DataFrame:
    """The table ``RECORD`` of the model of ``rolling``."""
    table, others = taste_model.to_table(rolling.model), taste_model.to_table(rolling.population.model)
    unheard = rolling.unheard_factor
    parts: list[pl.DataFrame] = []
    for name, habit in zip((ROTATION, DORMANT), rolling.population.habits, strict=True):
        taught = rolling.lessons(habit)
        errors = rolling.held_back(habit, taught)
        facts: dict[str, object] = {
            "weeks": min(len(taught), CUTS),
            "deviance": errors.get("own"),
            "deviance_of_others": errors.get("others"),
            "unheard": unheard,
            "trained_at": trained_at,
            "plays": len(rolling.plays.at),
            "data_version": data_version,
        }
        columns = [pl.lit(value, RECORD[column]).alias(column) for column, value in facts.items()]
        taught = others.filter(habit=name)["weight"].alias("others")
        parts.append(table.filter(habit=name).with_columns(taught, *columns))
    return pl.concat(parts).select(*RECORD)


def standings(table: pl.DataFrame) -> pl.DataFrame:
    """One row a habit: what the record says of its weeks and errors."""
    facts = ("habit", "weeks", "deviance", "deviance_of_others", "unheard", "trained_at", "plays", "data_version")
    return table.select(facts).unique(maintain_order=True)


def importance(table: pl.DataFrame, habit: str = ROTATION) -> dict[str, float]:
    """Tells how much each term moves the forecasts of ``habit``: the absolute weights, the largest first, summing to
    1."""
    rows = table.filter(habit=habit).with_columns(pl.col("weight").abs() / pl.col("weight").abs().sum())
    return dict(rows.select("term", "weight").sort("weight", descending=True).iter_rows())


def card(table: pl.DataFrame, population: Mapping[str, Any]) -> str:
    """The model card, in Markdown: what the model is, from what, how well it does, and its limits. ``population`` is the card of
    what other listeners taught.

    Mitchell et al. (2019), "Model cards for model reporting".
    """
    first = table.row(0, named=True)
    lines = [
        "# Taste model",
        "",
        "**Forecasts:** how many plays a week each known song gets, over the coming week for songs in rotation, over the coming "
        "six weeks for songs quiet for long.",
        "",
        f"**Starts from** {population['listeners']} other listeners ({population['plays']:,} plays): the mean and the "
        "covariance of their weights. No history of theirs is in the program.",
        "",
        f"**Trained:** {first['trained_at']:%Y-%m-%d} on {first['plays']:,} plays of this listener (listens version "
        f"{first['data_version'] or 'unknown'}): what was known at each of the last {CUTS} weekly cuts at most, and what was "
        "played afterwards.",
        "",
        "| songs | own weeks | error with them | error without |",
        "|---|---|---|---|",
    ]
    for row in standings(table).iter_rows(named=True):
        errors = ("too few to tell", "") if row["deviance"] is None else (row["deviance"], row["deviance_of_others"])
        told = " | ".join(error if isinstance(error, str) else f"{error:.3f}" for error in errors)
        lines.append(f"| {row['habit']} | {row['weeks']} | {told} |")
    lines += [
        "",
        "*Error:* mean Poisson deviance on the latest eight weekly cuts, of what the cuts before taught and of what other "
        "listeners taught alone. Lower is better.",
        "",
        "**What moves the forecast most** (songs in rotation):",
        "",
        *(f"* {name}: {share:.0%}" for name, share in list(importance(table).items())[:_IMPORTANT]),
        "",
        f"**Limits.** {len(TERMS)} terms, all from plays; what you said of a song multiplies the forecast by set factors. It "
        "does not know the hour, or who else is in the room. It learns habits of the last year; a change of habits takes it "
        "weeks. Weights of terms that move together say little one by one.",
        "",
    ]
    return "\n".join(lines)
