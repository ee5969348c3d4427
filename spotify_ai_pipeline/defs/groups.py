"""The common ground of all assets: the names of the stages, who owns them, and who may write the playlist."""

from datetime import timedelta

INGEST, IDENTITY, FEATURES, TASTE, PLAYLIST = "ingest", "identity", "features", "taste", "playlist"
DISCOVERY = "discovery"
STAGES = (INGEST, IDENTITY, FEATURES, TASTE, DISCOVERY, PLAYLIST)
"""The groups of assets in the order of the data: no asset is made from one of a later group."""
OWNERS = ["team:listener"]

CLUSTERING = ("clusters", "cluster_names", "cluster_health", "library_map")
"""What is made of clusters. It follows the features, day by day, and no refresh waits for it."""

PLAYLIST_WRITER = {"spotify_ai/writer": "playlist"}
"""Runs and steps with this tag write the playlist: the queue admits one at a time (see dagster.yaml)."""

A_NIGHT_RUN = timedelta(hours=1)
"""How much sooner than its interval a thing may be made anew: a nightly run starts at the same time, give or take."""
