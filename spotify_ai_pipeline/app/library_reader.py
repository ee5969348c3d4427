"""The library as one frame, with as few calls as it takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import polars as pl

from spotify_ai_pipeline.clients.spotify import ASKS, CLOSED, LIKED, ListChanged, Spotify
from spotify_ai_pipeline.clients.spotify_playlists import SpotifyRefused
from spotify_ai_pipeline.errors import Retryable

MOST_LOST, LEAST_ASKED_ABOUT = 0.5, 20
"""A library of at least so many songs that lost a larger share since it was last read is asked about, and not believed."""
ACCEPTED = "smaller_library_accepted"
"""The fact that the listener said that a smaller library is right; the next reading believes it."""
LIBRARY_READ_AT = "library_read_at"
"""The fact that holds when the library was last read whole, UTC seconds at the start of the reading."""

LISTS_READ_AT = "our_lists_read_at"
"""The same for our own lists, where they are kept elsewhere than on Spotify."""


@dataclass
class Reading:
    """The library, and how it was read."""

    frames: list[pl.DataFrame] = field(default_factory=list[pl.DataFrame])
    playlists: int = 0
    playlists_read: int = 0
    songs_read: int = 0
    """Songs in the playlists read now."""
    no_songs: int = 0
    """Rows of the lists read now that are no song: removed, local, an episode."""
    followed: list[str] = field(default_factory=list[str])
    """Names of others' playlists, whose items are closed to apps."""
    deferred: Retryable | None = None
    """Why some lists are as they were at the last reading."""

    @property
    def library(self) -> pl.DataFrame:
        return pl.concat(self.frames)


def read_library(client: Spotify, known: pl.DataFrame, say: Callable[[str], object]) -> Reading:
    """Every song of the liked songs and of the owned or collaborative playlists, one row an item of a list.

    ``known`` is the library as last read (the same columns). A playlist whose snapshot id is known is not read again; liked
    songs are read down to the first known page. Where Spotify asks for a long pause, or does not send a list whole, lists not
    read yet stay as they are in ``known``; a list is never there in part. Raises ``Retryable`` where nothing at all is known.
    """
    reading = Reading()
    try:
        reading.frames.append(_liked(client, known.filter(pl.col("list_id") == LIKED)))
        playlists = client.playlists(client.user_id())
    except Retryable as pause:
        reading.frames.append(known.filter(pl.col("list_id") != LIKED) if reading.frames else known)
        reading.deferred = pause
        if reading.library.is_empty():
            raise
        return reading
    for playlist in playlists:
        if not playlist.readable:
            reading.followed.append(playlist.name)
            continue
        if not playlist.items:
            continue
        songs = known.filter(pl.col("list_id") == playlist.playlist_id)
        if songs.filter(pl.col("snapshot_id") == playlist.snapshot_id).is_empty() and reading.deferred is None:
            try:
                songs, no_songs = client.playlist_items(playlist)
                reading.no_songs += no_songs
                reading.songs_read += songs.height
                reading.playlists_read += 1
                say(f"read {playlist.name}: {songs.height} songs")
            except ListChanged:
                say(f"{playlist.name} is being edited; it stays as it was")
            except Retryable as pause:
                reading.deferred = pause
            except SpotifyRefused as error:
                if error.status not in CLOSED:
                    raise
                reading.followed.append(playlist.name)  # collaborative, and not ours; or gone since it was listed
                continue
        reading.playlists += 1
        reading.frames.append(songs.with_columns(list_name=pl.lit(playlist.name)))
    return reading


def with_files(library: pl.LazyFrame, listed: pl.DataFrame) -> pl.LazyFrame:
    """``library`` as Spotify tells it, and the lists of ``listed``, from files, that Spotify does not know: what it tells of a
    list is newer than any file."""
    name = pl.col("list_name").str.to_lowercase().str.replace_all(r"[^\p{L}\p{N}]", "")  # a file's name has few signs
    return pl.concat([library, listed.lazy().join(library, on=name, how="anti")])


def shrank(known: pl.DataFrame, found: pl.DataFrame) -> str | None:
    """Gives what of the library went missing between two readings, in words, where it is too much to believe; else
    None."""
    for what, part in (("liked songs", pl.col("list_id") == LIKED), ("songs in playlists", pl.col("list_id") != LIKED)):
        before, after = (frame.filter(part)["track_id"].n_unique() for frame in (known, found))
        if before >= LEAST_ASKED_ABOUT and after < (1 - MOST_LOST) * before:
            return f"{after:,} {what} where there were {before:,}"
    return None


def _liked(client: Spotify, known: pl.DataFrame) -> pl.DataFrame:
    for _ in range(ASKS - 1):
        try:
            return _liked_now(client, known)
        except ListChanged:
            continue
    return _liked_now(client, known)


def _liked_now(client: Spotify, known: pl.DataFrame) -> pl.DataFrame:
    """The liked songs, newest first. Below the first page that ends with a known song the rest is taken from ``known``, if
    as many rows are left as there were below that song."""
    same = ["track_id", "added_at"]
    was_at = known.select(*same, was_at="position")
    was_total = known["position"].to_list()[-1] + 1 if known.height else 0
    pages: list[pl.DataFrame] = []
    for total, page in client.liked_pages():
        pages.append(page)
        last = page.tail(1).join(was_at, on=same)
        if last.is_empty():
            continue
        moved = last["position"][0] - last["was_at"][0]
        if total - moved == was_total:
            older = known.filter(pl.col("position") > last["was_at"][0])
            pages.append(older.with_columns(pl.col("position") + moved))
            break
    return pl.concat(pages)
