"""Spotify's answers, as records of the sieve, and the buckets in which it counts calls."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator

from spotify_ai_pipeline.music.sieve import (
    MaybeFlag,
    MaybeIsrc,
    MaybeMoment,
    MaybeSpotifyId,
    MaybeText,
    MaybeWhole,
    Milliseconds,
    Moment,
    OrEmpty,
    Record,
    SpotifyId,
    Text,
    Whole,
    several,
)

PLAYLIST_WRITES, LIBRARY, SEARCH, CATALOGUE, PROBES = "playlist writes", "library", "search", "catalogue", "probes"
_OLD = re.compile(
    r"audio-features|audio-analysis|recommendations|(?:tracks|artists|albums)/?\?|artists/[^/]+/(?:related|top)"
)
"""Endpoints that are closed to newer apps: some answer 429 with a day's pause instead of 403."""


def bucket_of(method: str, path: str) -> str:
    """The part of Spotify in which a call is counted: a pause that it asks for there stops no other."""
    if _OLD.match(path):
        return PROBES
    if path.startswith("search"):
        return SEARCH
    if path.startswith("me"):
        return PLAYLIST_WRITES if method == "POST" else LIBRARY
    if path.startswith("playlists"):
        return LIBRARY if method == "GET" else PLAYLIST_WRITES
    return CATALOGUE


def _date(value: object) -> str | None:
    return value if isinstance(value, str) and re.fullmatch(r"[12]\d{3}(-[01]\d(-[0-3]\d)?)?", value) else None


MaybeDate = Annotated[str | None, BeforeValidator(_date)]


class Artist(Record):
    name: Text
    id: MaybeSpotifyId = None


class Album(Record):
    """The album within a track."""

    name: MaybeText = None
    release_date: MaybeDate = None


class Ids(Record):
    isrc: MaybeIsrc = None


class Track(Record):
    """A song; without an artist where none is named."""

    id: SpotifyId
    name: Text
    artists: Annotated[tuple[Artist, ...], several(Artist)] = ()
    album: Annotated[Album, OrEmpty] = Album()
    external_ids: Annotated[Ids, OrEmpty] = Ids()
    duration_ms: Milliseconds = None


class AlbumRow(Record):
    """A row of an artist's albums."""

    id: SpotifyId
    name: Text
    release_date: MaybeDate = None


class Item(Record):
    """A row of the liked songs or of a playlist."""

    track: Track
    added_at: MaybeMoment = None


class Context(Record):
    type: MaybeText = None
    uri: MaybeText = None


class RecentPlay(Record):
    """A row of what was played last."""

    track: Track
    played_at: Moment
    context: Annotated[Context, OrEmpty] = Context()


class Owner(Record):
    id: MaybeText = None


class Counted(Record):
    total: MaybeWhole = None


class Listed(Record):
    """A row of the listener's playlists."""

    id: SpotifyId
    snapshot_id: Text
    name: MaybeText = None
    description: MaybeText = None
    collaborative: MaybeFlag = None
    owner: Annotated[Owner, OrEmpty] = Owner()
    items: Annotated[Counted, OrEmpty] = Counted()
    tracks: Annotated[Counted, OrEmpty] = Counted()


class Rows(Record):
    """The frame of a list of which one page is read."""

    items: list[Any]


class PageOf(Rows):
    """The frame of a page of a list."""

    total: Whole
    offset: MaybeWhole = None
    next: MaybeText = None


class Tracks(Record):
    tracks: list[Any]


class Found(Record):
    """The frame of a search."""

    tracks: Rows


class Features(Record):
    audio_features: list[Any]


class Made(Record):
    """The frame of anything that has an id."""

    id: Text
