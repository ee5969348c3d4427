"""The taste model: what is learned from the listener's past."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import numpy as np
import polars as pl

from spotify_ai_pipeline.defs.groups import A_NIGHT_RUN, TASTE
from spotify_ai_pipeline.defs.plots import bar_chart
from spotify_ai_pipeline.defs.registered_asset import registered_asset
from spotify_ai_pipeline.defs.resources import WorkspaceResource
from spotify_ai_pipeline.music.plays.play_counts import Floats, Plays
from spotify_ai_pipeline.music.taste import taste_model
from spotify_ai_pipeline.music.taste.model_card import RECORD, card, importance, record, standings
from spotify_ai_pipeline.music.taste.population import shipped
from spotify_ai_pipeline.music.taste.rolling_forecast import RollingForecast
from spotify_ai_pipeline.music.taste.unheard import UNKNOWN_AGE
from spotify_ai_pipeline.storage import datasets


def added_at(songs: pl.DataFrame, now: float) -> Floats:
    """Says when each of ``songs`` came into the library (UTC seconds), shape (songs,); long ago where that is unknown,
    NaN for songs that are not in it."""
    added = pl.col("added_at").dt.epoch("ms") / 1_000
    known = songs.select(pl.when("in_library").then(added.fill_null(now - UNKNOWN_AGE)))
    return known.to_series().cast(pl.Float64).fill_null(np.nan).to_numpy()


@registered_asset(group_name=TASTE, kinds={"numpy", "parquet"})
def taste_weights(workspace: WorkspaceResource, songs: pl.DataFrame, listens: pl.DataFrame) -> dg.MaterializeResult:
    """The taste model: its weights, and how far the listener's own weeks moved them from what other listeners taught.

    Trained again when older than taste_model.retrain_interval_days; until then it stays as it is.
    """
    now = datetime.fromtimestamp(workspace.now(), UTC)
    last = workspace.lake.read_or_none(datasets.TASTE_WEIGHTS)
    young = timedelta(days=workspace.settings.taste_model.retrain_interval_days) - A_NIGHT_RUN
    if last is not None and dict(last.schema) == RECORD and last.height and now - last["trained_at"][0] < young:
        return dg.MaterializeResult(value=last, metadata=_shown(last) | {"kept": True})
    rolling = RollingForecast(
        Plays.of(listens, songs["song_id"]),
        taste_model.artist_numbers(songs["artist_key"]),
        shipped(),
        workspace.settings.cycling.dormant_days,
        workspace.settings.taste_model.retrain_interval_days,
        added_at(songs, workspace.now()),
    )
    rolling.prepare(workspace.now())
    rolling.stand_at(workspace.now())
    table = record(rolling, now, workspace.lake.version_of(datasets.LISTENS))
    return dg.MaterializeResult(value=table, metadata=_shown(table) | {"kept": False})


@dg.asset_check(
    asset=taste_weights,
    description="On the latest weeks the listener's own past forecasts no worse than other listeners' alone.",
)
def own_weeks_help(taste_weights: pl.DataFrame) -> dg.AssetCheckResult:
    told = standings(taste_weights).drop_nulls("deviance")
    return dg.AssetCheckResult(
        passed=bool((told["deviance"] <= told["deviance_of_others"]).all()),
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            row["habit"]: f"error {row['deviance']:.3f} with own weeks, {row['deviance_of_others']:.3f} without"
            for row in told.iter_rows(named=True)
        }
        or {"why": "too little history"},
    )


def _shown(table: pl.DataFrame) -> dict[str, dg.MetadataValue]:
    """The model in the UI: what moves it, and its card."""
    shares = importance(table)
    return {
        "feature importance": bar_chart(list(shares), list(shares.values()), "share in the forecast by feature"),
        "model card": dg.MetadataValue.md(card(table, shipped().card)),
    }
