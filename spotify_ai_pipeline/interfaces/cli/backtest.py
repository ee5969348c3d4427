"""`spotify-ai backtest`: the mixes that the past would have had, for a judge to score."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click
import polars as pl
from rich.progress import track

from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.evaluation.backtest import EVERY, Listener, heard_moods, mixes, refresh_times
from spotify_ai_pipeline.evaluation.catalogues import add_features
from spotify_ai_pipeline.evaluation.histories import read_clean_history
from spotify_ai_pipeline.interfaces.cli.console import console
from spotify_ai_pipeline.interfaces.cli.options import history_option
from spotify_ai_pipeline.music.taste.population import shipped
from spotify_ai_pipeline.storage.workspace import Workspace


@click.command()
@history_option
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help="Parquet file to write: refresh_at, rank, artist, track, slot.",
)
@click.option(
    "--every",
    type=click.Choice(list(EVERY)),
    default="12h",
    show_default=True,
    help="Time between two refreshes; the shipped timetable refreshes every 12 hours.",
)
@click.option("--start", type=click.DateTime(["%Y-%m-%d"]), help="First refresh; default: the median play.")
@click.option(
    "--catalogue",
    type=click.Path(path_type=Path),
    help="Songs with audio features: moods are heard by them, and weigh scoring.mood_weight.",
)
def backtest(history: Path, out: Path, every: str, start: datetime | None, catalogue: Path | None) -> None:
    """Make the mix of each refresh over the second half of a history, from nothing but the past.

    It calls the functions of the pipeline, with the settings in force.
    """
    plays = read_clean_history(history)
    begin = start.replace(tzinfo=UTC).timestamp() if start else None
    times = refresh_times(plays["ts"].to_numpy(), EVERY[every], begin)
    if not len(times):
        raise UserError(f"{history}: too short; a backtest needs at least a week of plays after its first refresh")
    settings = Workspace.open().settings
    listener = Listener.from_history(plays)
    moods = None
    if catalogue:
        songs = listener.songs.select("song_id", artist_key=pl.col("artist").str.to_lowercase())
        vectors = add_features(songs, catalogue, settings.features).select("song_id", "vector").drop_nulls()
        moods = heard_moods(plays, songs, vectors, settings)
    rolling = mixes(listener, times, settings, shipped(), moods)
    made = list(track(rolling, "mixes", total=len(times), console=console, transient=True))
    fresh = out.with_name(out.name + ".new")
    pl.concat(made).write_parquet(fresh)
    fresh.replace(out)
    console.print(f"{out}: {len(made)} mixes of {made[-1].height} songs, from {plays.height:,} plays")
