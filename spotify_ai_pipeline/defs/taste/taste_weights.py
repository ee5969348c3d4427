"""Models: what is learned from the listener's past, and which ranker is in office."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import polars as pl

from spotify_ai_pipeline.defs.groups import A_NIGHT_RUN, TASTE
from spotify_ai_pipeline.defs.plots import bar_chart
from spotify_ai_pipeline.defs.registered_asset import registered_asset
from spotify_ai_pipeline.defs.resources import WorkspaceResource
from spotify_ai_pipeline.music.plays.play_counts import Plays
from spotify_ai_pipeline.music.taste import taste_model
from spotify_ai_pipeline.music.taste.model_card import RECORD, card, importance, record, standings
from spotify_ai_pipeline.music.taste.model_selection import (
    COMBINED,
    ENOUGH_WEEKS,
    LIGHTGBM,
    POISSON,
    RECENCY,
    Championship,
)
from spotify_ai_pipeline.storage import datasets


@registered_asset(group_name=TASTE, kinds={"numpy", "parquet"})
def taste_weights(workspace: WorkspaceResource, songs: pl.DataFrame, listens: pl.DataFrame) -> dg.MaterializeResult:
    """The taste models: weights and trees, how each did on the last months, and who is in office.

    Trained again when older than taste_model.retrain_interval_days, or when another model_type is asked for; until then
    they stay as they are. Empty while the history is too short to learn from.
    """
    now = datetime.fromtimestamp(workspace.now(), UTC)
    wanted = {POISSON, COMBINED, workspace.settings.taste_model.model_type}
    last = workspace.lake.read_or_none(datasets.TASTE_WEIGHTS)
    young = timedelta(days=workspace.settings.taste_model.retrain_interval_days) - A_NIGHT_RUN
    if (
        last is not None
        and dict(last.schema) == RECORD
        and set(last["model"]) == wanted
        and now - last["trained_at"][0] < young
    ):
        return dg.MaterializeResult(value=last, metadata=_shown(last) | {"kept": True})
    plays = Plays.of(listens, songs["song_id"])
    rankers = Championship(plays, taste_model.artist_numbers(songs["artist_key"]), workspace.settings)
    rankers.prepare(workspace.now())
    rankers.stand_at(workspace.now())
    table = record(rankers, now, workspace.lake.version_of(datasets.LISTENS))
    return dg.MaterializeResult(value=table, metadata=_shown(table) | {"kept": False} | _trials(rankers))


@dg.asset_check(
    asset=taste_weights,
    description="On the listener's own last months a model leads the recency baseline.",
)
def model_earns_its_place(taste_weights: pl.DataFrame) -> dg.AssetCheckResult:
    """Passes where a model is in office. One that does not lead who stood before it is kept and shown, and does not rank."""
    if taste_weights.is_empty():
        return dg.AssetCheckResult(passed=True, metadata={"in office": RECENCY, "why": "too little history"})
    trials = standings(taste_weights)
    newest = trials.row(-1, named=True)
    return dg.AssetCheckResult(
        passed=newest["office"] != RECENCY or newest["weeks"] < ENOUGH_WEEKS,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"in office": newest["office"]}
        | {
            f"{row['model']} against {row['against']}": "too few weeks"
            if row["lead"] is None
            else f"lead {row['lead']:+.3f} ± {row['lead_error']:.3f} over {row['weeks']} weeks"
            for row in trials.iter_rows(named=True)
        },
    )


def _shown(table: pl.DataFrame) -> dict[str, dg.MetadataValue]:
    """What the UI shows of the models: who ranks, what moves them, and their card."""
    shares = importance(table)
    return {
        "in office": dg.MetadataValue.text(table["office"][0] if table.height else RECENCY),
        "feature importance": bar_chart(list(shares), list(shares.values()), "share in the forecast by feature"),
        "model card": dg.MetadataValue.md(card(table)),
    }


def _trials(rankers: Championship) -> dict[str, dg.MetadataValue]:
    """A chart a ranker: what its lists held, week by week."""
    return {
        f"worth held by {ranker}": bar_chart(
            [f"{datetime.fromtimestamp(week.cut, UTC):%Y-%m-%d}" for week in weeks],
            [week.held[ranker] for week in weeks],
            f"share of the week's plays on the list of {ranker}",
        )
        for ranker in (RECENCY, POISSON, COMBINED, LIGHTGBM)
        if (weeks := rankers.trial(ranker))
    }
