"""Trials: the new songs that the mix may take, and what becomes of those that are on it."""

import dagster as dg
import polars as pl

from spotify_ai_pipeline.app.playlist_places import target_name
from spotify_ai_pipeline.defs.groups import DISCOVERY
from spotify_ai_pipeline.defs.registered_asset import registered_asset
from spotify_ai_pipeline.defs.resources import WorkspaceResource
from spotify_ai_pipeline.durations import DAY
from spotify_ai_pipeline.music.discovery.trial import Heard, next_step
from spotify_ai_pipeline.music.identity.songs import song_of_track
from spotify_ai_pipeline.music.mix.decide import TRIALS
from spotify_ai_pipeline.music.mix.target_ids import with_target_ids
from spotify_ai_pipeline.storage import datasets, queue
from spotify_ai_pipeline.storage import trials as kept

WITH_STATUS = TRIALS | {"status": pl.String}
"""``score`` is the chance that it stays, 0 to 1; trial and asked stand on a list already, pending waits for a place."""


@registered_asset(group_name=DISCOVERY, kinds={"sqlite", "parquet"}, deps=["listens", "discoveries"])
def trials(workspace: WorkspaceResource, songs: pl.DataFrame) -> dg.MaterializeResult:
    """The songs for the mix's discovery slot: those on trial first, then what waits, best first. Before, those on trial take
    their next step: heard often enough, they are asked about; skipped away or never heard, they leave."""
    listens = workspace.lake.scan(datasets.LISTENS)  # those broken off before 30 s as well: they tell of a skip
    moved = advance(workspace, songs, listens.filter(~pl.col("excluded")))
    fewer = queue.fewer_artists(workspace.state, workspace.now())
    waiting = [
        one
        for one in queue.items(workspace.state, kind=queue.DISCOVERY)
        if one.status != "pending" or one.artist_key not in fewer
    ]
    song_of = song_of_track(with_target_ids(songs, target_name(workspace.workspace)))
    rows = [
        (
            song_of.get(one.track_id, one.song_id),
            one.track_id,
            one.title,
            one.artist,
            one.artist_key,
            one.chance or 0.0,
            one.reason,
            one.status,
        )
        for one in waiting
    ]
    table = pl.DataFrame(rows, schema=WITH_STATUS, orient="row")
    counts = dict(table.group_by("status").len().sort("status").iter_rows())
    return dg.MaterializeResult(value=table, metadata={**counts, "asked or ended now": moved})


def advance(workspace: WorkspaceResource, songs: pl.DataFrame, listens: pl.LazyFrame) -> int:
    """Counts what was heard of each song on trial since it came on a list, and takes the steps that follow from it. Gives the
    number of steps. A song that was taken off by hand, or refused elsewhere, is no trial any more."""
    song_of = song_of_track(with_target_ids(songs, target_name(workspace.workspace)))
    verdicts, now, moved = queue.standing(workspace.state, workspace.now()), workspace.now(), 0
    for item in kept.on_trial(workspace.state):
        song = song_of.get(item.track_id, item.song_id)
        since = pl.col("played_at").dt.epoch("s") >= item.trial_at
        plays = listens.filter((pl.col("song_id") == song) & since).select("skipped").collect()
        heard = Heard(plays.height, int(plays["skipped"].fill_null(False).sum()), (now - item.trial_at) / DAY)
        queue.set_play_counts(workspace.state, item.item_id, heard.plays, heard.skips)
        said = verdicts.get(song) or verdicts.get(item.song_id)
        gone = said is not None and said not in queue.HOLDING
        step = (
            ("expired", "taken off the list" if said == "remove" else f"said: {said}")
            if gone
            else next_step(heard, workspace.settings.discovery)
        )
        if step is not None and step[0] != item.status:
            moved += queue.advance(workspace.state, item.item_id, *step)
    return moved
