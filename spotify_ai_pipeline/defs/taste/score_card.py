"""The score card: what became of the lists that were written, each week."""

from collections.abc import Mapping
from datetime import timedelta

import dagster as dg
import numpy as np
import polars as pl

from spotify_ai_pipeline.defs.groups import TASTE
from spotify_ai_pipeline.defs.plots import bar_chart
from spotify_ai_pipeline.defs.registered_asset import registered_asset
from spotify_ai_pipeline.defs.resources import WorkspaceResource
from spotify_ai_pipeline.music.identity.songs import song_of_track
from spotify_ai_pipeline.music.mix.removal_rules import APPROVALS
from spotify_ai_pipeline.music.mix.scorecard import Listed, figures, score, summary
from spotify_ai_pipeline.music.plays.play_counts import Plays
from spotify_ai_pipeline.storage import playlists, verdicts


@registered_asset(
    group_name=TASTE,
    kinds={"numpy", "parquet"},
    freshness_policy=dg.FreshnessPolicy.time_window(warn_window=timedelta(days=8), fail_window=timedelta(days=22)),
)
def score_card(workspace: WorkspaceResource, songs: pl.DataFrame, listens: pl.DataFrame) -> dg.MaterializeResult:
    """A row a week: what was played of the mix, what was brought back and kept, what new songs stayed, beside baselines.

    The lists are those that were read back from Spotify after each refresh.
    """
    numbers = {song: number for number, song in enumerate(songs["song_id"])}
    by_track = {track: numbers[song] for track, song in song_of_track(songs).items()}
    lists = [
        Listed(refresh.refreshed_at, _known(refresh.after, by_track), _known(_came(refresh), by_track))
        for refresh in reversed(playlists.refreshes(workspace.state, limit=-1))
        if refresh.after
    ]
    said = verdicts.verdict_history(workspace.state).filter(~pl.col("verdict").is_in(APPROVALS))
    turned_down = {numbers[song]: at.timestamp() for song, _, at in said.iter_rows() if song in numbers}
    settings = workspace.settings
    plays = Plays.of(listens, songs["song_id"])
    table = score(
        lists,
        plays,
        turned_down,
        workspace.now(),
        settings.listener.zone,
        settings.cycling.dormant_days,
    )
    return dg.MaterializeResult(value=table, metadata=_shown(table))


def _came(refresh: playlists.Refresh) -> list[str]:
    """Gives what was on the list after the refresh and not before."""
    before = set(refresh.before or [])
    return [track for track in refresh.after or [] if track not in before]


def _known(track_ids: list[str], by_track: Mapping[str, int]) -> np.ndarray:
    return np.array([by_track[track] for track in track_ids if track in by_track], np.int64)


def _shown(table: pl.DataFrame) -> dict[str, dg.MetadataValue]:
    weeks = [f"{week:%Y-%m-%d}" for week in table["week"]]
    charts = {
        title: bar_chart(weeks, (table[part] / table["plays"]).fill_nan(0.0).to_list(), title)
        for title, part in (
            ("share of the week's plays on the mix", "held"),
            ("share on a list by recency alone", "held_by_recency"),
        )
    }
    found = [figure for figure in figures(table, np.random.default_rng(1)) if figure.value is not None]
    return {
        "summary": dg.MetadataValue.text(summary(table)),
        **charts,
        "shares over all weeks": bar_chart(
            [text for figure in found for text in (figure.name, figure.against)],
            [share for figure in found for share in (figure.value or 0.0, figure.baseline or 0.0)],
            "each beside its baseline",
        ),
    }
