"""The candidate model: learned from songs that were new once, and from verdicts on songs that were proposed."""

import json
from datetime import UTC, datetime, timedelta

import dagster as dg
import numpy as np
import polars as pl

from spotify_ai_pipeline.defs.groups import A_NIGHT_RUN, DISCOVERY
from spotify_ai_pipeline.defs.plots import bar_chart
from spotify_ai_pipeline.defs.registered_asset import registered_asset
from spotify_ai_pipeline.defs.resources import WorkspaceResource
from spotify_ai_pipeline.music.discovery.calibration import judge_held_back
from spotify_ai_pipeline.music.discovery.candidate_model import (
    TABLE,
    TERMS,
    VERDICT_WEIGHT,
    Content,
    features,
    first_heards,
    fit,
    to_table,
)
from spotify_ai_pipeline.music.plays.play_counts import Plays
from spotify_ai_pipeline.storage import datasets, trials

ENOUGH = 500
"""Songs from which a model should have learned something."""
MOST = 20_000
"""Songs of the past that are learned from, the latest: tastes of long ago would cost time and say little."""

LEARNED = TABLE | {
    "trained_at": pl.Datetime("ms", "UTC"),
    "songs": pl.Int64(),  # first heard, of which it is known whether they stayed
    "verdicts": pl.Int64(),
    "data_version": pl.String(),  # of the listens
    **{name: pl.Float64() for name in ("auc", "brier", "brier_of_share")},  # on songs held back; null: too few
    "said": pl.List(pl.Float64()),  # chances by fifths of the songs held back, and the shares that stayed
    "stayed": pl.List(pl.Float64()),
}


@registered_asset(group_name=DISCOVERY, kinds={"numpy", "parquet"})
def candidate_model(
    workspace: WorkspaceResource,
    songs: pl.LazyFrame,
    listens: pl.LazyFrame,
    tags: pl.LazyFrame,
    song_embeddings: pl.LazyFrame,
) -> dg.MaterializeResult:
    """The model of whether a song that was never heard will stay: a regression on what is known of its artist, tags,
    sound and source.

    Trained again when older than taste_model.retrain_interval_days; how true its chances are is measured on the last third
    of the songs, by a model that knew the others alone.
    """
    now = datetime.fromtimestamp(workspace.now(), UTC)
    last = workspace.lake.read_or_none(datasets.CANDIDATE_MODEL)
    young = timedelta(days=workspace.settings.taste_model.retrain_interval_days) - A_NIGHT_RUN
    if last is not None and dict(last.schema) == LEARNED and now - last["trained_at"][0] < young:
        return dg.MaterializeResult(value=last, metadata=_shown(last) | {"kept": True})
    about = songs.select("song_id", "artist_key").collect()
    plays, content = Plays.of(listens.collect(), about["song_id"]), content_of(about, tags, song_embeddings)
    said = trials.judged(workspace.state)
    new = first_heards(plays).last(MOST)
    terms = features(content.rows(new.song), new.at, plays, content)
    numbers = about.with_row_index("song").join(said, on="song_id", how="semi")["song"].to_numpy()
    known = (new.over <= workspace.now()) & ~np.isin(
        new.song, numbers
    )  # what was said of a song counts, not what it led to
    told = np.array([_terms(one) for one in said["terms"]]).reshape(said.height, len(TERMS))
    model = fit(
        np.vstack([terms[known], told]),
        np.concatenate([new.stay[known], said["stay"].to_numpy()]),
        np.concatenate([np.ones(known.sum()), np.full(said.height, VERDICT_WEIGHT)]),
        [*[None] * int(known.sum()), *said["source"]],
        scale=np.vstack([terms, told]),
    )
    held = judge_held_back(terms[known], new.rows(known))
    facts = {
        "trained_at": now,
        "songs": int(known.sum()),
        "verdicts": said.height,
        "data_version": workspace.lake.version_of(datasets.LISTENS),
        **held,
    }
    table = to_table(model).with_columns(pl.lit(value, LEARNED[name]).alias(name) for name, value in facts.items())
    return dg.MaterializeResult(value=table.select(*LEARNED), metadata=_shown(table) | {"kept": False})


@dg.asset_check(
    asset=candidate_model,
    description="On songs held back, those that stayed had higher chances, and chances are as true as the mean share at least.",
)
def candidate_model_tells(candidate_model: pl.DataFrame) -> dg.AssetCheckResult:
    """Passes while there is too little to learn from. A model that tells nothing is kept, shown, and not used: candidates go by
    their affinity to the listener then."""
    first = candidate_model.row(0, named=True)
    if first["auc"] is None:
        return dg.AssetCheckResult(passed=True, metadata={"songs": first["songs"], "why": "too few to tell"})
    return dg.AssetCheckResult(
        passed=first["songs"] < ENOUGH or (earned(candidate_model) and first["brier"] <= first["brier_of_share"]),
        severity=dg.AssetCheckSeverity.WARN,
        metadata={name: first[name] for name in ("auc", "brier", "brier_of_share", "songs", "verdicts")},
    )


def earned(learned: pl.DataFrame) -> bool:
    """Checks whether the model tells songs that stay from others: better than a coin on songs that were held back."""
    return learned["auc"][0] is not None and learned["auc"][0] > 0.5


def content_of(songs: pl.DataFrame, tags: pl.LazyFrame, song_embeddings: pl.LazyFrame) -> Content:
    """Artist, tags and vector of each of ``songs``, null where unknown."""
    whole = songs.lazy().select("song_id", "artist_key")
    for known in (tags.select("song_id", "tags"), song_embeddings.select("song_id", "vector")):
        whole = whole.join(known, on="song_id", how="left", maintain_order="left")
    return Content.of(whole.collect())


def _terms(noted: str | None) -> list[float]:
    found = json.loads(noted or "{}")
    return [np.nan if found.get(name) is None else found[name] for name in TERMS]


def _shown(table: pl.DataFrame) -> dict[str, dg.MetadataValue]:
    """The model in the UI: what it learned from, what moves it, and how true its chances were."""
    first, weights = table.row(0, named=True), table.filter(pl.col("kind") != "base")
    known = {name: first[name] for name in ("songs", "verdicts", "auc", "brier") if first[name] is not None}
    shown: dict[str, dg.MetadataValue] = {name: dg.MetadataValue.float(float(value)) for name, value in known.items()}
    shown["weights"] = dg.MetadataValue.md(
        "\n".join(
            ["|term|log odds|", "|---|---|", *(f"|{name}|{weight:+.3f}|" for name, weight in weights[:, 1:3].rows())]
        )
    )
    if first["said"]:
        labels = [f"said {said:.0%}" for said in first["said"]]
        shown["calibration"] = bar_chart(labels, first["stayed"], "share that stayed, by the chance that was said")
    return shown
