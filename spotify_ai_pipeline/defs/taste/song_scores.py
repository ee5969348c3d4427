"""Taste: how each song stands with the listener now."""

import itertools
import json

import dagster as dg
import numpy as np
import polars as pl

from spotify_ai_pipeline.app import standing_taste
from spotify_ai_pipeline.app.playlist_places import target_name
from spotify_ai_pipeline.defs.groups import TASTE
from spotify_ai_pipeline.defs.io_manager import WithBlobs, frame_of
from spotify_ai_pipeline.defs.plots import bar_chart
from spotify_ai_pipeline.defs.registered_asset import registered_asset
from spotify_ai_pipeline.defs.resources import WorkspaceResource
from spotify_ai_pipeline.defs.taste.mood import SAID
from spotify_ai_pipeline.defs.taste.taste_weights import added_at
from spotify_ai_pipeline.durations import DAY
from spotify_ai_pipeline.music.mix.target_ids import LACKS, with_target_ids
from spotify_ai_pipeline.music.mood.detection import mood_match, mood_rank
from spotify_ai_pipeline.music.plays.play_counts import Plays
from spotify_ai_pipeline.music.taste import activation_store, explain, ranking, said, taste_model
from spotify_ai_pipeline.music.taste.activation import Memory
from spotify_ai_pipeline.music.taste.song_statistics import statistics
from spotify_ai_pipeline.music.taste.staleness import Heard
from spotify_ai_pipeline.music.taste.unheard import likeness, recency
from spotify_ai_pipeline.music.ties import drawn
from spotify_ai_pipeline.storage import datasets, verdicts

REST = "rest.json"


@registered_asset(group_name=TASTE, kinds={"numpy", "parquet"})
def activations(workspace: WorkspaceResource, songs: pl.DataFrame, listens: pl.DataFrame) -> dg.MaterializeResult:
    """All that plays left behind, a row a song, up to the days in which scrobbles may still come late.

    The last version and the plays since make this one; all plays are learned again only where the past itself changed.
    """
    settled = workspace.now() - workspace.settings.scrobbles.overlap_days * DAY
    kept = workspace.lake.read_or_none(datasets.ACTIVATIONS)
    known = Memory.empty(songs.height)
    if kept is not None:
        known = _recall(workspace, kept, songs, listens)
    known = known if known.now <= settled else Memory.empty(songs.height)
    memory = known.until(settled, Plays.of(listens, songs["song_id"]))
    rest = activation_store.rest(memory, listens)
    return dg.MaterializeResult(
        value=WithBlobs(activation_store.to_table(memory, songs["song_id"]), {REST: json.dumps(rest).encode()}),
        metadata={
            "plays learned in this run": int(memory.plays.sum() - known.plays.sum()),
            "plays known": int(memory.plays.sum()),
        },
    )


def _recall(workspace: WorkspaceResource, kept: pl.DataFrame, songs: pl.DataFrame, listens: pl.DataFrame) -> Memory:
    rest = json.loads(workspace.lake.read_blob(datasets.ACTIVATIONS, REST))
    return activation_store.recall(kept, rest, listens, songs["song_id"])


@registered_asset(group_name=TASTE, kinds={"numpy", "parquet"})
def listening_stats(
    workspace: WorkspaceResource, songs: pl.DataFrame, listens: pl.DataFrame, activations: pl.DataFrame
) -> dg.MaterializeResult:
    """Plays and staleness of each song, as of now."""
    plays = Plays.of(listens, songs["song_id"])
    memory = _recall(workspace, activations, songs, listens).until(workspace.now(), plays)
    heard = Heard.of(_with_skips(workspace), songs["song_id"])
    stats = statistics(plays, memory, workspace.settings.cycling, heard)
    table = pl.concat([songs.select("song_id"), stats], how="horizontal")
    quiet = table["days_quiet"].drop_nulls()
    edges = [0, 7, 30, 60, 180, 365, 10**6]
    counts = [int(((quiet >= low) & (quiet < high)).sum()) for low, high in itertools.pairwise(edges)]
    return dg.MaterializeResult(
        value=table,
        metadata={
            "never played": int((table["plays"] == 0).sum()),
            "stale": int((table["staleness"] > 0).sum()),
            "songs by days since the last play": bar_chart(
                ["a week", "a month", "2 months", "half a year", "a year", "more"], counts, "songs last heard within"
            ),
        },
    )


def _with_skips(workspace: WorkspaceResource) -> pl.DataFrame:
    """All listens that were the listener's, also those too short to count as a play: they tell what is skipped."""
    told = "song_id", "played_at", "completion", "skipped", "skip_confidence"
    return workspace.lake.scan(datasets.LISTENS).filter(~pl.col("excluded")).select(told).collect()


@dg.asset_check(
    asset=listening_stats,
    additional_ins={"listens": dg.AssetIn()},
    description="Plays over all songs are the listens: none lost, none twice.",
)
def stats_count_every_listen(listening_stats: pl.DataFrame, listens: pl.DataFrame) -> dg.AssetCheckResult:
    counted = int(listening_stats["plays"].sum())
    return dg.AssetCheckResult(
        passed=counted == listens.height, metadata={"counted": counted, "listens": listens.height}
    )


@registered_asset(group_name=TASTE, kinds={"polars", "parquet"}, deps=["song_ratings"])
def song_scores(
    context: dg.AssetExecutionContext,
    workspace: WorkspaceResource,
    songs: pl.DataFrame,
    listening_stats: pl.DataFrame,
    song_embeddings: pl.DataFrame,
    mood: pl.DataFrame,
    listens: pl.DataFrame,
    taste_weights: pl.DataFrame,
    activations: pl.DataFrame,
) -> dg.MaterializeResult:
    """The worth to the mix of each song that the target of the lists can hold: slot, score, parts and a reason.

    Plays are forecast by the taste model; what the listener said of a song multiplies the forecast.
    """
    target = target_name(workspace.workspace)
    by_model = _forecast(workspace, songs, listens, song_embeddings, taste_weights, activations)
    matched = song_embeddings.select("song_id", mood_match=_match(song_embeddings, mood))
    known = (
        with_target_ids(songs, target)
        .filter(pl.col("track_id").is_not_null())
        .join(_said(workspace, songs), on="song_id", how="left")
        .join(listening_stats, on="song_id")
        .join(matched, on="song_id", how="left")
        .join(by_model, on="song_id", how="left")
        .with_columns(expected=pl.col("expected") * pl.col("by_said"))
    )
    seed = int(context.run_id[:8], 16)
    scoring = workspace.settings.scoring
    if mood.height and mood["source"][0] == SAID:  # asked for, so followed whatever a mood that is only heard weighs
        scoring = scoring.model_copy(update={"mood_weight": workspace.settings.mood.said_weight})
    ranked = ranking.rank(known.sort(drawn()), workspace.settings.cycling, scoring, np.random.default_rng(seed))
    table = ranked.with_columns(explain.reasons(workspace.settings.cycling)).select(*datasets.SONG_SCORES.schema)
    return dg.MaterializeResult(
        value=table,
        metadata={
            "seed": seed,
            f"left out, {LACKS[target]}": songs.height - table.height,
            **dict(table.group_by("slot").len().sort("slot").iter_rows()),
        },
    )


def _said(workspace: WorkspaceResource, songs: pl.DataFrame) -> pl.DataFrame:
    """Gives what the listener said of each song: the factor of its forecast, and words."""
    standing = verdicts.standing(workspace.state, workspace.now(), on_lists=True)
    verdict = pl.DataFrame(
        {"song_id": list(standing), "verdict": list(standing.values())},
        schema={"song_id": pl.String, "verdict": pl.String},
    )
    days = (workspace.now() - pl.Series(added_at(songs, workspace.now()))) / DAY
    known = songs.select("song_id", "best", "liked", "lists", days_added=days.fill_nan(None))
    ratings = frame_of(workspace.lake, datasets.SONG_RATINGS)
    told = known.join(ratings.select("song_id", "rating", "of"), on="song_id", how="left")
    rules = standing_taste.factors(workspace.workspace, workspace.now())
    whole = told.join(verdict, on="song_id", how="left").join(rules, on="song_id", how="left")
    words = pl.concat_str(pl.col("said"), pl.col("rules"), separator=", ", ignore_nulls=True)
    return whole.with_columns(said.factor(), said.lately(), said.words()).select(
        "song_id",
        by_said=pl.col("by_said") * pl.col("by_day") * pl.col("by_rules").fill_null(1.0),
        said=pl.when(words != "").then(words),
    )


def _forecast(
    workspace: WorkspaceResource,
    songs: pl.DataFrame,
    listens: pl.DataFrame,
    embeddings: pl.DataFrame,
    weights: pl.DataFrame,
    activations: pl.DataFrame,
) -> pl.DataFrame:
    """Expected plays a week by song, and the parts that come from plays."""
    plays = Plays.of(listens, songs["song_id"])
    memory = _recall(workspace, activations, songs, listens).until(workspace.now(), plays)
    artist = taste_model.artist_numbers(songs["artist_key"])
    added = added_at(songs, workspace.now())
    at = taste_model.moment(memory, plays, artist, workspace.settings.cycling.dormant_days, added)
    found = taste_model.forecast(taste_model.from_table(weights), at, plays.songs)
    unheard = memory.plays == 0
    vectors = songs.select("song_id").join(embeddings, on="song_id", how="left", maintain_order="left")["vector"]
    like = likeness(_matrix(vectors), found["expected"].fill_null(0.0).to_numpy(), unheard)
    new = np.where(unheard, weights["unheard"][0] * recency(added, memory.now), 1.0)
    factors = found.with_columns(
        expected=pl.col("expected") * pl.Series(new * like),
        by_age=pl.col("by_age") * pl.Series(new),
        by_company=pl.col("by_company") * pl.Series(like),
    )
    return pl.concat([songs.select("song_id"), factors], how="horizontal")


def _matrix(vectors: pl.Series) -> np.ndarray:
    """Vectors as rows, NaN where there is none, shape (songs, d)."""
    if vectors.null_count() == len(vectors):
        return np.full((len(vectors), 1), np.nan)
    width = len(vectors.drop_nulls()[0])
    rows = np.full((len(vectors), width), np.nan, np.float32)
    known = vectors.is_not_null().to_numpy()
    rows[known] = vectors.drop_nulls().to_numpy()
    return rows


def _match(embeddings: pl.DataFrame, mood: pl.DataFrame) -> pl.Series:
    """Tells how well each song matches the mood, 0..1; null where the mood was taken in another space."""
    if not mood.height or not embeddings.height or mood["model"][0] != embeddings["model"][0]:
        return pl.Series([None] * embeddings.height, dtype=pl.Float64)
    match = mood_match(embeddings["vector"].to_numpy(), np.array(mood["vector"][0], np.float32))
    return pl.Series(mood_rank(match) if mood["source"][0] == SAID else match, dtype=pl.Float64)
