"""Playlists as files that other programs read: JSPF, M3U8 and CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.music.mix.target_ids import is_spotify_id, link_of

OURS = "#SPOTIFY-AI:"
"""Begins the line of an M3U8 file that says which song the entry below it is."""


@dataclass(frozen=True)
class FileSong:
    """A song as a file names it: ``song`` is the id that it is on the list under, ``path`` a file of the listener's."""

    song: str
    artist: str
    title: str
    album: str = ""
    mbid: str = ""
    track_id: str = ""
    isrc: str = ""
    duration_ms: int | None = None
    path: str = ""

    @property
    def location(self) -> str:
        """The place where it can be played: a file of the listener's, else the song on Spotify."""
        return self.path or link_of(self.spotify_id)

    @property
    def spotify_id(self) -> str:
        """The id on the list may be the only Spotify id that is known: of a song on trial, or put on by hand."""
        return self.track_id or (self.song if is_spotify_id(self.song) else "")


def jspf(title: str, songs: Sequence[FileSong]) -> str:
    """JSPF, the JSON form of XSPF 1, as ListenBrainz reads it: a song is known by its MusicBrainz recording, else by its
    address on Spotify."""
    tracks = []
    for song in songs:
        named = link_of(song.mbid) or link_of(song.spotify_id)
        about = {"title": song.title, "creator": song.artist, "album": song.album, "duration": song.duration_ms}
        more = {"identifier": [named] if named else None, "location": [song.location] if song.location else None}
        tracks.append({key: value for key, value in (about | more).items() if value})
    made = f"{clock.utc_now():%Y-%m-%dT%H:%M:%SZ}"
    return (
        json.dumps({"playlist": {"title": title, "date": made, "track": tracks}}, indent=1, ensure_ascii=False) + "\n"
    )


def m3u8(title: str, songs: Sequence[FileSong]) -> str:
    """Extended M3U in UTF-8; a song that lies nowhere is left as a comment, so that no player stumbles over it."""
    return "\n".join(["#EXTM3U", f"#PLAYLIST:{_one_line(title)}", *(entry(song) for song in songs)]) + "\n"


def entry(song: FileSong) -> str:
    """The lines of a song in an M3U8 file."""
    seconds = round(song.duration_ms / 1000) if song.duration_ms else -1
    about = f"#EXTINF:{seconds},{_one_line(song.artist)} - {_one_line(song.title)}"
    return "\n".join([OURS + song.song, about, song.location or "# not among your files, and not on Spotify"])


def table(_: str, songs: Sequence[FileSong]) -> str:
    """CSV with a heading, a row a song in order."""
    sink = io.StringIO()
    rows = csv.writer(sink, lineterminator="\n")
    rows.writerow(["rank", "artist", "title", "album", "mbid", "track_id", "isrc", "location"])
    for rank, song in enumerate(songs, 1):
        known = (song.artist, song.title, song.album, song.mbid, song.track_id, song.isrc, song.location)
        rows.writerow([rank, *known])
    return sink.getvalue()


FORMS: Mapping[str, Callable[[str, Sequence[FileSong]], str]] = {"jspf": jspf, "m3u": m3u8, "m3u8": m3u8, "csv": table}


def _one_line(text: str) -> str:
    return " ".join(text.split())
