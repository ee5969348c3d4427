"""`spotify-ai evaluate mood-shift`: how often the watch over moods raises a false alarm."""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np

from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.evaluation.similarity_report import heard_vectors
from spotify_ai_pipeline.interfaces.cli.console import console, print_json
from spotify_ai_pipeline.interfaces.cli.files import history_option
from spotify_ai_pipeline.music.mood import change_point
from spotify_ai_pipeline.music.mood.detection import SESSION_GAP_SECONDS
from spotify_ai_pipeline.storage.workspace import Workspace

WEEK = 7 * 86_400.0


@click.command(name="mood-shift")
@click.option(
    "--catalogue",
    type=click.Path(path_type=Path),
    required=True,
    help="Parquet file of songs with audio features and tags, as for `evaluate similarity`.",
)
@history_option
@click.option(
    "--shuffles",
    default=5,
    show_default=True,
    type=click.IntRange(1, 100),
    help="Number of histories without a change.",
)
@click.option("--seed", default=1, show_default=True, help="Seed of the shuffles.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON, for scripts.")
def mood_shift(catalogue: Path, history: Path, shuffles: int, seed: int, as_json: bool) -> None:
    """Measure the watch over moods: alarms on a history, and on the same sessions in random order, where each alarm is false."""
    settings = Workspace.open().settings
    level = settings.proactive.mood_shift.false_alarms
    at, vectors = heard_vectors(catalogue, history, settings.features)
    found = change_point.sessions(at, vectors, SESSION_GAP_SECONDS)
    tests = len(found.means) - change_point.RECENT - change_point.BEFORE + 1
    if tests < 1:
        raise UserError(f"{history}: too short; {change_point.RECENT + change_point.BEFORE} sessions are needed")
    weeks = float(found.ended[-1] - found.ended[0]) / WEEK
    real, rng = len(change_point.alarms(found.means, level)), np.random.default_rng(seed)
    with console.status("sessions in random order"):
        false = [len(change_point.alarms(rng.permutation(found.means), level)) for _ in range(shuffles)]
    figures = {
        "sessions": len(found.means),
        "weeks": round(weeks, 1),
        "asked for": level,
        "false alarms a session": float(np.mean(false)) / tests,
        "false alarms a week": float(np.mean(false)) / weeks,
        "alarms a week": real / weeks,
    }
    if as_json:
        print_json(figures)
        return
    console.print(
        f"{figures['sessions']:,} sessions in {weeks:,.0f} weeks; asked for: a false alarm in {level:.1%} of sessions\n"
        f"where nothing changes (the sessions in random order, {shuffles} times): "
        f"{figures['false alarms a session']:.2%} of sessions, {figures['false alarms a week']:.2f} a week\n"
        f"on the history as it was: {figures['alarms a week']:.2f} alarms a week"
    )
