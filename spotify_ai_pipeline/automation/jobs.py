"""Jobs: what runs together."""

import dagster as dg

from spotify_ai_pipeline.services.discovery import SOURCES

PLAYLIST_WRITER = {"spotify_ai/writer": "playlist"}
"""Runs with this tag write the playlist: the queue admits one at a time (see dagster.yaml)."""

HEAVY = dg.AssetSelection.assets("audio_features", "tags", "song_embeddings", "song_index")

everything = dg.define_asset_job(
    "everything",
    selection=dg.AssetSelection.all(),
    tags=PLAYLIST_WRITER,
    description="The whole graph, from the services to the playlist: the first run, and a run after a change of features.",
)

SEARCHING = dg.AssetSelection.assets("discovery_seeds", *SOURCES, "candidates", "candidate_scores", "discoveries")

refresh_the_mix = dg.define_asset_job(
    "refresh_the_mix",
    selection=dg.AssetSelection.all() - HEAVY - SEARCHING,
    tags=PLAYLIST_WRITER,
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

read_recent_plays = dg.define_asset_job(
    "read_recent_plays",
    selection=dg.AssetSelection.assets("recent_plays"),
    description="What Spotify remembers of the last plays: one call, every two hours, because it remembers no more than 50.",
)

take_in_files = dg.define_asset_job(
    "take_in_files",
    selection=dg.AssetSelection.assets("history_imports", "album_ratings"),
    description="Exports that were laid into the inbox.",
)

fill_history = dg.define_asset_job(
    "fill_history",
    selection=dg.AssetSelection.assets("scrobbles"),
    description="Scrobbles of the chosen months, and nothing else: for backfills.",
)

JOBS = [everything, refresh_the_mix, discover, apply_verdicts, fill_history, read_recent_plays, take_in_files]
