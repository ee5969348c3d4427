"""The questions for the listener: which songs of theirs to bring back, and which to take out of the library."""

import dagster as dg
import polars as pl

from spotify_ai_pipeline.defs.groups import PLAYLIST
from spotify_ai_pipeline.defs.registered_asset import registered_asset
from spotify_ai_pipeline.defs.resources import WorkspaceResource
from spotify_ai_pipeline.music.mix.removal_rules import to_remove
from spotify_ai_pipeline.music.taste.ranking import EXPLORATION
from spotify_ai_pipeline.storage import queue, verdicts

QUESTIONS = 10
"""Questions kept waiting for the listener."""
REMOVALS = 3
"""Questions about removals kept waiting: they are not what the listener came for."""


@registered_asset(group_name=PLAYLIST, kinds={"sqlite"})
def suggestions(workspace: WorkspaceResource, song_scores: pl.DataFrame, mix: pl.DataFrame) -> dg.MaterializeResult:
    """Dormant songs worth bringing back that are not on the list: the questions that `spotify-ai next` asks."""
    listed = mix.drop_nulls("rank")["song_id"].to_list()
    worth = song_scores.filter(
        (pl.col("slot") == EXPLORATION)
        & pl.col("in_library")
        & (pl.col("plays") > 0)
        & ~pl.col("song_id").is_in(listed)
    ).sort("score", descending=True)
    shown = worth.head(5 * QUESTIONS).select("song_id", "track_id", "title", "artist", "score", "reason")
    asked = queue.propose(workspace.state, "resurface", shown.iter_rows(named=True), QUESTIONS)
    return dg.MaterializeResult(
        value=shown.head(QUESTIONS), metadata={"new questions": asked, "waiting": queue.pending(workspace.state)}
    )


@registered_asset(group_name=PLAYLIST, kinds={"sqlite"})
def removals(workspace: WorkspaceResource, songs: pl.DataFrame, listening_stats: pl.DataFrame) -> dg.MaterializeResult:
    """Songs turned down ``cycling.blacklist_threshold`` times in a row, or whose artist's songs were: a question each."""
    known = songs.join(listening_stats.select("song_id", "last_played"), on="song_id").drop_nulls("track_id")
    found = to_remove(verdicts.verdict_history(workspace.state), known, workspace.settings.cycling.blacklist_threshold)
    shown = found.select("song_id", "track_id", "title", "artist", "reason", score=pl.lit(0.0))
    asked = queue.propose(workspace.state, queue.REMOVE, shown.iter_rows(named=True), REMOVALS)
    return dg.MaterializeResult(value=shown, metadata={"new questions": asked})
