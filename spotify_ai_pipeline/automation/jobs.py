"""Jobs: what runs together."""

import dagster as dg

PLAYLIST_WRITER = {"spotify_ai/writer": "playlist"}
"""Runs with this tag write the playlist: the queue admits one at a time (see dagster.yaml)."""

HEAVY = dg.AssetSelection.assets("audio_features", "tags", "song_embeddings", "song_index")

everything = dg.define_asset_job(
    "everything",
    selection=dg.AssetSelection.all(),
    tags=PLAYLIST_WRITER,
    description="The whole graph, from the services to the playlist: the first run, and a run after a change of features.",
)

refresh_the_mix = dg.define_asset_job(
    "refresh_the_mix",
    selection=dg.AssetSelection.all() - HEAVY,
    tags=PLAYLIST_WRITER,
    description="Read what is new, decide the mix, write it to Spotify. Features are taken as they are.",
)

PLAYLISTS = dg.AssetSelection.groups("playlist")

read_what_is_new = dg.define_asset_job(
    "read_what_is_new",
    selection=dg.AssetSelection.all() - HEAVY - PLAYLISTS,
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
    description="Exports that were laid into the inbox.",
)

fill_history = dg.define_asset_job(
    "fill_history",
    selection=dg.AssetSelection.assets("scrobbles"),
    description="Scrobbles of the chosen months, and nothing else: for backfills.",
)

JOBS = [
    everything,
    refresh_the_mix,
    refresh_the_adventure,
    read_what_is_new,
    fill_history,
    read_recent_plays,
    take_in_files,
]
