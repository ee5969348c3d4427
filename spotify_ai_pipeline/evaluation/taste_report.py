"""`spotify-ai evaluate sessions` and `newcomers`: how well taste is known, on a history."""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np
import polars as pl
from rich.progress import track

from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.interfaces.cli.backtest import read_history
from spotify_ai_pipeline.interfaces.cli.console import console, print_json, table
from spotify_ai_pipeline.interfaces.cli.files import history_option, read_parquet
from spotify_ai_pipeline.interfaces.cli.mix import json_option
from spotify_ai_pipeline.music.plays.play_counts import Plays
from spotify_ai_pipeline.music.taste.taste_model import artist_numbers
from spotify_ai_pipeline.storage.workspace import Workspace


@click.command()
@history_option
@json_option
def sessions(history: Path, as_json: bool) -> None:
    """Predict ten songs of each session over the second half of a history: NDCG@10 of simple rules and the learned ranker."""
    from spotify_ai_pipeline.evaluation import next_session as judging

    plays, songs = _plays(history)
    judged = judging.predict_all(plays, artist_numbers(songs["artist_key"]), _middle(plays))
    rows = [row for rows in track(judged, "sessions", console=console, transient=True) for row in rows]
    if not rows:
        raise UserError(f"{history}: no session of ten songs in its second half")
    found = judging.summary(pl.DataFrame(rows, infer_schema_length=None)).to_dicts()
    if as_json:
        print_json(found)
        return
    _show(found, "next session")


@click.command()
@history_option
@click.option(
    "--features",
    type=click.Path(path_type=Path),
    help="Parquet file of songs: artist, title, the audio features, and genres or tags (a|b or a, b). Default: unknown.",
)
@click.option("--seed", default=1, show_default=True, help="Seed of the verdicts drawn and of the intervals.")
@json_option
def newcomers(history: Path, features: Path | None, seed: int, as_json: bool) -> None:
    """Predict which new songs of the second half of a history stay: AUC beside artist affinity alone, and how true the chances
    are."""
    from spotify_ai_pipeline.evaluation import cold_start as judging
    from spotify_ai_pipeline.music.discovery.candidate_model import Content

    plays, songs = _plays(history)
    content = Content.of(songs if features is None else _with_features(songs, features))
    made = judging.judge_all(plays, content, _middle(plays), np.random.default_rng(seed))
    months = list(track(made, "four weeks each", console=console, transient=True))
    if not months:
        raise UserError(f"{history}: no song first heard in its second half has been known for 61 days")
    judged = pl.concat(months)
    rows = judging.summary(judged, np.random.default_rng(seed))
    chance, stay = judged[judging.OWN_PAST].to_numpy(), judged["stay"].to_numpy()
    fifths = judging.calibration(chance, stay).to_dicts()
    brier, constant = judging.brier(chance, stay), judging.brier(np.full(len(stay), stay.mean()), stay)
    if as_json:
        print_json({"rankers": rows, "calibration": fifths, "brier": brier, "brier of the share that stayed": constant})
        return
    _show(rows, f"songs that were new: {len(stay):,}, of which {stay.mean():.1%} stayed")
    _show(
        fifths, f"chances given, by fifths (Brier {brier:.4f}; the share that stayed, known beforehand: {constant:.4f})"
    )


def _plays(history: Path) -> tuple[Plays, pl.DataFrame]:
    from spotify_ai_pipeline.evaluation.backtest import clean_history

    clean = clean_history(read_history(history))
    if not clean.height:
        raise UserError(f"{history}: holds no play of 30 seconds or more")
    songs = clean.group_by("song_id", maintain_order=True).agg(pl.first("artist"))
    songs = songs.with_columns(artist_key=pl.col("artist").str.to_lowercase())
    return Plays.of(clean, songs["song_id"]), songs


def _with_features(songs: pl.DataFrame, file: Path) -> pl.DataFrame:
    """``songs`` with tags and vectors where ``file`` knows them."""
    from spotify_ai_pipeline.music.embedding import AUDIO_COLUMNS
    from spotify_ai_pipeline.music.embedding.model import Inputs, Model

    known = read_parquet(file)
    if missing := {"artist", "title", *AUDIO_COLUMNS} - set(known.columns):
        raise UserError(f"{file}: no column {', '.join(sorted(missing))}")
    name = pl.col("artist").str.to_lowercase() + "\t" + pl.col("title").str.to_lowercase()
    known = known.with_columns(song_id=name).unique("song_id", keep="first", maintain_order=True)
    words = [column for column in ("genres", "tags") if column in known.columns]
    said = pl.concat_str(words, separator=",", ignore_nulls=True) if words else pl.lit("")
    mine = songs.select("song_id").join(
        known.with_columns(tag=said.str.replace_all("|", ",", literal=True)), on="song_id"
    )
    split = (
        mine.select("song_id", pl.col("tag").str.split(","))
        .explode("tag")
        .with_columns(pl.col("tag").str.strip_chars())
    )
    tags = split.filter(pl.col("tag") != "").unique(maintain_order=True).with_columns(weight=pl.lit(1.0))
    content = Inputs(songs.select("song_id", "artist_key"), mine.select("song_id", *AUDIO_COLUMNS), tags)
    features = Workspace.open().settings.features
    vectors = Model.fit(content, features).embed(content, features).select("song_id", "vector")
    listed = tags.group_by("song_id").agg(tags=pl.struct("tag", "weight"))
    return songs.join(listed, on="song_id", how="left", maintain_order="left").join(
        vectors, on="song_id", how="left", maintain_order="left"
    )


def _middle(plays: Plays) -> float:
    return float(plays.at[len(plays.at) // 2])


def _show(rows: list[dict[str, object]], title: str) -> None:
    shown = table(*rows[0], title=title, right=tuple(rows[0])[1:])
    for row in rows:
        shown.add_row(*(f"{value:.3f}" if isinstance(value, float) else str(value) for value in row.values()))
    console.print(shown)
