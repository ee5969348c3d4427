"""Taste: how each song stands with the listener now."""

import itertools

import dagster as dg
import numpy as np
import polars as pl

from spotify_ai_pipeline.assets.groups import OWNERS, TASTE
from spotify_ai_pipeline.assets.plots import bar_chart
from spotify_ai_pipeline.assets.resources import HomeResource
from spotify_ai_pipeline.music import ranking, taste_model
from spotify_ai_pipeline.music.activation import Memory
from spotify_ai_pipeline.music.championship import RECENCY
from spotify_ai_pipeline.music.listening import Plays, statistics
from spotify_ai_pipeline.music.model_record import in_office
from spotify_ai_pipeline.music.mood import mood_match, recent_mood

PARTS = taste_model.PARTS


@dg.asset(group_name=TASTE, kinds={"numpy", "parquet"}, owners=OWNERS, code_version="2")
def listening_stats(home: HomeResource, songs: pl.DataFrame, listens: pl.DataFrame) -> dg.MaterializeResult:
    """Plays, staleness, momentum and activation of each song, as of now."""
    plays = Plays.of(listens, songs["song_id"])
    stats = statistics(plays, home.now(), home.settings.cycling, home.settings.scoring)
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


@dg.asset(group_name=TASTE, kinds={"numpy", "parquet"}, owners=OWNERS, code_version="1")
def mood(
    home: HomeResource, listens: pl.DataFrame, song_embeddings: pl.DataFrame, tags: pl.DataFrame
) -> dg.MaterializeResult:
    """The decayed mean of the latest listens, one row; none where nothing recent has a vector."""
    table = recent_mood(listens, song_embeddings, home.settings.mood)
    latest = listens.sort("played_at", descending=True).head(home.settings.mood.window_size)
    words = latest.join(tags, on="song_id").explode("tags").unnest("tags").group_by("tag").agg(pl.sum("weight"))
    named = words.drop_nulls("tag").sort("weight", "tag", descending=[True, False]).head(5)["tag"].to_list()
    return dg.MaterializeResult(
        value=table.with_columns(words=pl.lit(named, pl.List(pl.String))), metadata={"words": named}
    )


@dg.asset(group_name=TASTE, kinds={"polars", "parquet"}, owners=OWNERS, code_version="2")
def song_scores(
    context: dg.AssetExecutionContext,
    home: HomeResource,
    songs: pl.DataFrame,
    listening_stats: pl.DataFrame,
    song_embeddings: pl.DataFrame,
    mood: pl.DataFrame,
    listens: pl.DataFrame,
    taste_weights: pl.DataFrame,
) -> dg.MaterializeResult:
    """What each song with a Spotify id is worth to the mix now: slot, score, parts and a reason.

    Plays are forecast by the ranker in office: the taste model, or the recency baseline of ``listening_stats``.
    """
    by_model = _forecast(home, songs, listens, taste_weights)
    listening_stats = listening_stats.drop("expected") if by_model is not None else listening_stats
    playable = songs.filter(pl.col("track_id").is_not_null())
    matched = song_embeddings.select("song_id", mood_match=_match(song_embeddings, mood))
    known = playable.join(listening_stats, on="song_id").join(matched, on="song_id", how="left")
    if by_model is not None:
        known = known.join(by_model, on="song_id", how="left")
    known = known.with_columns(pl.lit(None, pl.Float64).alias(part) for part in PARTS if part not in known.columns)
    seed = int(context.run_id[:8], 16)
    ranked = ranking.rank(
        known.sort("song_id"), home.settings.cycling, home.settings.scoring, np.random.default_rng(seed)
    )
    columns = [
        "song_id",
        "track_id",
        "track_ids",
        "title",
        "artist",
        "artist_key",
        "slot",
        "score",
        "taste",
        "mood",
        "freshness",
    ]
    table = ranked.with_columns(ranking.reasons()).select(
        *columns, "plays", "recent_plays", "days_quiet", "reason", "in_library", "expected", *PARTS
    )
    return dg.MaterializeResult(
        value=table,
        metadata={
            "seed": seed,
            "in office": RECENCY if by_model is None else taste_weights["office"][0],
            **dict(table.group_by("slot").len().sort("slot").iter_rows()),
        },
    )


def _forecast(
    home: HomeResource, songs: pl.DataFrame, listens: pl.DataFrame, weights: pl.DataFrame
) -> pl.DataFrame | None:
    """Expected plays by song and their parts, by the taste model; None where it is not in office."""
    if (model := in_office(weights)) is None:
        return None
    plays = Plays.of(listens, songs["song_id"])
    memory = Memory.empty(plays.songs).until(home.now(), plays)
    artist = taste_model.artist_numbers(songs["artist_key"])
    at = taste_model.moment(memory, plays, artist, home.settings.cycling.cooldown_days)
    forecast = taste_model.forecast(model, at, plays.songs)
    return pl.concat([songs.select("song_id"), forecast], how="horizontal")


def _match(embeddings: pl.DataFrame, mood: pl.DataFrame) -> pl.Series:
    if not mood.height or not embeddings.height:
        return pl.Series([None] * embeddings.height, dtype=pl.Float32)
    direction = np.array(mood["vector"][0], np.float32)
    vectors = embeddings["vector"].to_numpy()
    if vectors.shape[1] != len(direction):  # the embedding was refitted since: this mood speaks of another space
        return pl.Series([None] * embeddings.height, dtype=pl.Float32)
    return pl.Series(mood_match(vectors, direction))
