"""Playlists as files: where each song can be played, and how it is named."""

from __future__ import annotations

import json

from spotify_ai_pipeline.app.playlist_files import FileSong, jspf, m3u8

RECORDING = "b1a9c0e9-d987-4042-ae91-78d6a3267d69"
ON_SPOTIFY = "4uLU6hMCjMI75M1A2tKUQC"


def test_a_song_known_by_its_spotify_id_on_the_list_alone_can_be_played_there() -> None:
    link = f"https://open.spotify.com/track/{ON_SPOTIFY}"
    song = FileSong(ON_SPOTIFY, "Ada", "One")
    assert link in m3u8("Mix", [song]).splitlines()
    (track,) = json.loads(jspf("Mix", [song]))["playlist"]["track"]
    assert (track["identifier"], track["location"]) == ([link], [link])


def test_the_page_of_a_recording_is_its_name_and_nothing_to_play() -> None:
    song = FileSong(RECORDING, "Ada", "One", mbid=RECORDING)
    lines = m3u8("Mix", [song]).splitlines()
    assert all(line.startswith("#") for line in lines)
    (track,) = json.loads(jspf("Mix", [song]))["playlist"]["track"]
    assert track["identifier"] == [f"https://musicbrainz.org/recording/{RECORDING}"]
    assert "location" not in track
