"""The tables that are read out of files, as inputs of the assets: nobody need have laid one down."""

import polars as pl

from spotify_ai_pipeline.app.library_reader import with_files
from spotify_ai_pipeline.defs.resources import WorkspaceResource
from spotify_ai_pipeline.importers import ingest
from spotify_ai_pipeline.storage import datasets

HISTORY_IMPORTS, RATINGS = "history_imports", "ratings"
"""The assets after which all files are taken in."""
LOVED_SONGS = "loved_songs"
"""The asset that a home has only where some service knows of love."""


def whole_library(workspace: WorkspaceResource, on_spotify: pl.LazyFrame) -> pl.LazyFrame:
    """The listener's lists: those on Spotify, and those that files tell of and Spotify does not."""
    return with_files(on_spotify, ingest.library(workspace.lake))


def told(workspace: WorkspaceResource) -> list[tuple[str, str, str]]:
    """The parts of these files as they are now, each with its version and when it was taken in: the last one counts."""
    files = (datasets.LIBRARY_IMPORTS, datasets.RATING_IMPORTS)
    parts = [(workspace.lake.current(file, part), part) for file in files for part in workspace.lake.partitions(file)]
    return [(part, version.version, version.created_at) for version, part in parts if version is not None]


def loved(workspace: WorkspaceResource) -> str:
    """The version of the loved songs as they are now."""
    return workspace.lake.version_of(datasets.LOVED_SONGS)
