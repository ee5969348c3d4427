"""The knowledge of songs from which vectors are made."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from spotify_ai_pipeline.music.embedding.feature_blocks import AUDIO_COLUMNS, Matrix, complete

AUDIO, TAGS, ARTIST, LYRICS, CLAP = BLOCKS = ("audio", "tags", "artist", "lyrics", "clap")


@dataclass(frozen=True)
class Inputs:
    """The knowledge of some songs: ``songs`` (song_id, artist_key), ``audio`` (song_id and the features), ``tags``
    (song_id, tag, weight), ``lyrics`` and ``clap``, which is the sound (song_id, vector: an array, null where unknown),
    None where there is no such source."""

    songs: pl.DataFrame
    audio: pl.DataFrame
    tags: pl.DataFrame
    lyrics: pl.DataFrame | None = None
    clap: pl.DataFrame | None = None

    @cached_property
    def audio_rows(self) -> pl.DataFrame:
        return self.songs.select("song_id").join(self.audio, on="song_id", how="left", maintain_order="left")

    @cached_property
    def of_songs(self) -> pl.DataFrame:
        """Tags of these songs alone."""
        return self.tags.filter(pl.col("weight") > 0).join(self.songs, on="song_id", how="semi")

    def vectors(self, name: str) -> Matrix:
        """Rows of another model's vectors, NaN where unknown, shape (songs, d); d is 0 where there is no such source."""
        table: pl.DataFrame | None = getattr(self, name)
        known = None if table is None else table.drop_nulls("vector").join(self.songs, on="song_id", how="semi")
        if known is None or known.is_empty():
            return np.full((self.songs.height, 0), np.nan)
        rows = known.join(self.songs.with_row_index("row"), on="song_id")
        vectors = np.array(rows["vector"].to_list(), np.float64)
        whole = np.full((self.songs.height, vectors.shape[1]), np.nan)
        whole[rows["row"].to_numpy()] = vectors
        return whole

    def counts(self) -> dict[str, int]:
        """Songs of which each source knows something."""
        heard = self.audio_rows.select(pl.any_horizontal(pl.col(AUDIO_COLUMNS).is_not_null())).to_series()
        foreign = {name: int(complete(self.vectors(name)).sum()) for name in (LYRICS, CLAP)}
        return {AUDIO: int(heard.sum()), TAGS: self.of_songs["song_id"].n_unique()} | foreign
