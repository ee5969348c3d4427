"""Candidates: the songs behind the leads that are new to the listener, with a Spotify id, scored, and the few to propose."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import dagster as dg
import numpy as np
import polars as pl
from numpy.typing import NDArray

from spotify_ai_pipeline.app import song_lines, standing_taste
from spotify_ai_pipeline.app.discovery_sources import SOURCES
from spotify_ai_pipeline.app.playlist_places import target_name
from spotify_ai_pipeline.app.spotify_ids import Answer, Song, look_up
from spotify_ai_pipeline.clients.lastfm import LastFm
from spotify_ai_pipeline.clients.listenbrainz import ListenBrainz
from spotify_ai_pipeline.clients.listenbrainz_labs import ListenBrainzLabs
from spotify_ai_pipeline.defs.degraded import report_degraded
from spotify_ai_pipeline.defs.discovery.candidate_model import content_of, earned
from spotify_ai_pipeline.defs.discovery.sources import flat, liking
from spotify_ai_pipeline.defs.groups import DISCOVERY
from spotify_ai_pipeline.defs.io_manager import frame_of
from spotify_ai_pipeline.defs.plots import bar_chart
from spotify_ai_pipeline.defs.registered_asset import registered_asset
from spotify_ai_pipeline.defs.resources import (
    LastFmResource,
    ListenBrainzLabsResource,
    ListenBrainzResource,
    SpotifyResource,
    WorkspaceResource,
)
from spotify_ai_pipeline.durations import DAY
from spotify_ai_pipeline.errors import ExpectedError
from spotify_ai_pipeline.music.discovery import affinity, bandit, diversify
from spotify_ai_pipeline.music.discovery.candidate_model import TERMS, Content, chances, features, of_table
from spotify_ai_pipeline.music.discovery.dedupe import new_songs
from spotify_ai_pipeline.music.discovery.leads import gather
from spotify_ai_pipeline.music.embedding import AUDIO_COLUMNS
from spotify_ai_pipeline.music.embedding.model import Inputs
from spotify_ai_pipeline.music.embedding.tags import blend, clean
from spotify_ai_pipeline.music.mix.target_ids import with_target_ids
from spotify_ai_pipeline.music.plays.play_counts import Plays
from spotify_ai_pipeline.music.taste.standing import NEVER
from spotify_ai_pipeline.music.ties import drawn
from spotify_ai_pipeline.storage import datasets, queue, trials
from spotify_ai_pipeline.storage.columns import WEIGHTED_TAGS
from spotify_ai_pipeline.storage.embedding_model import embedding_model

MOST = 600
"""Candidates that are kept, the surest first: those beyond would cost calls and are never proposed."""
ASK_AGAIN_AFTER = timedelta(days=30)
A_FEW = 0.3
"""Share of its chance that a song keeps whose artist the listener wants to hear less of."""
PER_ARTIST = 2
"""Songs of one artist that may wait for an answer at once."""

LINKS = {
    name: datasets.CANDIDATES.schema[name]
    for name in ("song_id", "track_id", "link", "labs_asked_at", "search_asked_at")
}
ARMS = {name: bandit.OUTCOMES[name] for name in ("source", "region", "artist_key", "chance")}


@registered_asset(
    group_name=DISCOVERY,
    kinds={"polars", "parquet"},
    ins={name: dg.AssetIn(name) for name in SOURCES},
)
def candidates(
    context: dg.AssetExecutionContext,
    workspace: WorkspaceResource,
    listenbrainz: ListenBrainzResource,
    listenbrainz_labs: ListenBrainzLabsResource,
    lastfm: LastFmResource,
    spotify: SpotifyResource,
    songs: pl.DataFrame,
    tags: pl.DataFrame,
    **leads: pl.DataFrame,
) -> dg.MaterializeResult:
    """Songs that the sources put forward and that are new: in neither library nor history in any recording or spelling, and
    not refused. A Spotify id comes from the source, else from ListenBrainz labs, which costs no quota, else from Spotify's
    search within the run's budget, surest first; tags from the listener's other songs of the artist, else from ListenBrainz and
    Last.fm."""
    now = datetime.fromtimestamp(workspace.now(), UTC)
    gathered = gather(pl.concat(leads.values()))
    fresh, known = new_songs(gathered, songs, trials.refused(workspace.state, workspace.now()))
    best = fresh.sort("strength", drawn(), descending=[True, False]).head(MOST)
    before = frame_of(workspace.lake, datasets.CANDIDATES)
    searches = workspace.settings.discovery.searches_per_run if workspace.workspace.secrets.has_spotify else 0
    linked, trouble = _linked(best, before.select(list(LINKS)), listenbrainz_labs.client(), spotify, searches, now)
    try:
        words = _tags(linked, before, songs, tags, listenbrainz.client(), lastfm, workspace)
    except ExpectedError as error:
        words, trouble = {}, trouble or error
    table = linked.with_columns(
        tags=pl.Series([words.get(song) for song in linked["song_id"]], dtype=WEIGHTED_TAGS)
    ).select(pl.col(name).cast(kind) for name, kind in datasets.CANDIDATES.schema.items())
    by_source = table.explode("sources").group_by("sources").len().sort("len", descending=True)
    return dg.MaterializeResult(
        value=table,
        metadata={
            "songs put forward": gathered.height,
            **known,
            "with a Spotify id": table["track_id"].drop_nulls().len(),
            "without tags": int(table["tags"].is_null().sum()),
            "candidates by source": bar_chart(by_source["sources"].to_list(), by_source["len"].to_list(), "candidates"),
            **report_degraded(context, workspace, trouble),
        },
    )


@dg.asset_check(asset=candidates, description="No candidate is in library or history, and none comes twice.")
def candidates_are_new(candidates: pl.DataFrame) -> dg.AssetCheckResult:
    doubled = candidates.height - candidates["song_id"].n_unique()
    ids = candidates["track_id"].drop_nulls()
    return dg.AssetCheckResult(
        passed=not doubled, metadata={"doubled": doubled, "Spotify ids that two share": ids.len() - ids.n_unique()}
    )


@registered_asset(group_name=DISCOVERY, kinds={"numpy", "parquet"})
def candidate_scores(
    workspace: WorkspaceResource,
    candidates: pl.DataFrame,
    songs: pl.LazyFrame,
    listens: pl.LazyFrame,
    listening_stats: pl.LazyFrame,
    tags: pl.LazyFrame,
    song_embeddings: pl.LazyFrame,
    candidate_model: pl.DataFrame,
) -> dg.MaterializeResult:
    """The chance that each candidate stays, and the region of taste that it lies in, best first.

    The candidate model says it once it told songs that stay from others; until then affinity to the listener's profile does.
    What the listener said once and for long ("more 90s punk") moves the odds, and is named where it does. What the model knew
    of each (``terms``) is kept with the question: verdicts teach it later.
    """
    vectors = _vectors(workspace, candidates.select("song_id", "artist_key", "tags"))
    terms = _terms(workspace, candidates, songs, listens, tags, song_embeddings, vectors)
    likes = liking(songs, listening_stats).select("song_id", "artist_key", "weight").collect()
    profile = affinity.Profile.of(likes, flat(tags.collect()))
    clusters = workspace.lake.read_or_none(datasets.CLUSTERS)
    fewer = queue.fewer_artists(workspace.state, workspace.now())
    share = np.where(candidates["artist_key"].is_in(list(fewer)), A_FEW, 1.0)
    learned = earned(candidate_model)
    chance = affinity.chance(candidates, profile)
    if learned:
        chance = chances(of_table(candidate_model), terms, candidates["source"].to_list())
    noted = pl.DataFrame(terms, schema=list(TERMS), orient="row").select(pl.struct(pl.all().fill_nan(None)))
    table = candidates.with_columns(
        chance=pl.Series(chance * share),
        terms=noted.to_series().struct.json_encode(),
        region=pl.Series(affinity.regions(candidates, profile, clusters, likes), dtype=pl.String),
    )
    table = _by_rules(workspace, table, vectors).sort("chance", drawn(), descending=[True, False])
    regions = table.group_by("region").len().sort("len", descending=True).head(12)
    return dg.MaterializeResult(
        value=table,
        metadata={
            "chances by": "the candidate model" if learned else "affinity",
            "candidates by region": bar_chart(regions["region"].to_list(), regions["len"].to_list(), "candidates"),
        },
    )


def _by_rules(workspace: WorkspaceResource, candidates: pl.DataFrame, vectors: pl.DataFrame | None) -> pl.DataFrame:
    """``candidates`` with the odds that each stays multiplied by what the rules of standing taste say of it; what the
    listener wants none of has no chance."""
    rules = standing_taste.candidate_factors(workspace.workspace, candidates, vectors, workspace.now())
    factor, chance = pl.col("by_rules").fill_null(1.0), pl.col("chance")
    moved = factor * chance / (1 - chance + factor * chance)
    told = candidates.join(rules, on="song_id", how="left", maintain_order="left")
    return told.with_columns(
        chance=pl.when(factor == 1).then(chance).when(factor > NEVER).then(moved).otherwise(0.0),
        reason=pl.concat_str("reason", "rules", separator="; ", ignore_nulls=True),
    ).drop("by_rules", "rules")


def _vectors(workspace: WorkspaceResource, about: pl.DataFrame) -> pl.DataFrame | None:
    """The vectors of candidates (song_id, artist_key, tags) by the model that made the songs'; None before there is one."""
    model = embedding_model(workspace.lake)
    if model is None:
        return None
    silent = pl.DataFrame(schema={"song_id": pl.String} | dict.fromkeys(AUDIO_COLUMNS, pl.Float64))
    known = Inputs(about.drop("tags"), silent, flat(about))
    return model.embed(known, workspace.settings.features).select("song_id", "vector")


def _terms(
    workspace: WorkspaceResource,
    candidates: pl.DataFrame,
    songs: pl.LazyFrame,
    listens: pl.LazyFrame,
    tags: pl.LazyFrame,
    song_embeddings: pl.LazyFrame,
    vectors: pl.DataFrame | None,
) -> NDArray[np.float64]:
    """Each candidate's features as the candidate model knows them now (``features``)."""
    about = candidates.select("song_id", "artist_key", "tags")
    if vectors is not None:
        about = about.join(vectors, on="song_id", how="left", maintain_order="left")
    known = songs.select("song_id", "artist_key").collect()
    plays, at = Plays.of(listens.collect(), known["song_id"]), np.full(candidates.height, workspace.now())
    strength = candidates["strength"].to_numpy()
    return features(Content.of(about), at, plays, content_of(known, tags, song_embeddings), strength)


@registered_asset(group_name=DISCOVERY, kinds={"sqlite"})
def discoveries(
    context: dg.AssetExecutionContext, workspace: WorkspaceResource, candidate_scores: pl.DataFrame
) -> dg.MaterializeResult:
    """The proposals: the bandit draws a song for each free place of the queue, from sources and regions that deliver,
    no two alike; each with source and reason."""
    settings, now = workspace.settings.discovery, workspace.now()
    stale = trials.withdraw(workspace.state, now - settings.trial_days * DAY)
    waiting = queue.items(workspace.state, kind=queue.DISCOVERY)
    arms = pl.DataFrame([vars(item) for item in waiting], schema=ARMS)
    belief = bandit.learn(trials.outcomes(workspace.state, now))
    named = with_target_ids(candidate_scores, target_name(workspace.workspace))
    linked = named.filter(pl.col("track_id").is_not_null())
    ready = linked.filter(pl.col("chance") > 0).unique("track_id", keep="first", maintain_order=True)
    rng = np.random.default_rng(int(context.run_id[:8], 16))
    free = max(settings.candidates_per_refresh - sum(item.status == "pending" for item in waiting), 0)
    picked = diversify.pick(
        bandit.draws(belief, ready, rng, settings.bandit, settings.epsilon),
        diversify.unit_vectors(ready["tags"].to_list()),
        ready["artist_key"].to_list(),
        free,
        PER_ARTIST,
        [item.artist_key for item in waiting],
    )
    shown = ready[picked].with_columns(score=pl.Series(bandit.expected(belief, ready[picked])))
    scores = bandit.expected(belief, arms.with_columns(pl.col("chance").fill_null(0.5)))
    trials.rescore(workspace.state, dict(zip([item.item_id for item in waiting], scores.tolist(), strict=True)))
    lines, why_none = song_lines.write_lines(workspace.workspace, shown.to_dicts())
    asked = queue.propose(
        workspace.state,
        queue.DISCOVERY,
        ({**song, "line": lines.get(song["song_id"])} for song in shown.iter_rows(named=True)),
        settings.candidates_per_refresh,
    )
    weights = pl.DataFrame(
        [(name, *belief.of(name)) for name in SOURCES], schema=["source", "weight", "deviation"], orient="row"
    )
    by_source = shown.group_by("source").len("proposed")
    table = weights.join(by_source, on="source", how="left").with_columns(pl.col("proposed").fill_null(0))
    return dg.MaterializeResult(
        value=table,
        metadata={
            "proposed": asked,
            "waiting": len(waiting) + asked,
            "withdrawn, too long unanswered": stale,
            "with a line why": len(lines),
            "why no line": why_none,
            "policy": settings.bandit,
            "weight of each source": bar_chart(
                table["source"].to_list(),
                np.exp(table["weight"].to_numpy()).tolist(),
                "odds of a yes, against the mean",
            ),
        },
    )


def _linked(
    songs: pl.DataFrame,
    known: pl.DataFrame,
    labs: ListenBrainzLabs,
    spotify: SpotifyResource,
    searches: int,
    now: datetime,
) -> tuple[pl.DataFrame, ExpectedError | None]:
    """``songs`` with track_id, link and when each was asked about; the trouble that a service had."""
    told = (
        songs.join(known.rename({"track_id": "known_id"}), on="song_id", how="left", maintain_order="left")
        .with_columns(
            link=pl.when(pl.col("track_id").is_not_null()).then(pl.lit("source")).otherwise(pl.col("link")),
            track_id=pl.coalesce("track_id", "known_id"),
        )
        .drop("known_id")
    )
    rows = told.to_dicts()

    def due(source: str) -> list[Song]:
        asked, since = f"{source}_asked_at", now - ASK_AGAIN_AFTER
        return [row for row in rows if not row["track_id"] and (not row[asked] or row[asked] < since)]

    def note(source: str, answer: Answer) -> None:
        row, found = answer
        row[f"{source}_asked_at"] = now
        if found:
            row |= {"track_id": found[0].track_id, "link": source}

    trouble = look_up(labs, spotify.client, searches, due, note)
    return pl.DataFrame(rows, schema=told.schema), trouble


def _tags(
    table: pl.DataFrame,
    before: pl.DataFrame,
    songs: pl.DataFrame,
    tags: pl.DataFrame,
    listenbrainz: ListenBrainz,
    lastfm: LastFmResource,
    workspace: WorkspaceResource,
) -> Mapping[str, list[dict[str, object]]]:
    """Tags of each song of ``table`` that some are known of, by song id."""
    found = dict(before.drop_nulls("tags").select("song_id", "tags").iter_rows())
    of_recording = listenbrainz.recording_tags(table["mbid"].drop_nulls().unique().to_list())
    of_artist = _artist_tags(songs, tags)
    client: LastFm | None = lastfm.client() if workspace.workspace.secrets.has_lastfm else None
    asked = 0
    for row in table.iter_rows(named=True):
        if row["song_id"] in found:
            continue
        known, artist_key = of_recording.get(row["mbid"] or ""), row["artist_key"]
        weights = (clean(blend(known.own, known.artist), [row["artist"]]) if known else {}) or of_artist.get(artist_key)
        if not weights and client and asked < workspace.settings.discovery.calls_per_source:
            asked += 1
            weights = of_artist[artist_key] = clean(blend({}, client.artist_tags(row["artist"])), [row["artist"]])
        if weights:
            found[row["song_id"]] = [{"tag": tag, "weight": weight} for tag, weight in weights.items()]
    return found


def _artist_tags(songs: pl.DataFrame, tags: pl.DataFrame) -> dict[str, dict[str, float]]:
    """Mean tags of the listener's songs of each artist."""
    mean = (
        flat(tags)
        .join(songs.select("song_id", "artist_key"), on="song_id", maintain_order="left")
        .group_by("artist_key", "tag", maintain_order=True)
        .agg(pl.mean("weight"))
    )
    by_artist: dict[str, dict[str, float]] = {}
    for artist, tag, weight in mean.sort("artist_key", "tag").iter_rows():
        by_artist.setdefault(artist, {})[tag] = weight
    return by_artist
