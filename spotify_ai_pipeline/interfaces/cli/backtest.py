"""`spotify-ai backtest`: the mixes that the past would have had, for a judge to score."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click
import polars as pl
from rich.progress import track

from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.interfaces.cli.console import console
from spotify_ai_pipeline.interfaces.cli.files import history_option, read_parquet
from spotify_ai_pipeline.storage.workspace import Workspace

NEEDED = ("ts", "artist", "track")


@click.command()
@history_option
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help="Parquet file to write: refresh_at, rank, artist, track, slot.",
)
@click.option("--start", type=click.DateTime(["%Y-%m-%d"]), help="First refresh; default: the median play.")
def backtest(history: Path, out: Path, start: datetime | None) -> None:
    """Make the mix of each week over the second half of a history, from nothing but the past.

    It calls the functions of the pipeline, with the settings in force.
    """
    from spotify_ai_pipeline.evaluation.backtest import clean_history, refresh_times, weekly_mixes

    plays = clean_history(read_history(history))
    if not plays.height:
        raise UserError(f"{history}: holds no play of 30 seconds or more")
    begin = start.replace(tzinfo=UTC).timestamp() if start else None
    times = refresh_times(plays["ts"].to_numpy(), begin)
    if not len(times):
        raise UserError(f"{history}: too short; a backtest needs at least a week of plays after its first refresh")
    mixes = weekly_mixes(plays, times, Workspace.open().settings)
    made = list(track(mixes, "weekly mixes", total=len(times), console=console, transient=True))
    fresh = out.with_name(out.name + ".new")
    pl.concat(made).write_parquet(fresh)
    fresh.replace(out)
    console.print(f"{out}: {len(made)} mixes of {made[-1].height} songs, from {plays.height:,} plays")


def read_history(file: Path) -> pl.DataFrame:
    """Plays (ts, artist, track[, ms_played]) from a Parquet file; raises ``UserError`` saying what is wrong with it."""
    frame = read_parquet(file)
    frame = frame.rename({"uts": "ts"}) if "uts" in frame.columns and "ts" not in frame.columns else frame
    if missing := [column for column in NEEDED if column not in frame.columns]:
        raise UserError(
            f"{file}: no column {' or '.join(missing)}; needed are ts (or uts), artist and track, "
            f"found are {', '.join(frame.columns)}"
        )
    kinds = [frame[column].dtype for column in NEEDED]
    if not kinds[0].is_integer() or kinds[1:] != [pl.String, pl.String]:
        raise UserError(
            f"{file}: ts must be whole UTC seconds, artist and track text; found {', '.join(map(str, kinds))}"
        )
    if not frame.height:
        raise UserError(f"{file}: holds no plays")
    return frame.drop_nulls(["ts", "artist", "track"])
