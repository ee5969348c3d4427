"""The columns of the tables that functions of ``music`` give and that the lake keeps.

They lie apart from the functions, so that the register of datasets imports no more than Polars: every command reads it.
"""

from __future__ import annotations

import polars as pl

Table = dict[str, pl.DataType]

MOMENT = pl.Datetime("ms", "UTC")
DIMENSIONS = 3
"""Dimensions of the clustered space: two tear groups apart, more make density fade (bench/clusters.py)."""
SPEEDS = 8
"""Number of half-lives with which a song's activation fades."""

CLUSTERS: Table = {
    "song_id": pl.String(),
    "cluster_id": pl.Int64(),
    "parent_cluster_id": pl.Int64(),
    "core": pl.Boolean(),
    "x": pl.Float32(),
    "y": pl.Float32(),
    "place": pl.Array(pl.Float32, DIMENSIONS),
    "laid_out": pl.Boolean(),
    "clustered_at": MOMENT,
    "how": pl.String(),
    "made_with": pl.String(),
    "agreement": pl.Float64(),
}
LEADS: Table = {
    "source": pl.String(),
    "artist": pl.String(),
    "title": pl.String(),
    "track_id": pl.String(),  # null where the source knows none
    "mbid": pl.String(),  # MusicBrainz recording
    "strength": pl.Float64(),  # how sure the source is, 0 to 1
    "because": pl.String(),  # what it is led by: a song, an artist, a friend, a tag; empty where it says nothing
    "seed": pl.String(),  # the listener's song that led there, where it was one
    "found_at": MOMENT,
}
LINKS: Table = {
    "song_id": pl.String(),
    "key": pl.String(),  # of the spelling that was asked about
    "track_id": pl.String(),  # null: nobody knew it
    "source": pl.String(),  # labs | search
    "evidence": pl.String(),
    "isrc": pl.String(),
    "duration_ms": pl.Int64(),
    "labs_asked_at": MOMENT,
    "search_asked_at": MOMENT,
}
MEMBERS: Table = {
    "song_id": pl.String(),
    "kind": pl.String(),  # track | spelling
    "member": pl.String(),  # Spotify id, or the key of the spelling
    "artist": pl.String(),
    "title": pl.String(),
    "plays": pl.Int64(),  # of a spelling as scrobbled; null for a track
    "rule": pl.String(),  # first | override | link | isrc | name | artist | form | typo | credit
    "evidence": pl.String(),
    "score": pl.Float64(),  # similarity of the titles, 0 to 1; null where none was computed
    "near": pl.String(),  # song that an unresolved spelling is most like
    "near_evidence": pl.String(),  # and why it is not taken for it
    "near_score": pl.Float64(),
}
TRIALS: Table = {
    "song_id": pl.String(),
    "track_id": pl.String(),
    "title": pl.String(),
    "artist": pl.String(),
    "artist_key": pl.String(),
    "score": pl.Float64(),
    "reason": pl.String(),
}
"""Songs on trial: candidates of the discovery slot. Scores are compared with each other alone."""
CARD: Table = {
    "week": pl.Date(),  # its Monday, in the listener's time zone
    "plays": pl.Int64(),
    "held": pl.Int64(),  # of these, on the list; and on the list by recency
    "held_by_recency": pl.Int64(),
    "brought_back": pl.Int64(),
    "kept": pl.Int64(),  # null while 30 days are not over
    "quiet": pl.Int64(),  # songs that were quiet when the week began, and those heard within 30 days
    "quiet_heard": pl.Int64(),
    "new": pl.Int64(),
    "new_known": pl.Int64(),  # new songs of which it is known whether they stayed
    "new_stayed": pl.Int64(),
    "found": pl.Int64(),  # songs first heard that were not on the list, of which it is known
    "found_stayed": pl.Int64(),
}
PLAY: Table = {
    "source": pl.String(),
    "played_at": MOMENT,  # the start; as stamped where the source does not say whether it stamps start or end
    "artist": pl.String(),
    "title": pl.String(),
    "album": pl.String(),
    "track_id": pl.String(),  # Spotify's
    "track_mbid": pl.String(),
    "ms_played": pl.Int64(),
    "duration_ms": pl.Int64(),
    "ended_by": pl.String(),  # Spotify's reason_end
    "device": pl.String(),
    "playlist_id": pl.String(),  # the list it was played from
    "private": pl.Boolean(),  # a private session
}
ACTIVATION: Table = {
    "song_id": pl.String(),
    "plays": pl.Int64(),
    "first": pl.Float64(),
    "last": pl.Float64(),
    "kept": pl.Array(pl.Float64, SPEEDS),
}
"""A row a song that was played: the arrays of ``Memory``."""
WEIGHTS: Table = {
    "habit": pl.String(),
    "term": pl.String(),
    "part": pl.String(),
    "weight": pl.Float64(),
    "mean": pl.Float64(),
    "base": pl.Float64(),
}
"""A model as a table: one row a term of a habit."""
