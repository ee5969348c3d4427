"""The next questions for the listener: songs of theirs that are worth bringing back."""

import dagster as dg
import polars as pl

from spotify_ai_pipeline.defs.groups import PLAYLIST
from spotify_ai_pipeline.defs.registered_asset import registered_asset
from spotify_ai_pipeline.defs.resources import WorkspaceResource
from spotify_ai_pipeline.music.taste.ranking import EXPLORATION
from spotify_ai_pipeline.storage import queue

QUESTIONS = 10
"""Questions kept waiting for the listener."""


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
