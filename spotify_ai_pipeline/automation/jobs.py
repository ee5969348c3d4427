"""Jobs: what runs together."""

import dagster as dg

from spotify_ai_pipeline.assets.groups import FEATURES
from spotify_ai_pipeline.automation.pruning import prune

PLAYLIST_WRITER = {"spotify_ai/writer": "playlist"}
"""Runs with this tag write the playlist: the queue admits one at a time (see dagster.yaml)."""
HEAVY_WORK = {"spotify_ai/heavy": "yes"}
"""Runs with this tag take the machine for minutes: none runs beside a refresh."""
FIRST_IN_THE_QUEUE = {"dagster/priority": "1"}

HEAVY = dg.AssetSelection.groups(FEATURES)
DISCOVERY = dg.AssetSelection.groups("discovery")

everything = dg.define_asset_job(
    "everything",
    selection=dg.AssetSelection.all(),
    tags=PLAYLIST_WRITER | HEAVY_WORK,
    description="The whole graph, from the services to the playlist: the first run, and a run after a change of features.",
)

refresh_the_mix = dg.define_asset_job(
    "refresh_the_mix",
    selection=dg.AssetSelection.all() - HEAVY - DISCOVERY,
    tags=PLAYLIST_WRITER | FIRST_IN_THE_QUEUE,
    description="Read what is new, decide the mix, write it to Spotify. Features are taken as they are.",
)

discover = dg.define_asset_job(
    "discover",
    selection=DISCOVERY,
    description="Ask every source for songs that are new to you, and rank them: candidates for a trial.",
)

retrain = dg.define_asset_job(
    "retrain",
    selection=dg.AssetSelection.assets("taste_weights"),
    tags=HEAVY_WORK,
    description="Learn the taste model again from your plays, and decide which ranker is in office.",
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

JOBS = [everything, refresh_the_mix, discover, retrain, fill_history, read_recent_plays, take_in_files, prune]
