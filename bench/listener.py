"""A made-up listener of any size, on disk as the pipeline keeps one: songs, listens, embeddings and what plays left behind."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
from upath import UPath

from spotify_ai_pipeline.durations import DAY
from spotify_ai_pipeline.music.plays.play_counts import Plays
from spotify_ai_pipeline.music.taste import activation_store
from spotify_ai_pipeline.music.taste.activation import Memory
from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline.storage.lake import Lake

YEARS = 8
START = 1_500_000_000.0
NOW = START + YEARS * 365 * DAY
DIMENSIONS = 41
"""Of an embedding: nine of audio and 32 of tags."""

REST = "rest.json"


def lake(folder: Path) -> Lake:
    return Lake(UPath(folder), "bench")


def make(folder: Path, songs: int, listens: int) -> None:
    """Writes the listener: few songs played often, many seldom, in sittings of twelve songs; of a fifth of the plays it is
    known how much was heard."""
    rng = np.random.default_rng(1)
    sittings = np.sort(rng.uniform(START, NOW - DAY, listens // 12 + 1))
    at = np.sort((sittings[:, None] + 240 * np.arange(12)).ravel()[:listens])
    song = (rng.pareto(1.1, listens) * songs / 50).astype(np.int64) % songs
    number = pl.int_range(songs, eager=True)
    ids = pl.select(song_id=pl.format("song-{}", number.cast(pl.String).str.zfill(12))).to_series()
    artist = pl.Series(rng.integers(0, songs // 10, songs))
    place = lake(folder)
    table = pl.DataFrame({"song_id": ids}).with_columns(
        track_id=pl.format("track{}", number.cast(pl.String).str.zfill(17)),
        title=pl.format("Song {}", number),
        artist=pl.format("Artist {}", artist),
        artist_key=pl.format("artist {}", artist),
    )
    share = np.where(rng.random(listens) < 0.2, rng.random(listens), np.nan)
    heard = pl.DataFrame(
        {
            "song_id": ids.gather(song),
            "played_at": pl.Series((at * 1_000).astype(np.int64)).cast(pl.Datetime("ms", "UTC")),
            "completion": pl.Series(share).fill_nan(None),
            "skipped": pl.select(
                pl.when(pl.lit(pl.Series(~np.isnan(share)))).then(pl.lit(pl.Series(share < 0.5)))
            ).to_series(),
            "skip_confidence": pl.Series(np.where(np.isnan(share), np.nan, 0.9)).fill_nan(None),
        }
    )
    vectors = rng.normal(size=(songs, DIMENSIONS)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    place.write(table, datasets.SONGS)
    place.write(heard, datasets.LISTENS)
    place.write(pl.DataFrame({"song_id": ids, "vector": vectors}), datasets.SONG_EMBEDDINGS)


def keep_memory(folder: Path) -> None:
    """What the plays up to a week ago left behind, as the asset ``activations`` keeps it."""
    place = lake(folder)
    songs, listens = place.read(datasets.SONGS), place.read(datasets.LISTENS)
    memory = Memory.empty(songs.height).until(NOW - 7 * DAY, Plays.of(listens, songs["song_id"]))
    rest = json.dumps(activation_store.rest(memory, listens)).encode()
    place.write(activation_store.to_table(memory, songs["song_id"]), datasets.ACTIVATIONS, blobs={REST: rest})
