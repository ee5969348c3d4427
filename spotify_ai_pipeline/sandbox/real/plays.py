"""Reading a listening history, whichever of its two usual shapes it has."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from ..errors import WorldError
from ..schema import read_columns, read_names

WEEK = 7 * 86_400
_OPTIONAL = ["ms_played", "album", "track_mbid", "artist_mbid"]


def read(path: Path) -> pl.DataFrame:
    """Plays, oldest first: started (unix s), artist, track, album, track_mbid, artist_mbid, ms_played, song.

    A null `ms_played` is unknown, a text that is unknown is blank. `song` is the case-folded artist and title by
    which a song is known. Raises WorldError.
    """
    found = read_names(path)
    time = next((name for name in ("ts", "uts") if name in found), None)
    if time is None or not {"artist", "track"} <= set(found):
        raise WorldError(
            f"{path} lacks columns of a history (needs ts or uts, artist, track; found {', '.join(found)})"
            ": name a file that has them."
        )
    frame = read_columns(path, [time, "artist", "track", *(name for name in _OPTIONAL if name in found)])
    if not frame.schema[time].is_integer():
        raise WorldError(
            f"{path} has {frame.schema[time]} in {time}, whole UTC seconds are needed: convert the column."
        )
    absent = [
        pl.lit(None, pl.Int64 if name == "ms_played" else pl.String).alias(name)
        for name in _OPTIONAL
        if name not in found
    ]
    plays = (
        frame.with_columns(absent)
        .select(
            pl.col(time).cast(pl.Int64).alias("started"),
            pl.col("artist", "track", "album", "track_mbid", "artist_mbid").cast(pl.String).fill_null(""),
            pl.col("ms_played").cast(pl.Int64, strict=False),
        )
        .filter(pl.col("started").is_not_null() & (pl.col("artist") != "") & (pl.col("track") != ""))
        .with_columns(song=song_key("artist", "track"))
        .sort("started", maintain_order=True)
    )
    if plays.is_empty():
        raise WorldError(f"{path} holds no plays with a time, an artist and a track: name a file that does.")
    return plays


def song_key(artist: str, title: str) -> pl.Expr:
    """Case-folded artist and title of two columns."""
    return pl.concat_str(pl.col(artist).str.to_lowercase(), pl.col(title).str.to_lowercase(), separator="\n")


def shift_weeks(plays: pl.DataFrame, now: int) -> int:
    """Whole weeks by which the plays move so that the last of them falls in the 7 days before `now` (unix s)."""
    return (now - int(plays["started"][-1])) // WEEK


def with_lengths(plays: pl.DataFrame, durations: pl.DataFrame) -> pl.DataFrame:
    """Plays with `track_id` and no `ms_played` missing: where it is, the song is taken to have run until the next.

    `durations` has song, track_id, duration_ms.
    """
    until_next = (pl.col("started").shift(-1) - pl.col("started")) * 1000
    heard = pl.min_horizontal("duration_ms", pl.when(until_next >= 30_000).then(until_next))
    joined = plays.join(durations, on="song", how="left", maintain_order="left")
    return joined.with_columns(pl.col("ms_played").fill_null(pl.max_horizontal(heard, 30_000)))
