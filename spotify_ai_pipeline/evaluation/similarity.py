"""A measure of whether songs that are near in a space of vectors share a genre, and are played together."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from spotify_ai_pipeline.evaluation.catalogues import as_inputs, match_history, split_tags
from spotify_ai_pipeline.music.embedding.feature_blocks import AUDIO_COLUMNS, Matrix, unit
from spotify_ai_pipeline.music.embedding.model import Inputs, Model
from spotify_ai_pipeline.music.plays.play_counts import SESSION_GAP
from spotify_ai_pipeline.settings import Features

PAIRS_PER_SESSION = 20
NEIGHBOURS = 10
ROWS_AT_ONCE = 2_000
TAGS_SEEN = ("as they are", "none that names a genre", "none with a word of a genre")

Ints = NDArray[np.int64]


def judge_genres(songs: pl.DataFrame, count: int, seed: int, features: Features) -> list[dict[str, object]]:
    """Tells whether near songs share a genre, on ``count`` songs of a catalogue: a row for each way to see the tags and
    each neighbourhood (all songs, other artists' songs)."""
    labelled = songs.filter(pl.col("genres").is_not_null() & pl.col("tags").is_not_null())
    drawn = labelled.sample(min(count, labelled.height), seed=seed)
    genres = [{one.split("/")[0].strip().casefold() for one in text.split("|")} for text in drawn["genres"]]
    names = sorted(set[str]().union(*genres))
    tags, rows = split_tags(drawn), list[dict[str, object]]()
    for seen in TAGS_SEEN:
        left = tags if seen == TAGS_SEEN[0] else unrevealing(tags, names, strict=seen == TAGS_SEEN[2])
        compared = spaces(as_inputs(drawn, left), features)
        for whose, artists in (("all songs", None), ("other artists", drawn["artist"])):
            shares = {name: genre_share(space, genres, artists) for name, space in compared.items()}
            rows.append({"tags": seen, "neighbours": whose, "songs": drawn.height, **shares})
    return rows


def judge_sessions(songs: pl.DataFrame, file: Path, seed: int, features: Features) -> list[dict[str, object]]:
    """Tells whether songs of a catalogue that ``file`` holds one session of are nearer than random pairs: a row for
    pairs of all songs, and one for pairs of other artists' songs."""
    heard, known = match_history(songs, file)
    same, apart = session_pairs(
        known["row"].to_numpy().astype(np.int64), known["ts"].to_numpy().astype(float), np.random.default_rng(seed)
    )
    compared = spaces(as_inputs(heard, split_tags(heard)), features)
    rows = list[dict[str, object]]()
    for whose in ("all songs", "other artists"):
        if whose == "other artists":
            same, apart = (other_artists(pairs, heard["artist"]) for pairs in (same, apart))
        aucs = {name: pair_auc(space, same, apart) for name, space in compared.items()}
        rows.append({"history": file.stem, "pairs of": whose, "pairs": len(same), **aucs})
    return rows


def spaces(known: Inputs, features: Features) -> dict[str, Matrix]:
    """Vectors of the same songs, unit length, in the spaces to compare; every song's audio must be known.

    The plan's concatenation has a column a tag, holding its weight, beside the z-scores.
    """
    scores = _z_scores(known)
    tags = known.of_songs
    words = tags["tag"].unique().sort()
    places = known.songs.select("song_id").with_row_index("row")
    columns = pl.DataFrame({"tag": words}, schema={"tag": pl.String}).with_row_index("column")
    entries = tags.join(places, on="song_id").join(columns, on="tag")
    one_hot = np.zeros((known.songs.height, len(words)))
    one_hot[entries["row"].to_numpy(), entries["column"].to_numpy()] = entries["weight"].to_numpy()
    own = Model.fit(known, features).embed(known, features)["vector"].to_numpy()
    return {
        "audio z-scores": unit(scores),
        "z-scores beside one-hot tags": unit(np.hstack([scores, one_hot])),
        "song_embeddings": own,
    }


def genre_share(vectors: NDArray[np.floating], genres: list[set[str]], artists: pl.Series | None = None) -> float:
    """The share of each song's ten nearest by cosine that have a genre of its own; songs of ``artists``' same one left out."""
    vectors = vectors.astype(np.float32)
    names = {name: place for place, name in enumerate(sorted(set[str]().union(*genres)))}
    has = np.zeros((len(genres), len(names)), np.bool_)
    for row, theirs in enumerate(genres):
        has[row, [names[name] for name in theirs]] = True
    who = None if artists is None else artists.rank("dense").to_numpy()
    shares: list[Matrix] = []
    for start in range(0, len(vectors), ROWS_AT_ONCE):
        rows = np.arange(start, min(start + ROWS_AT_ONCE, len(vectors)))
        near = vectors[rows] @ vectors.T
        near[np.arange(len(rows)), rows] = -np.inf
        if who is not None:
            near[who[rows, None] == who[None, :]] = -np.inf
        nearest = np.argpartition(-near, NEIGHBOURS, axis=1)[:, :NEIGHBOURS]
        shares.append((has[rows, None, :] & has[nearest]).any(axis=2).mean(axis=1))
    return float(np.concatenate(shares).mean())


def unrevealing(tags: pl.DataFrame, genres: Iterable[str], strict: bool) -> pl.DataFrame:
    """The tags without those that name a genre ("hip_hop" and "hip hop" alike); ``strict``: without any that holds a word
    of a genre's name ("punk_rock" of "rock")."""
    plain = pl.col("tag").str.to_lowercase().str.replace_all(r"[^a-z0-9]+", " ")
    names = {" ".join(_words(name)) for name in genres}
    if not strict:
        return tags.filter(~plain.is_in(names | {name.replace(" ", "") for name in names}))
    words = sorted({word for name in names for word in name.split()})
    return tags.filter(plain.str.split(" ").list.set_intersection(words).list.len() == 0)


def session_pairs(song: Ints, at: Matrix, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """(pairs of different songs of one session, pairs of different songs drawn at random from the plays), each (n, 2).

    ``song`` is a song's row for each play, ``at`` its time, in order (UTC seconds).
    """
    session = np.concatenate([[0], np.cumsum(np.diff(at) > SESSION_GAP)])
    together: list[Ints] = []
    for plays in np.split(song, np.flatnonzero(np.diff(session)) + 1):
        songs = np.unique(plays)
        if len(songs) > 1:
            draws = min(len(songs), PAIRS_PER_SESSION)
            together += [rng.choice(songs, 2, replace=False) for _ in range(draws)]
    same = np.array(together, np.int64).reshape(-1, 2)
    apart = rng.choice(song, same.shape)
    return same, apart[apart[:, 0] != apart[:, 1]]


def pair_auc(vectors: Matrix, same: Ints, apart: Ints) -> float:
    """Probability that a pair of one session is nearer than a random pair: the area under the ROC curve (Mann-Whitney)."""
    near = [np.einsum("ij,ij->i", vectors[pairs[:, 0]], vectors[pairs[:, 1]]) for pairs in (same, apart)]
    ranks = pl.Series(np.concatenate(near)).rank().to_numpy()
    below = ranks[: len(same)].sum() - len(same) * (len(same) + 1) / 2
    return float(below / (len(same) * len(apart)))


def other_artists(pairs: Ints, artists: pl.Series) -> Ints:
    """The pairs of songs by different artists."""
    who = artists.rank("dense").to_numpy()
    return pairs[who[pairs[:, 0]] != who[pairs[:, 1]]]


def _z_scores(known: Inputs) -> Matrix:
    values = known.audio_rows.select(AUDIO_COLUMNS).to_numpy().astype(np.float64)
    return (values - values.mean(axis=0)) / np.where(values.std(axis=0) > 0, values.std(axis=0), 1.0)


def _words(name: str) -> Collection[str]:
    return "".join(sign if sign.isalnum() else " " for sign in name.casefold()).split()
