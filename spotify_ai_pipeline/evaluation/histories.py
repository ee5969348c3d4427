"""Listening histories that a person names, read from Parquet files. An error says what is wrong with the file."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.evaluation.backtest import clean_history
from spotify_ai_pipeline.music.plays.play_counts import Plays

NEEDED = ("ts", "artist", "track")
SPELLINGS = ("artist", "track", "artist_uncorrected", "track_uncorrected")


def read_parquet(file: Path) -> pl.DataFrame:
    """The table in ``file``. Raises ``UserError`` where there is none."""
    try:
        return pl.read_parquet(file)
    except FileNotFoundError:
        raise UserError(f"{file}: there is no such file") from None
    except (pl.exceptions.PolarsError, OSError) as error:
        raise UserError(f"{file}: cannot be read as Parquet ({str(error).splitlines()[0]})") from None


def read_history(file: Path) -> pl.DataFrame:
    """The plays in ``file``: ts, artist, track[, ms_played]. Raises ``UserError`` where the file is not such a table."""
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


def read_listeners(file: Path) -> dict[str, pl.DataFrame]:
    """The clean plays in ``file`` by listener; one whose file has no column ``listener`` is called by the empty name."""
    frame = read_history(file)
    if "listener" not in frame.columns:
        return {"": clean_history(frame)}
    parts = frame.partition_by("listener", as_dict=True, maintain_order=True, include_key=False)
    return {str(name): clean_history(part) for (name,), part in parts.items()}


def read_clean_history(file: Path) -> pl.DataFrame:
    """The same as ``clean_history`` leaves it. Raises ``UserError`` where no real play is left."""
    clean = clean_history(read_history(file))
    if not clean.height:
        raise UserError(f"{file}: holds no play of 30 seconds or more")
    return clean


def read_plays(file: Path) -> tuple[Plays, pl.DataFrame]:
    """(the plays in ``file``, its songs by number: song_id, artist, artist_key)."""
    clean = read_clean_history(file)
    songs = clean.group_by("song_id", maintain_order=True).agg(pl.first("artist"))
    songs = songs.with_columns(artist_key=pl.col("artist").str.to_lowercase())
    return Plays.of(clean, songs["song_id"]), songs


def read_spellings(file: Path) -> pl.DataFrame:
    """The names of each play in ``file``, as they were scrobbled and as the service corrected them: artist, title,
    artist_uncorrected, title_uncorrected."""
    frame = read_parquet(file)
    if missing := [column for column in SPELLINGS if frame.schema.get(column) != pl.String]:
        raise UserError(
            f"{file}: no text column {' or '.join(missing)}; needed are {', '.join(SPELLINGS)}, "
            f"found are {', '.join(frame.columns)}"
        )
    named = frame.select(SPELLINGS).drop_nulls()
    return named.rename({"track": "title", "track_uncorrected": "title_uncorrected"})
