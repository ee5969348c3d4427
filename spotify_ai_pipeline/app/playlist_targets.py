"""The way to the target of our playlists, and how songs are named there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache

from spotify_ai_pipeline.app.file_playlists import FilePlaylists
from spotify_ai_pipeline.app.local_audio import OwnFiles
from spotify_ai_pipeline.app.playlist_files import FileSong
from spotify_ai_pipeline.app.playlist_places import folder_of, target_name
from spotify_ai_pipeline.clients.listenbrainz_playlists import ListenBrainzPlaylists
from spotify_ai_pipeline.clients.playlist_target import PlaylistTarget
from spotify_ai_pipeline.clients.spotify import Spotify
from spotify_ai_pipeline.music.identity.songs import song_of_track
from spotify_ai_pipeline.music.mix.target_ids import FILE, LISTENBRAINZ, SPOTIFY, with_target_ids
from spotify_ai_pipeline.storage import datasets, playlists, queue
from spotify_ai_pipeline.storage.workspace import Workspace

_SONG = ("song_id", "artist", "title", "album", "mbid", "track_id", "track_ids", "isrc", "duration_ms")


def open_target(workspace: Workspace) -> PlaylistTarget:
    """The way to the listener's playlists. What is known of lists on another target is put aside until it is used again."""
    name = target_name(workspace)
    playlists.turn_to(workspace.state, name)
    if name == SPOTIFY:
        return Spotify.of(workspace)
    if name == LISTENBRAINZ:
        return ListenBrainzPlaylists.of(workspace)
    return FilePlaylists(folder_of(workspace), describe_songs(workspace))


def describe_songs(workspace: Workspace) -> Callable[[Sequence[str]], list[FileSong]]:
    """A function that gives ids the songs that they name, as files tell of them."""

    @cache
    def known() -> dict[str, FileSong]:
        table = workspace.lake.read(datasets.SONGS).select(_SONG)
        places = _paths(workspace)
        found = {
            one.track_id: FileSong(one.track_id, one.artist, one.title, path=places(one.artist, one.title, None))
            for one in queue.items(workspace.state, kind=queue.DISCOVERY)
        }
        for row in with_target_ids(table.with_columns(spotify="track_id"), FILE).iter_rows(named=True):
            place = places(row["artist"], row["title"], row["isrc"])
            said = (row[name] or "" for name in ("artist", "title", "album", "mbid", "spotify", "isrc"))
            song = FileSong(row["track_id"], *said, duration_ms=row["duration_ms"], path=place)
            found |= dict.fromkeys(row["track_ids"], song)
        return found

    def describe(ids: Sequence[str]) -> list[FileSong]:
        songs = known()
        return [_under(one, songs.get(one)) for one in ids]

    return describe


def _under(name: str, song: FileSong | None) -> FileSong:
    return FileSong(**{**vars(song), "song": name}) if song else FileSong(name, "", name)


def _paths(workspace: Workspace) -> Callable[[str, str, str | None], str]:
    """The path at which a song (artist, title, ISRC) lies among the listener's own files; empty where it does not."""
    if not workspace.settings.features.audio_folder:
        return lambda artist, title, isrc: ""
    files = OwnFiles.of(workspace, needs_tags=False)
    return lambda artist, title, isrc: str(files.sound(artist, title, isrc) or "")


def named_as_now(workspace: Workspace, ids: Iterable[str]) -> list[str]:
    """``ids``, of whatever target they were, as the target in force names their songs. One that it cannot hold is left out."""
    if not playlists.moved(workspace.state):
        return list(dict.fromkeys(ids))
    target, songs = target_name(workspace), workspace.lake.read(datasets.SONGS).select(_SONG)
    song_of = song_of_track(with_target_ids(songs, FILE)) | song_of_track(songs)
    named = with_target_ids(songs, target)
    ours = set(named["track_ids"].explode().drop_nulls())
    now = dict(named.drop_nulls("track_id").select("song_id", "track_id").iter_rows())
    found = [one if one in ours or one not in song_of else now.get(song_of[one]) for one in ids]
    return list(dict.fromkeys(one for one in found if one is not None))
