"""Models: what is learned from the listener's past, and which ranker is in office."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import polars as pl

from spotify_ai_pipeline.assets.groups import OWNERS, TASTE
from spotify_ai_pipeline.assets.plots import bar_chart
from spotify_ai_pipeline.assets.resources import HomeResource
from spotify_ai_pipeline.music import taste_model
from spotify_ai_pipeline.music.championship import ENOUGH_WEEKS, LEARNED, RECENCY, Championship
from spotify_ai_pipeline.music.listening import Plays

SCHEMA = taste_model.TABLE | {
    "office": pl.String(),
    "trained_at": pl.Datetime("ms", "UTC"),
    "lead": pl.Float64(),
    "lead_error": pl.Float64(),
    "weeks": pl.Int64(),
}


@dg.asset(group_name=TASTE, kinds={"numpy", "parquet"}, owners=OWNERS, code_version="1")
def taste_weights(home: HomeResource, songs: pl.DataFrame, listens: pl.DataFrame) -> dg.MaterializeResult:
    """The taste model: a weight a term, who is in office, and by how much it leads on the last months.

    Trained again when it is older than taste_model.retrain_interval_days; until then it stays as it is. Empty while the
    history is too short to learn from.
    """
    now = datetime.fromtimestamp(home.now(), UTC)
    last = home.lake.read_or_none(TASTE, "taste_weights")
    young = timedelta(days=home.settings.taste_model.retrain_interval_days)
    if last is not None and dict(last.schema) == SCHEMA and last.height and now - last["trained_at"][0] < young:
        return dg.MaterializeResult(value=last, metadata={"trained": f"{last['trained_at'][0]:%Y-%m-%d}", "kept": True})
    plays = Plays.of(listens, songs["song_id"])
    rankers = Championship(plays, taste_model.artist_numbers(songs["artist_key"]), home.settings)
    rankers.prepare(home.now())
    rankers.stand_at(home.now())
    if rankers.model is None:
        return dg.MaterializeResult(value=pl.DataFrame(schema=SCHEMA), metadata={"in office": RECENCY, "kept": False})
    tried = len(rankers.trial) >= ENOUGH_WEEKS
    lead, error = rankers.lead if tried else (None, None)
    table = taste_model.to_table(rankers.model).with_columns(
        pl.lit(rankers.champion).alias("office"),
        pl.lit(now).dt.cast_time_unit("ms").alias("trained_at"),
        pl.lit(lead, pl.Float64).alias("lead"),
        pl.lit(error, pl.Float64).alias("lead_error"),
        pl.lit(len(rankers.trial), pl.Int64).alias("weeks"),
    )
    return dg.MaterializeResult(
        value=table.select(*SCHEMA),
        metadata={
            "in office": rankers.champion,
            "kept": False,
            "weight of each term (rotation)": _weights(table.filter(habit="rotation")),
            "share of plays listed, by week": _weeks(rankers),
        },
    )


@dg.asset_check(
    asset=taste_weights, description="On the listener's own last months the taste model is not behind recency."
)
def model_earns_its_place(taste_weights: pl.DataFrame) -> dg.AssetCheckResult:
    """Passes where the model is in office; a model that was put aside is kept and shown, and does not rank."""
    if taste_weights.is_empty():
        return dg.AssetCheckResult(passed=True, metadata={"in office": RECENCY, "why": "too little history"})
    first = taste_weights.row(0, named=True)
    shown = {key: first[key] for key in ("office", "lead", "lead_error", "weeks")}
    return dg.AssetCheckResult(
        passed=first["office"] == LEARNED or first["weeks"] < ENOUGH_WEEKS,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={key: "unknown" if value is None else value for key, value in shown.items()},
    )


def _weights(rows: pl.DataFrame) -> dg.MarkdownMetadataValue:
    return bar_chart(rows["term"].to_list(), rows["weight"].abs().to_list(), "absolute weight by term")


def _weeks(rankers: Championship) -> dg.MarkdownMetadataValue:
    labels = [f"{datetime.fromtimestamp(week.cut, UTC):%Y-%m-%d}" for week in rankers.trial]
    return bar_chart(labels, [week.learned for week in rankers.trial], "share of the week's plays on the model's list")
