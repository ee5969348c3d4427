"""Removals: songs that were turned down so often that the listener is asked whether they should stay in the library."""

import dagster as dg
import polars as pl

from spotify_ai_pipeline.defs.groups import PLAYLIST
from spotify_ai_pipeline.defs.registered_asset import registered_asset
from spotify_ai_pipeline.defs.resources import WorkspaceResource
from spotify_ai_pipeline.music.mix.removal_rules import to_remove
from spotify_ai_pipeline.storage import queue, verdicts

QUESTIONS = 3
"""Questions of this kind kept waiting: they are not what the listener came for."""


@registered_asset(group_name=PLAYLIST, kinds={"sqlite"})
def removals(workspace: WorkspaceResource, songs: pl.DataFrame, listening_stats: pl.DataFrame) -> dg.MaterializeResult:
    """Songs turned down ``cycling.blacklist_threshold`` times in a row, or whose artist's songs were: a question each."""
    known = songs.join(listening_stats.select("song_id", "last_played"), on="song_id").drop_nulls("track_id")
    found = to_remove(verdicts.verdict_history(workspace.state), known, workspace.settings.cycling.blacklist_threshold)
    shown = found.select("song_id", "track_id", "title", "artist", "reason", score=pl.lit(0.0))
    asked = queue.propose(workspace.state, queue.REMOVE, shown.iter_rows(named=True), QUESTIONS)
    return dg.MaterializeResult(value=shown, metadata={"new questions": asked})
