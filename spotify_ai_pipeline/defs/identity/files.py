"""What files tell, beside the assets that read it: nobody need have laid one down."""

import polars as pl

from spotify_ai_pipeline.app.library_reader import with_files
from spotify_ai_pipeline.defs.resources import WorkspaceResource
from spotify_ai_pipeline.importers import ingest

HISTORY_IMPORTS, RATINGS = "history_imports", "ratings"
"""The assets after which all files are taken in."""


def whole_library(workspace: WorkspaceResource, on_spotify: pl.LazyFrame) -> pl.LazyFrame:
    """The listener's lists: those on Spotify, and those that files tell of and Spotify does not."""
    return with_files(on_spotify, ingest.library(workspace.lake))
