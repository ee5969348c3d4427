"""The columns: the types that datasets are made of, groups of columns that several share, and a glossary that says what
each column is wherever it stands.

A vector's width depends on the settings and on the fitted model, so its type here is an array of any width.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from spotify_ai_pipeline.storage.lake import ANY_WIDTH, Schema

TEXT, TEXTS, NUMBER, COUNT, FLAG = pl.String(), pl.List(pl.String()), pl.Float64(), pl.Int64(), pl.Boolean()
TIME = pl.Datetime("ms", "UTC")
VECTOR = pl.Array(pl.Float32(), ANY_WIDTH)
WEIGHTED_TAGS = pl.List(pl.Struct({"tag": pl.String(), "weight": pl.Float64()}))

AUDIO = (
    "danceability", "energy", "valence", "acousticness", "instrumentalness", "speechiness", "liveness", "loudness",
    "tempo", "key", "mode",
)  # fmt: skip
FROM_PROVIDER: Schema = {"source": TEXT, "retry_at": TIME}
"""What every row of a feature says of its origin."""
A_SONG: Schema = {"song_id": TEXT, "track_id": TEXT, "title": TEXT, "artist": TEXT}
A_LIST: Schema = {"position": COUNT, "track_id": TEXT}
A_DECISION: Schema = {
    "rank": COUNT, "slot": TEXT, "title": TEXT, "artist": TEXT, "score": NUMBER, "taste": NUMBER, "mood": NUMBER,
    "freshness": NUMBER, "reason": TEXT, "change": TEXT, "song_id": TEXT, "track_id": TEXT, "credits": TEXTS,
    "tired": FLAG, "occasion": TEXT, "may_change": COUNT, "on_list": TEXTS,
}  # fmt: skip

GLOSSARY: Mapping[str, str] = {
    "added_at": "When the song was added to the library",
    "agreement": "Share of songs that stayed in their cluster when the library was last laid out anew",
    "album": "Title of the album",
    "artist": "The main artist, as written",
    "artist_key": "The artist, however the name is written",
    "artists": "Everyone who is credited",
    "because": "What led the source to the song: a song, an artist, a friend or a tag; empty where it says nothing",
    "best": "The song is in the favourites playlist",
    "brier": "Brier score of the forecast on songs that were held back",
    "change": "What the decision does with the song: new, kept or out",
    "cluster_id": "Number of the cluster; it is never used twice",
    "completion": "Share of the song that was heard, 0 to 1; null where unknown",
    "counts": "The listen counts: it is not excluded and not known to be under 30 seconds",
    "credits": "Everyone who is heard on the song, guests included",
    "days_quiet": "Days since the last play; null for a song never played",
    "device": "The device that played the song",
    "duration_ms": "Length of the track in milliseconds",
    "ended_by": "How the play ended, as the service says it",
    "energy": "Energy, 0 to 1",
    "evidence": "What speaks for it",
    "excluded": "The listener says that this was not them",
    "expected": "Plays a week that are expected",
    "found_at": "When the source named it",
    "freshness": "Part of the score that freshness gives",
    "how": "How the clusters were made",
    "in_library": "The song is in the liked songs or in a playlist of the listener's; without these, loved or heard often",
    "isrc": "International Standard Recording Code",
    "labs_asked_at": "When ListenBrainz labs was last asked",
    "level": "cluster or family",
    "liked": "The song is in the liked songs, or was loved where scrobbles go",
    "link": "Who knew the Spotify id: the source itself, labs or search",
    "listens": "Number of listens",
    "lists": "Names of the playlists that hold the song",
    "mbid": "MusicBrainz id of the recording",
    "model": "Version of the model that made the row",
    "mood": "Part of the score that the mood gives",
    "ms_played": "Milliseconds that were heard; null where unknown",
    "name": "Name",
    "occasion": "What the refresh is for: refreshed, visited (a mood that was asked for) or returned (after it)",
    "may_change": "Songs that this refresh may bring in",
    "on_list": "Spotify ids under which the song is on the playlist now",
    "parent_cluster_id": "Family that the cluster belongs to",
    "played_at": "When the play began (UTC)",
    "playlist": "Our name of the playlist",
    "playlist_id": "Spotify id of the playlist that was played",
    "plays": "Number of plays that count",
    "position": "Place on the list, from 1",
    "private": "The play was in a private session",
    "rank": "Place on the list, from 1; null for a song that leaves",
    "reason": "Why, in words",
    "recent_plays": "Plays in the staleness window",
    "region": "Region of taste: a cluster or a tag",
    "release_date": "Date of release; a year or a month where no more is known",
    "retry_at": "Day before which nobody is asked again; null where the row is known",
    "score": "Worth to the list; scores are compared with each other alone",
    "search_asked_at": "When Spotify's search was last asked",
    "seed": "The listener's song that led there",
    "slot": "core, exploration or discovery",
    "song_id": "Our id of the song",
    "songs": "Number of songs",
    "source": "Who said it",
    "sources": "Everyone who said it",
    "stamped_at": "The time as the file gives it",
    "status": "Step of the life of a new song: pending, trial, asked, approved, rejected, later or expired",
    "strength": "How sure the source is, 0 to 1",
    "tags": "Tags with weights 0 to 1",
    "taste": "Part of the score that taste gives",
    "tired": "The listener is tired of it: it rests",
    "title": "The title, as written",
    "track_id": "Spotify id, or on a list that is kept elsewhere the id there; null where none is known",
    "track_ids": "All Spotify ids of the song",
    "track_mbid": "MusicBrainz id of the recording, as the service says it",
    "trained_at": "When the model was trained",
    "vector": "The vector, of length 1",
    "weight": "Weight",
    "x": "Place on the map, from left to right",
    "y": "Place on the map, from bottom to top",
}
"""What a column says wherever it occurs. A dataset's own ``notes`` come first."""
