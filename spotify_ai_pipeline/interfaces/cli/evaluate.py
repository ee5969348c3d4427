"""`spotify-ai evaluate`: how well a part of the pipeline does on a history that knows the truth."""

from __future__ import annotations

import time
from pathlib import Path

import click
import numpy as np
import polars as pl

from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.evaluation import discovery_report
from spotify_ai_pipeline.evaluation.identity import IdentityScore, evaluate_identity
from spotify_ai_pipeline.evaluation.mood_report import mood_shift
from spotify_ai_pipeline.evaluation.similarity_report import similarity
from spotify_ai_pipeline.evaluation.taste_report import newcomers, sessions
from spotify_ai_pipeline.interfaces.cli.console import console, plain, print_json, table
from spotify_ai_pipeline.interfaces.cli.files import read_parquet

NEEDED = ("artist", "track", "artist_uncorrected", "track_uncorrected")


@click.group()
def evaluate() -> None:
    """Measure a part of the pipeline, on your own history or on made-up listeners whose truth is known."""


for command in (
    discovery_report.bandit,
    discovery_report.discovery,
    similarity,
    sessions,
    newcomers,
    mood_shift,
):
    evaluate.add_command(command)


@evaluate.command()
@click.option(
    "--history",
    type=click.Path(path_type=Path),
    required=True,
    help=f"Parquet file of plays with the columns {', '.join(NEEDED)}.",
)
@click.option("--pairs", default=200_000, show_default=True, type=click.IntRange(1), help="Random pairs to draw.")
@click.option("--seed", default=1, show_default=True, help="Seed of the random pairs.")
@click.option("--examples", default=0, type=click.IntRange(0), help="Show this many misses and merges.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON, for scripts.")
def identity(history: Path, pairs: int, seed: int, examples: int, as_json: bool) -> None:
    """Measure how well misspelled names find their song, and how often different songs are taken for one."""
    frame = _read(history).rename({"track": "title", "track_uncorrected": "title_uncorrected"})
    started = time.perf_counter()
    score = evaluate_identity(frame, pairs, np.random.default_rng(seed))
    seconds = time.perf_counter() - started
    if as_json:
        plain_figures = {name: value for name, value in vars(score).items() if not isinstance(value, pl.DataFrame)}
        print_json(plain_figures | {"seconds": round(seconds, 2)})
        return
    console.print(
        f"{score.names:,} names; {score.plays:,} plays were corrected ({score.pairs:,} distinct pairs); {seconds:.1f} s\n"
        f"an uncorrected name finds the song of its corrected name: {_percent(score.recall_plays)} of plays, "
        f"{_percent(score.recall_pairs)} of distinct pairs\n"
        f"random pairs of different titles of one artist that are taken for one song: {_percent(score.merged, 3)}, and "
        f"{_percent(score.merged_contained, 3)} where one title holds the other (of {score.random_pairs:,})"
    )
    if examples:
        _show(score, examples)


def _show(score: IdentityScore, examples: int) -> None:
    missed = table("plays", "scrobbled", "corrected", title="not found", right=("plays",))
    for row in score.missed.head(examples).iter_rows(named=True):
        missed.add_row(
            str(row["plays"]),
            plain(f"{row['artist_uncorrected']} — {row['title_uncorrected']}"),
            plain(f"{row['artist']} — {row['title']}"),
        )
    merged = table("artist", "title", "and", title="taken for one song")
    for row in score.merged_pairs.head(examples).iter_rows():
        merged.add_row(*map(plain, row))
    console.print(missed)
    console.print(merged)


def _read(file: Path) -> pl.DataFrame:
    frame = read_parquet(file)
    if missing := [column for column in NEEDED if frame.schema.get(column) != pl.String]:
        raise UserError(
            f"{file}: no text column {' or '.join(missing)}; needed are {', '.join(NEEDED)}, "
            f"found are {', '.join(frame.columns)}"
        )
    return frame.select(NEEDED).drop_nulls()


def _percent(share: float | None, digits: int = 1) -> str:
    return "unknown" if share is None else f"{share:.{digits}%}"
