"""Cycling: which songs the listener has turned down so often that leaving the library should be proposed.

A verdict other than an approval turns a song down. What was turned down ``blacklist_threshold`` times in a row is proposed
for removal: a song by the verdicts on it, and the songs of an artist by as many of them turned down, each counted once. An
approval, or a play after the first of those verdicts, ends the row.
"""

from __future__ import annotations

import polars as pl

from spotify_ai_pipeline.music.ties import drawn

APPROVALS = ("approve", "more", "keep")


def to_remove(verdicts: pl.DataFrame, songs: pl.DataFrame, threshold: int) -> pl.DataFrame:
    """Rows of ``songs`` (song_id, artist_key, in_library, last_played, ...) to propose, the longest row first, with
    ``turned_down`` (verdicts in a row) and ``reason``.

    ``verdicts`` (song_id, verdict, said_at) are all that was ever said, UTC times.
    """
    said = verdicts.join(songs.select("song_id", "artist_key"), on="song_id")
    by_song = _rows(said, "song_id", pl.len(), threshold)
    by_artist = _rows(said, "artist_key", pl.n_unique("song_id"), threshold)
    found = [
        songs.join(by_song, on="song_id").with_columns(what=pl.lit("you turned it down")),
        songs.join(by_artist, on="artist_key").with_columns(what=pl.lit("you turned down songs of this artist")),
    ]
    unheard = pl.col("last_played").is_null() | (pl.col("last_played") < pl.col("since"))
    return (
        pl.concat(found)
        .filter("in_library", unheard)
        .sort("turned_down", drawn(), descending=[True, False])
        .unique("song_id", keep="first", maintain_order=True)
        .with_columns(reason=pl.format("{} {} times in a row: keep it in your library?", "what", "turned_down"))
        .drop("what", "since")
    )


def _rows(said: pl.DataFrame, key: str, count: pl.Expr, threshold: int) -> pl.DataFrame:
    """``key``, ``turned_down`` (its ``count``) and ``since`` (the first of the row) of what ends in a row of ``threshold``."""
    ordered = said.sort("said_at", maintain_order=True)
    approvals_after = pl.col("verdict").is_in(APPROVALS).cum_sum(reverse=True).over(key)
    row = ordered.filter(approvals_after == 0).group_by(key)
    return row.agg(turned_down=count, since=pl.first("said_at")).filter(pl.col("turned_down") >= threshold)
