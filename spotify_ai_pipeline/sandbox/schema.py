"""The world on disk: `world.json` and one Parquet file a table. Every column is named here and nowhere else."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from .errors import WorldError

FORMAT = 1

_TEXTS = pl.List(pl.String)

FEATURES: dict[str, type[pl.DataType]] = {
    "acousticness": pl.Float64,  # 0..1
    "danceability": pl.Float64,  # 0..1
    "energy": pl.Float64,  # 0..1
    "instrumentalness": pl.Float64,  # 0..1
    "key": pl.Int64,  # pitch class 0..11, -1 = none found
    "liveness": pl.Float64,  # 0..1
    "loudness": pl.Float64,  # dB, about -60..0
    "mode": pl.Int64,  # 1 major, 0 minor
    "speechiness": pl.Float64,  # 0..1
    "tempo": pl.Float64,  # beats a minute
    "valence": pl.Float64,  # 0..1
}

TABLES: dict[str, dict[str, Any]] = {
    # one row a Spotify track id; two rows may share an ISRC (single and album)
    "catalogue": {
        "id": pl.String,  # 22 base-62 characters
        "name": pl.String,
        "artist_ids": _TEXTS,  # first = main artist
        "artist_names": _TEXTS,  # beside artist_ids
        "album_id": pl.String,
        "album": pl.String,
        "album_type": pl.String,  # album | single | compilation
        "release_date": pl.String,  # YYYY, YYYY-MM or YYYY-MM-DD
        "disc_number": pl.Int64,
        "track_number": pl.Int64,
        "duration_ms": pl.Int64,
        "isrc": pl.String,  # null = unknown
        "explicit": pl.Boolean,
        "popularity": pl.Int64,  # 0..100; ranks search, shown by no Spotify response
        "playable": pl.Boolean,  # false = taken down; still on playlists, not in search
        "mbid": pl.String,  # MusicBrainz recording; null = unknown
        "reccobeats_id": pl.String,  # null = ReccoBeats does not know the track
        **FEATURES,  # null where reccobeats_id is
    },
    # one row an artist id; several may share a name
    "artists": {
        "id": pl.String,
        "name": pl.String,
        "mbid": pl.String,  # null = unknown
        "genres": _TEXTS,
        "popularity": pl.Int64,  # 0..100
        "followed": pl.Boolean,  # by the listener
    },
    # one row a play of the listener, oldest first; those under 30 s are no scrobbles
    "plays": {
        "started": pl.Int64,  # unix seconds, UTC
        "track_id": pl.String,
        "ms_played": pl.Int64,
        "artist": pl.String,  # as scrobbled, which need not be the catalogue's spelling
        "track": pl.String,  # as scrobbled
        "album": pl.String,  # as scrobbled; "" = none
        "mbid": pl.String,  # as scrobbled; "" = none
        "artist_mbid": pl.String,  # as scrobbled; "" = none
    },
    "likes": {
        "track_id": pl.String,
        "added_at": pl.Int64,  # unix seconds
    },
    "playlists": {
        "id": pl.String,
        "name": pl.String,
        "description": pl.String,
        "owner_id": pl.String,
        "owner_name": pl.String,
        "public": pl.Boolean,
        "collaborative": pl.Boolean,
        "added_at": pl.Int64,  # created or followed, unix seconds
    },
    # in playlist order
    "playlist_items": {
        "playlist_id": pl.String,
        "kind": pl.String,  # track | local | episode | missing
        "track_id": pl.String,  # catalogue id, or the episode's id; null for local and missing
        "title": pl.String,  # of a local file or episode, else null
        "artist": pl.String,  # of a local file, the show of an episode, else null
        "added_at": pl.Int64,  # unix seconds
        "added_by": pl.String,  # user id
    },
    "friends": {
        "user": pl.String,  # Last.fm name
        "real_name": pl.String,
        "private": pl.Boolean,  # hides recent plays: error 17
        "now_playing": pl.String,  # track id; null = nothing
    },
    "friend_plays": {
        "user": pl.String,
        "started": pl.Int64,  # unix seconds
        "track_id": pl.String,
    },
    # crowd tags of Last.fm and ListenBrainz, heaviest first
    "tags": {
        "kind": pl.String,  # artist | track
        "id": pl.String,
        "tags": _TEXTS,
        "counts": pl.List(pl.Int64),  # 0..100, beside tags
    },
    # crowd similarity, nearest first
    "similar": {
        "kind": pl.String,  # artist | track
        "id": pl.String,
        "others": _TEXTS,  # ids of the same kind
        "matches": pl.List(pl.Float64),  # 0..1, beside others
    },
}


def table(name: str, columns: dict[str, Any]) -> pl.DataFrame:
    """A frame of the table `name` with its columns in order and in their types; absent ones raise KeyError."""
    return pl.DataFrame({column: _series(columns[column], dtype) for column, dtype in TABLES[name].items()})


def _series(values: Any, dtype: Any) -> pl.Series:
    """Values as a column. Lists go in flat and are regrouped, which is five times as fast as one by one."""
    if not isinstance(dtype, pl.List) or isinstance(values, pl.Series):
        return pl.Series(values, dtype=dtype)
    rows = np.repeat(np.arange(len(values)), [len(entry) for entry in values])
    flat = pl.Series([part for entry in values for part in entry], dtype=dtype.inner)
    grouped = pl.DataFrame({"row": rows, "value": flat}).group_by("row", maintain_order=True).agg("value")
    every = pl.DataFrame({"row": np.arange(len(values))}).join(grouped, on="row", how="left", maintain_order="left")
    return every["value"].fill_null(pl.Series([[]], dtype=dtype))


def write(folder: Path, tables: dict[str, pl.DataFrame], about: dict[str, Any]) -> None:
    """Writes all tables and `world.json` into the existing empty `folder`, synced to disk. OSError passes through."""
    for name, columns in TABLES.items():
        with (folder / f"{name}.parquet").open("wb") as file:
            tables[name].select(list(columns)).write_parquet(file, compression="zstd", compression_level=1)
            file.flush()
            os.fsync(file.fileno())
    (folder / "world.json").write_text(json.dumps(about, indent=1, ensure_ascii=False), encoding="utf-8")


def read_about(folder: Path) -> dict[str, Any]:
    """`world.json` of a world folder. Raises WorldError when there is none, or none that this program can read."""
    if not folder.is_dir():
        raise WorldError(
            f"There is no world folder {folder}: build one with `spotify-ai sandbox build --out {folder}`."
        )
    path = folder / "world.json"
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
        number, _ = about["format"], about["listener"]["id"]
    except FileNotFoundError:
        raise WorldError(f"{folder} is not a world, it has no world.json: build one there or name another.") from None
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise WorldError(f"{path} cannot be read as a world's description ({problem!r}): build it anew.") from None
    if number != FORMAT:
        raise WorldError(f"{path} has world format {number}, this program reads format {FORMAT}: build it anew.")
    return about


def read(folder: Path) -> dict[str, pl.DataFrame]:
    """All tables of a world folder. Raises WorldError for a missing or unreadable file or missing columns."""
    return {name: _read_table(folder / f"{name}.parquet", columns) for name, columns in TABLES.items()}


def _read_table(path: Path, columns: dict[str, Any]) -> pl.DataFrame:
    if not path.is_file():
        raise WorldError(f"The world lacks {path}: build it anew.")
    frame = read_columns(path, list(columns))
    try:
        return frame.select(pl.col(name).cast(dtype) for name, dtype in columns.items())
    except pl.exceptions.PolarsError as problem:
        first = str(problem).splitlines()[0]
        raise WorldError(f"{path} has a column of another type ({first}): build it anew.") from None


def read_columns(path: Path, needed: list[str]) -> pl.DataFrame:
    """The `needed` columns of a Parquet file. Raises WorldError naming the file, the columns needed, those found."""
    found = read_names(path)
    if missing := [c for c in needed if c not in found]:
        raise WorldError(
            f"{path} lacks {', '.join(missing)} (needs {', '.join(needed)}; found {', '.join(found) or 'none'})"
            ": name a file that has them."
        )
    try:
        return pl.read_parquet(path, columns=needed)
    except (OSError, pl.exceptions.PolarsError) as problem:
        raise _unreadable(path, problem) from None


def read_names(path: Path) -> list[str]:
    """The names of the columns of a Parquet file. Raises WorldError."""
    if not path.is_file():
        raise WorldError(f"There is no file {path}: name a Parquet file that exists.")
    try:
        return list(pl.read_parquet_schema(path))
    except (OSError, pl.exceptions.PolarsError) as problem:
        raise _unreadable(path, problem) from None


def _unreadable(path: Path, problem: Exception) -> WorldError:
    reason = (str(problem).splitlines() or [type(problem).__name__])[0]
    return WorldError(f"{path} cannot be read as Parquet ({reason}): replace it.")
