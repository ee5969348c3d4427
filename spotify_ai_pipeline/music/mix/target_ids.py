"""Ids of songs on what holds the lists: Spotify's own, MusicBrainz recordings on ListenBrainz, whatever is known in a file.

A decision, an edit script and the log of refreshes name songs by these ids and know nothing of where they come from.
"""

from __future__ import annotations

import polars as pl

from spotify_ai_pipeline.music.sieve import mbid, spotify_id

SPOTIFY, LISTENBRAINZ, FILE = "spotify", "listenbrainz", "file"

LACKS = {
    SPOTIFY: "no Spotify id is known of it",
    LISTENBRAINZ: "no MusicBrainz recording is known of it",
    FILE: "it has no id",
}
"""Why a target cannot hold a song."""


def with_target_ids(songs: pl.DataFrame, target: str) -> pl.DataFrame:
    """``songs`` (song_id, track_id, mbid and, where there are several, track_ids) named as ``target`` names them: ``track_id`` is
    null for a song that it cannot hold, ``track_ids`` are all of its ids there. No id names two songs."""
    if target == SPOTIFY:
        return songs
    recording = pl.when(pl.col("mbid").is_first_distinct()).then("mbid")
    if target == LISTENBRAINZ:
        named = songs.with_columns(track_id=recording)
        return named.with_columns(track_ids=pl.concat_list("track_id").list.drop_nulls())
    own = pl.col("track_ids") if "track_ids" in songs.columns else pl.concat_list("track_id")
    every = pl.concat_list(own, recording, pl.col("song_id")).list.drop_nulls().list.unique(maintain_order=True)
    return songs.with_columns(track_ids=every).with_columns(
        track_id=pl.coalesce("track_id", pl.col("track_ids").list.first())
    )


def is_spotify_id(song: str) -> bool:
    return spotify_id(song) == song


def link_of(song: str) -> str:
    """The address at which a song with this id can be looked at; empty where the id says nothing to anybody else."""
    if is_spotify_id(song):
        return f"https://open.spotify.com/track/{song}"
    return f"https://musicbrainz.org/recording/{song}" if mbid(song) == song else ""
