"""`spotify-ai evaluate similarity`: whether near songs are of one genre and of one session."""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np
import polars as pl

from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.evaluation import similarity as judge
from spotify_ai_pipeline.interfaces.cli.console import console, plain, print_json, table
from spotify_ai_pipeline.interfaces.cli.files import read_parquet
from spotify_ai_pipeline.music.embedding import AUDIO_COLUMNS
from spotify_ai_pipeline.music.embedding.model import Inputs
from spotify_ai_pipeline.settings import Features
from spotify_ai_pipeline.storage.workspace import Workspace

NEEDED = ("title", "artist", "genres", "tags", *AUDIO_COLUMNS)
TAGS_SEEN = ("as they are", "none that names a genre", "none with a word of a genre")


@click.command()
@click.option(
    "--catalogue",
    type=click.Path(path_type=Path),
    required=True,
    help="Parquet file of songs: title, artist, the nine audio features, genres (a|b) and tags (a, b).",
)
@click.option(
    "--history",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Parquet file of plays (ts or uts, artist, track[, ms_played]); may be given more than once.",
)
@click.option(
    "--songs", default=12_000, show_default=True, type=click.IntRange(100), help="Number of songs to draw for genres."
)
@click.option("--seed", default=1, show_default=True, help="Seed of the draws.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON, for scripts.")
def similarity(catalogue: Path, history: tuple[Path, ...], songs: int, seed: int, as_json: bool) -> None:
    """Measure how well near songs share a genre that the vectors do not see, and a listening session.

    Beside each figure stand those of audio features alone, and of audio features with one-hot tags.
    """
    features = Workspace.open().settings.features
    known = _catalogue(catalogue)
    found = {"genres": _genres(known, songs, seed, features), "sessions": []}
    for file in history:
        found["sessions"] += _sessions(known, file, seed, features)
    if as_json:
        print_json(found)
        return
    for title, rows in (
        ("same genre among the ten nearest", found["genres"]),
        ("songs of one session nearer than random pairs (AUC)", found["sessions"]),
    ):
        if rows:
            shown = table(*rows[0], title=title, right=tuple(rows[0])[1:])
            for row in rows:
                shown.add_row(*(f"{cell:.3f}" if isinstance(cell, float) else plain(cell) for cell in row.values()))
            console.print(shown)


def _genres(songs: pl.DataFrame, count: int, seed: int, features: Features) -> list[dict[str, object]]:
    """A row for each way to see the tags and each neighbourhood (all songs, other artists' songs)."""
    labelled = songs.filter(pl.col("genres").is_not_null() & pl.col("tags").is_not_null())
    drawn = labelled.sample(min(count, labelled.height), seed=seed)
    genres = [{one.split("/")[0].strip().casefold() for one in text.split("|")} for text in drawn["genres"]]
    names = sorted(set().union(*genres))
    tags, rows = _tags(drawn), []
    for seen in TAGS_SEEN:
        left = tags if seen == TAGS_SEEN[0] else judge.unrevealing(tags, names, strict=seen == TAGS_SEEN[2])
        with console.status(f"songs by genre, tags {seen}"):
            spaces = judge.spaces(_known(drawn, left), features)
            for whose, artists in (("all songs", None), ("other artists", drawn["artist"])):
                shares = {name: judge.genre_share(space, genres, artists) for name, space in spaces.items()}
                rows.append({"tags": seen, "neighbours": whose, "songs": drawn.height} | shares)
    return rows


def _sessions(songs: pl.DataFrame, file: Path, seed: int, features: Features) -> list[dict[str, object]]:
    heard, known = _heard(songs, file)
    same, apart = judge.session_pairs(
        known["row"].to_numpy().astype(np.int64), known["ts"].to_numpy().astype(float), np.random.default_rng(seed)
    )
    with console.status(f"sessions of {file.name}"):
        spaces = judge.spaces(_known(heard, _tags(heard)), features)
    rows = []
    for whose in ("all songs", "other artists"):
        if whose == "other artists":
            same, apart = (judge.other_artists(pairs, heard["artist"]) for pairs in (same, apart))
        aucs = {name: judge.pair_auc(space, same, apart) for name, space in spaces.items()}
        rows.append({"history": file.stem, "pairs of": whose, "pairs": len(same)} | aucs)
    return rows


def heard_vectors(catalogue: Path, history: Path, features: Features) -> tuple[judge.Matrix, judge.Matrix]:
    """The plays of ``history`` that are in the catalogue: their times (UTC seconds, in order) and the vectors of their songs."""
    heard, known = _heard(_catalogue(catalogue), history)
    vectors = judge.spaces(_known(heard, _tags(heard)), features)["song_embeddings"]
    return known["ts"].to_numpy().astype(float), vectors[known["row"].to_numpy()].astype(float)


def _heard(songs: pl.DataFrame, file: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(songs of the catalogue that were played, with ``row``; plays of them in order of time, with ``ts`` and ``row``)."""
    plays = read_parquet(file)
    if "ms_played" in plays.columns:
        plays = plays.filter(pl.col("ms_played") >= 30_000)
    plays = plays.rename({"uts": "ts"} if "uts" in plays.columns else {}).rename({"track": "title"})
    heard = songs.join(plays.select(_name()).unique(), on="name", how="semi").with_row_index("row")
    known = plays.with_columns(_name()).join(heard.select("name", "row"), on="name").sort("ts", "row")
    if known.height < 2:
        raise UserError(f"{file}: none of its plays is in the catalogue; artist and track must be spelled alike")
    return heard, known


def _catalogue(file: Path) -> pl.DataFrame:
    frame = read_parquet(file)
    if missing := [column for column in NEEDED if column not in frame.columns]:
        raise UserError(f"{file}: no column {' or '.join(missing)}; found are {', '.join(frame.columns)}")
    named = frame.select(NEEDED).with_columns(_name()).unique("name", keep="first", maintain_order=True)
    return named.drop_nulls(AUDIO_COLUMNS).with_columns(song_id=pl.col("name"))


def _known(songs: pl.DataFrame, tags: pl.DataFrame) -> Inputs:
    return Inputs(songs.select("song_id", pl.col("artist").str.to_lowercase().alias("artist_key")), songs, tags)


def _tags(songs: pl.DataFrame) -> pl.DataFrame:
    """A row a tag of a song: song_id, tag, weight."""
    split = songs.select("song_id", pl.col("tags").str.split("|").list.join(",").str.split(",").alias("tag"))
    words = split.explode("tag").with_columns(pl.col("tag").str.strip_chars()).filter(pl.col("tag") != "")
    return words.unique(maintain_order=True).with_columns(weight=pl.lit(1.0))


def _name() -> pl.Expr:
    return pl.concat_str(pl.col("artist", "title").str.to_lowercase(), separator="\t").alias("name")
