"""The common part of the assets of features: providers are asked in order, each for what those before it did not know.

A row a song: the values, ``source`` (who said it; null where nobody did) and ``retry_at`` (when to ask again; null where
what is known stands for good). A song without a row was not asked about yet.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import polars as pl

from spotify_ai_pipeline.defs.degraded import report_degraded
from spotify_ai_pipeline.defs.plots import bar_chart
from spotify_ai_pipeline.defs.resources import WorkspaceResource
from spotify_ai_pipeline.errors import ExpectedError
from spotify_ai_pipeline.storage.datasets import Dataset

SAID = {"source": pl.String(), "retry_at": pl.Datetime("ms", "UTC")}

Values = Mapping[str, Any]
Ask = Callable[[Sequence[str]], Iterator[tuple[Collection[str], Mapping[str, Values]]]]
"""A provider: given song ids, it gives (those asked about, the values of those it knows) piece by piece."""


def moment(now: float) -> datetime:
    return datetime.fromtimestamp(now, UTC)


def open_questions(
    known: pl.DataFrame, songs: pl.DataFrame, listens: pl.DataFrame, now: float
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(the ``known`` rows that still stand, the songs that have none, the most played first).

    A row stands while its song exists and its day to be asked about again has not come.
    """
    due = (pl.col("retry_at") <= moment(now)).fill_null(value=False)
    kept = known.filter(~due).join(songs.select("song_id"), on="song_id", how="semi")
    plays = listens.group_by("song_id").len("plays")
    wanted = songs.join(kept, on="song_id", how="anti").join(plays, on="song_id", how="left")
    return kept, wanted.sort("plays", "song_id", descending=[True, False], nulls_last=True)


def off(
    context: dg.AssetExecutionContext, workspace: WorkspaceResource, dataset: Dataset, setting: str
) -> dg.MaterializeResult:
    """The empty table of a feature that is off because ``setting`` names no provider. No trouble of its providers stands."""
    return dg.MaterializeResult(
        value=dataset.empty(), metadata={"off": f"{setting} is []", **report_degraded(context, workspace, None)}
    )


def ask_in_order(
    providers: Mapping[str, Ask], song_ids: Sequence[str], workspace: WorkspaceResource
) -> tuple[list[dict[str, Any]], ExpectedError | None]:
    """(rows of the songs that a provider knew or that all were asked about in vain, the first trouble).

    A provider in trouble loses nothing that it said before, and the next one is asked; a song that it did not get to is
    unknown for this run alone, and has no row.
    """
    rows: list[dict[str, Any]] = []
    rest, in_vain, trouble = list(song_ids), set(song_ids), None
    for name, ask in providers.items():
        asked, known = set[str](), set[str]()
        try:
            for these, found in ask(rest):
                asked.update(these)
                known.update(found)
                rows += [
                    {"song_id": song, **values, "source": name, "retry_at": None} for song, values in found.items()
                ]
        except ExpectedError as error:
            trouble = trouble or error
        in_vain = (in_vain & asked) - known
        rest = [song for song in rest if song not in known]
    again = moment(workspace.now()) + timedelta(days=workspace.settings.features.ask_again_days)
    return rows + [{"song_id": song, "source": None, "retry_at": again} for song in sorted(in_vain)], trouble


def coverage(table: pl.DataFrame, songs: pl.DataFrame, what: str) -> dict[str, Any]:
    """Every kind of feature in the UI: how much is known, from whom, and what waits."""
    by_source = table.drop_nulls("source").group_by("source").len().sort("len", "source", descending=[True, False])
    known = int(by_source["len"].sum())
    names = [*by_source["source"], "nobody", "not asked yet"]
    counts = [*by_source["len"], table.height - known, songs.height - table.height]
    return {
        "share known": known / songs.height if songs.height else 0.0,
        **{f"from {name}": count for name, count in by_source.iter_rows()},
        "unknown, asked again later": table.height - known,
        "not asked yet": songs.height - table.height,
        "coverage": bar_chart(names, counts, f"songs by who knows their {what}"),
    }


def sound_rows(table: pl.DataFrame, value: pl.Expr, wrong: pl.Expr | pl.Series) -> dg.AssetCheckResult:
    """The check of every kind of feature: a song has one row; ``value`` (of Boolean) is there where somebody said it and not
    elsewhere, what is unknown has a day to ask again, and no row is ``wrong``."""
    known = pl.col("source").is_not_null()
    found = {
        "doubled": table.height - table["song_id"].n_unique(),
        "known without a value, or a value from nobody": table.filter(known != value).height,
        "unknown without a day to ask again": table.filter(~known & pl.col("retry_at").is_null()).height,
        "wrong": table.filter(known & wrong).height,
    }
    return dg.AssetCheckResult(passed=not any(found.values()), metadata=found)


def off_unit_length(table: pl.DataFrame) -> pl.Series:
    """Says for each row whether there is a ``vector`` that is there and not of length 1."""
    lengths = table.select(pl.col("vector").arr.to_list().list.eval(pl.element() ** 2).list.sum().sqrt()).to_series()
    return ((lengths - 1).abs() > 1e-3).fill_null(value=False)
