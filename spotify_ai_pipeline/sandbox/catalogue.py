"""The music of a world: tracks, albums and artists by id and by name, their tags and their neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from .schema import FEATURES


class Lookup:
    """Key -> row numbers, built once from one pass over a column.

    `frame` has the columns `key` (str) and `row` (int), in the order the rows shall have within a key.
    """

    def __init__(self, frame: pl.DataFrame) -> None:
        grouped = frame.drop_nulls("key").group_by("key", maintain_order=True).agg("row")
        self._at = {key: at for at, key in enumerate(grouped["key"].to_list())}
        self._rows = grouped["row"]

    def rows(self, key: str) -> list[int]:
        """The rows of `key`, empty when it is unknown."""
        at = self._at.get(key)
        return [] if at is None else self._rows[at].to_list()

    def first(self, key: str) -> int | None:
        """The first row of `key`, None when it is unknown."""
        rows = self.rows(key)
        return rows[0] if rows else None


class Catalogue:
    """Read-only. Tracks and artists are row numbers of the frames inside; a page of rows comes out as dicts."""

    def __init__(self, tables: dict[str, pl.DataFrame]) -> None:
        self.tracks = tables["catalogue"]
        self.artists = tables["artists"]
        self._tags = tables["tags"]
        self._similar = tables["similar"]
        self.row_of = _rows_by_id(self.tracks["id"])
        self.artist_row_of = _rows_by_id(self.artists["id"])

    def __len__(self) -> int:
        return len(self.tracks)

    def get(self, rows: Sequence[int]) -> list[dict[str, Any]]:
        """The tracks of `rows`, as dicts by column."""
        return self.tracks[rows].to_dicts() if len(rows) else []

    def get_artists(self, rows: Sequence[int]) -> list[dict[str, Any]]:
        """The artists of `rows`, as dicts by column."""
        return self.artists[rows].to_dicts() if len(rows) else []

    @cached_property
    def popularity(self) -> np.ndarray:
        """Popularity of every track, 0..100."""
        return self.tracks["popularity"].to_numpy()

    @cached_property
    def albums(self) -> Lookup:
        """Album id -> tracks in album order."""
        frame = self.tracks.select(pl.col("album_id").alias("key"), "disc_number", "track_number").with_row_index("row")
        return Lookup(frame.sort("disc_number", "track_number", maintain_order=True))

    @cached_property
    def by_artist(self) -> Lookup:
        """Artist id -> tracks, most popular first."""
        frame = self.tracks.select(pl.col("artist_ids").alias("key"), "popularity").with_row_index("row")
        return Lookup(frame.sort("popularity", descending=True, maintain_order=True).explode("key"))

    @cached_property
    def by_isrc(self) -> Lookup:
        """ISRC -> tracks."""
        return self._by("isrc")

    @cached_property
    def by_mbid(self) -> Lookup:
        """MusicBrainz recording -> tracks."""
        return self._by("mbid")

    @cached_property
    def by_reccobeats_id(self) -> Lookup:
        """ReccoBeats UUID -> tracks."""
        return self._by("reccobeats_id")

    @cached_property
    def by_name(self) -> Lookup:
        """`name_key(artist, title)` -> tracks, most popular first. Artists that share a name share their songs here."""
        keys = pl.concat_str(pl.col("artist_names").list.first(), pl.col("name"), separator="\n").str.to_lowercase()
        frame = self.tracks.select(keys.alias("key"), "popularity").with_row_index("row")
        return Lookup(frame.sort("popularity", descending=True, maintain_order=True))

    @cached_property
    def artists_by_name(self) -> Lookup:
        """Lower-case name -> artists, most popular first."""
        frame = self.artists.select(pl.col("name").str.to_lowercase().alias("key"), "popularity").with_row_index("row")
        return Lookup(frame.sort("popularity", descending=True, maintain_order=True))

    @cached_property
    def artists_by_mbid(self) -> Lookup:
        """MusicBrainz artist -> artists."""
        return Lookup(self.artists.select(pl.col("mbid").alias("key")).with_row_index("row"))

    @cached_property
    def features(self) -> tuple[np.ndarray, np.ndarray]:
        """Rows with audio features (k,) and the features in standard units (k, 11)."""
        rows = np.flatnonzero(self.tracks["reccobeats_id"].is_not_null().to_numpy())
        values = self.tracks.select(list(FEATURES))[rows].to_numpy().astype(np.float32)
        return rows, (values - values.mean(axis=0)) / (values.std(axis=0) + 1e-6)

    def tags(self, kind: str, key: str) -> list[tuple[str, int]]:
        """Tags and counts (0..100) of an artist or track id, heaviest first."""
        return self._pairs(self._tags, self._tag_rows, kind, key)

    @property
    def tagged_tracks(self) -> list[str]:
        """Ids of the tracks that have tags of their own."""
        return [key for kind, key in self._tag_rows if kind == "track"]

    def similar(self, kind: str, key: str) -> list[tuple[str, float]]:
        """Ids and matches (0..1) near an artist or track id, nearest first."""
        return self._pairs(self._similar, self._similar_rows, kind, key)

    @cached_property
    def _tag_rows(self) -> dict[tuple[str, str], int]:
        return _rows_by_kind(self._tags)

    @cached_property
    def _similar_rows(self) -> dict[tuple[str, str], int]:
        return _rows_by_kind(self._similar)

    @staticmethod
    def _pairs(frame: pl.DataFrame, rows: dict[tuple[str, str], int], kind: str, key: str) -> list[tuple[str, Any]]:
        row = rows.get((kind, key))
        if row is None:
            return []
        _, _, names, values = frame.row(row)
        return list(zip(names, values, strict=True))

    def _by(self, column: str) -> Lookup:
        return Lookup(self.tracks.select(pl.col(column).alias("key")).with_row_index("row"))


def name_key(artist: str, title: str) -> str:
    """The key of `Catalogue.by_name`."""
    return f"{artist}\n{title}".lower()


def _rows_by_id(ids: pl.Series) -> dict[str, int]:
    return {key: row for row, key in enumerate(ids.to_list())}


def _rows_by_kind(frame: pl.DataFrame) -> dict[tuple[str, str], int]:
    return {key: row for row, key in enumerate(frame.select("kind", "id").rows())}
