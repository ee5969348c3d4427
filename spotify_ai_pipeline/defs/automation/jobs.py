"""Jobs: what runs together."""

import dagster as dg

from spotify_ai_pipeline.app.discovery_sources import SOURCES
from spotify_ai_pipeline.defs.automation.pruning import prune
from spotify_ai_pipeline.defs.groups import FEATURES, PLAYLIST, PLAYLIST_WRITER

HEAVY_WORK = {"spotify_ai/heavy": "yes"}
"""Runs with this tag take the machine for minutes: none runs beside a refresh."""
FIRST_IN_THE_QUEUE = {"dagster/priority": "1"}

HEAVY = dg.AssetSelection.groups(FEATURES)
PLAYLISTS = dg.AssetSelection.groups(PLAYLIST)
SEARCHING = dg.AssetSelection.assets(
    "discovery_seeds", *SOURCES, "candidates", "candidate_model", "candidate_scores", "discoveries"
)
LIFE = dg.AssetSelection.assets("trials", "trials_on_lists", "applied_verdicts")
"""What moves the life of new songs on: it writes to the state and to Spotify."""
SCORING = dg.AssetSelection.assets("score_card")
CLUSTERING = dg.AssetSelection.assets("clusters", "cluster_names", "cluster_health", "library_map")

everything = dg.define_asset_job(
    "everything",
    selection=dg.AssetSelection.all(),
    tags=PLAYLIST_WRITER | HEAVY_WORK,
    description="The whole graph, from the services to the playlist: the first run, and a run after a change of features.",
)

refresh_the_mix = dg.define_asset_job(
    "refresh_the_mix",
    selection=dg.AssetSelection.all() - HEAVY - SEARCHING - SCORING,
    tags=PLAYLIST_WRITER | FIRST_IN_THE_QUEUE,
    description="Read what is new, decide the mix, write it to Spotify. Features and discoveries are taken as they are.",
)

discover = dg.define_asset_job(
    "discover",
    selection=SEARCHING,
    description="Ask every source for new songs, and propose those that fit best.",
)

apply_verdicts = dg.define_asset_job(
    "apply_verdicts",
    selection=dg.AssetSelection.assets("applied_verdicts"),
    description="Verdicts that were given since the last run: what they mean on Spotify is done, once.",
)

retrain = dg.define_asset_job(
    "retrain",
    selection=dg.AssetSelection.assets("taste_weights", "candidate_model"),
    tags=HEAVY_WORK,
    description="Learn the taste model and the candidate model again from your plays, and decide which ranker is in office.",
)

score_the_lists = dg.define_asset_job(
    "score_the_lists",
    selection=SCORING,
    description="What became of the lists: what was played of them, kept, and stayed, beside baselines.",
)

read_what_is_new = dg.define_asset_job(
    "read_what_is_new",
    selection=dg.AssetSelection.all() - HEAVY - SEARCHING - LIFE - SCORING - PLAYLISTS,
    description="What a refresh reads and ranks, without deciding or writing anything: the first half of a dry run.",
)

refresh_the_adventure = dg.define_asset_job(
    "refresh_the_adventure",
    selection=dg.AssetSelection.assets("adventure", "adventure_playlist"),
    tags=PLAYLIST_WRITER,
    description="Decide the adventure list from what is known and write it to Spotify.",
)

read_recent_plays = dg.define_asset_job(
    "read_recent_plays",
    selection=dg.AssetSelection.assets("recent_plays"),
    description="What Spotify remembers of the last plays: one call, every two hours, because it remembers no more than 50.",
)

take_in_files = dg.define_asset_job(
    "take_in_files",
    selection=dg.AssetSelection.assets("history_imports", "album_ratings"),
    description="Take in the exports that were laid into the inbox.",
)

fill_history = dg.define_asset_job(
    "fill_history",
    selection=dg.AssetSelection.assets("scrobbles"),
    description="Scrobbles of the chosen months, and nothing else: for backfills.",
)

recluster = dg.define_asset_job(
    "recluster",
    selection=CLUSTERING,
    tags=HEAVY_WORK,
    description="Clusters made anew when they are older than clustering.recluster_interval_days, or when asked; else new songs "
    "join the clusters that are there. Then their names, health and the map.",
)

JOBS = [
    everything,
    refresh_the_mix,
    refresh_the_adventure,
    read_what_is_new,
    discover,
    apply_verdicts,
    retrain,
    score_the_lists,
    recluster,
    fill_history,
    read_recent_plays,
    take_in_files,
    prune,
]
