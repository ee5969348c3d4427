"""A home of its own for each test, and plays to put into it."""

import json
from datetime import UTC, datetime

import polars as pl
import pytest

from spotify_ai_pipeline.music.plays.records import PLAY
from spotify_ai_pipeline.storage.workspace import Workspace

KEYS = ("SPOTIFY_CLIENT_ID", "SPOTIFY_CLIENT_SECRET", "LASTFM_API_KEY", "LASTFM_USER", "LISTENBRAINZ_USER")


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    for name in (*KEYS, "LISTENBRAINZ_TOKEN"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("SPOTIFY_AI_DATA", str(tmp_path / "data"))
    return Workspace.open()


@pytest.fixture
def history_row():
    """A row of the extended history: makes one of the new generation that ends at ``ts``."""

    def make(ts, title="Teardrop", ms=200_000, artist="Massive Attack", **changes):
        row = {
            "ts": ts,
            "platform": "ios",
            "ms_played": ms,
            "conn_country": "PT",
            "ip_addr": "203.0.113.77",
            "master_metadata_track_name": title,
            "master_metadata_album_artist_name": artist,
            "master_metadata_album_album_name": "Mezzanine",
            "spotify_track_uri": f"spotify:track:{title:0>22}".replace(" ", "0"),
            "reason_end": "trackdone",
            "skipped": False,
            "offline": False,
            "offline_timestamp": None,
            "incognito_mode": False,
        }
        return row | changes

    return make


@pytest.fixture
def write(tmp_path):
    def make(name, content):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        text = content if isinstance(content, str | bytes) else json.dumps(content, indent=2)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    return make


@pytest.fixture
def played():
    """A table of merged plays: (song, seconds, changes)."""

    def make(*plays):
        rows = [
            {"source": "lastfm", "sources": ["lastfm"], "song_id": song}
            | {"played_at": datetime.fromtimestamp(at, UTC), **changes}
            for song, at, changes in plays
        ]
        schema = {"song_id": pl.String, "sources": pl.List(pl.String), **PLAY}
        return pl.DataFrame(rows, schema=schema).drop("artist", "title", "album")

    return make


@pytest.fixture
def songs():
    """A table of songs: (song, artist, length in ms, track ids, in the library)."""

    def make(*rows):
        return pl.DataFrame(
            [
                (song, artist, artist.casefold(), length, tracks, tracks[0] if tracks else None, kept)
                for song, artist, length, tracks, kept in rows
            ],
            schema={
                "song_id": pl.String,
                "artist": pl.String,
                "artist_key": pl.String,
                "duration_ms": pl.Int64,
                "track_ids": pl.List(pl.String),
                "track_id": pl.String,
                "in_library": pl.Boolean,
            },
            orient="row",
        )

    return make
