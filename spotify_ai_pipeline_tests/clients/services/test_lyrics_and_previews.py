"""LRCLIB, Deezer and iTunes: what they know, and that what they do not know is asked once."""

import json
from pathlib import Path

import polars as pl
import pytest

from spotify_ai_pipeline.app.local_audio import OwnFiles
from spotify_ai_pipeline.clients.deezer import Deezer, _sound
from spotify_ai_pipeline.clients.itunes import Itunes
from spotify_ai_pipeline.clients.lrclib import LrcLib
from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.storage.workspace import Workspace


def calls(workspace: Workspace, service: str) -> int:
    return sum(
        row["calls"] for row in workspace.state.rows("SELECT calls FROM api_calls WHERE service = ?", (service,))
    )


@pytest.fixture
def tracks(world: Path) -> list[tuple[str, str, str, float | None]]:
    """Artist, title, ISRC and instrumentalness of songs that nobody else has a namesake of."""
    frame = pl.read_parquet(world / "catalogue.parquet").with_columns(artist=pl.col("artist_names").list.first())
    alone = frame.filter(pl.struct("artist", "name").is_unique() & pl.col("isrc").is_unique() & pl.col("playable"))
    return alone.head(20).select("artist", "name", "isrc", "instrumentalness").rows()


def test_lyrics_are_text_or_instrumental_or_not_there_and_one_call_each(
    connected: Workspace, tracks: list[tuple[str, str, str, float | None]]
) -> None:
    found = {(artist, title): LrcLib.of(connected).lyrics(artist, title) for artist, title, _, _ in tracks}
    assert None in found.values()
    for artist, title, _, instrumentalness in tracks:
        lyrics = found[artist, title]
        if lyrics is not None:
            assert lyrics.instrumental == ((instrumentalness or 0) > 0.5)
            assert bool(lyrics.text.strip()) != lyrics.instrumental
            assert "[" not in lyrics.text, "stamps are no words"
    assert {(artist, title): LrcLib.of(connected).lyrics(artist, title) for artist, title in found} == found
    assert calls(connected, "lrclib") == len(tracks)


@pytest.mark.parametrize(("provider", "service"), [(Deezer, "deezer"), (Itunes, "itunes")])
def test_previews_are_sound_and_that_there_is_none_is_remembered(
    connected: Workspace,
    tracks: list[tuple[str, str, str, float | None]],
    provider: type[Deezer] | type[Itunes],
    service: str,
) -> None:
    client = provider.of(connected)
    found = {isrc: client.sound(artist, title, isrc) for artist, title, isrc, _ in tracks}
    assert all(sound is None or sound[:4] == b"RIFF" for sound in found.values())
    without = [track for track in tracks if found[track[2]] is None]
    assert 0 < len(without) < len(tracks)
    assert client.sound("Nobody", "Nothing", "QQ0000000000") is None
    asked = calls(connected, service)
    assert all(client.sound(artist, title, isrc) is None for artist, title, isrc, _ in without)
    assert client.sound("Nobody", "Nothing", "QQ0000000000") is None
    assert calls(connected, service) == asked


@pytest.mark.parametrize(
    ("body", "whole"),
    [({"error": {"code": 4}}, False), ({"error": {"code": 800}}, True), ({"id": 1, "preview": ""}, True)],
)
def test_deezer_says_with_status_200_that_it_is_busy(body: dict[str, object], whole: bool) -> None:
    assert _sound(200, json.dumps(body).encode()) is whole
    assert _sound(200, b"ID3\x04 sound") is True
    assert _sound(200, b'{"id": 1, "prev') is False


def test_own_files_are_found_by_their_names(tmp_path: Path) -> None:
    pytest.importorskip("soundfile", reason="needs `make audio`")
    (tmp_path / "Some Band" / "Album").mkdir(parents=True)
    by_folder, by_name = tmp_path / "Some Band" / "Album" / "03 A Song.mp3", tmp_path / "Other - Second Song.m4a"
    for path in (by_folder, by_name, tmp_path / "cover.jpg"):
        path.write_bytes(b"no sound")
    files = OwnFiles(tmp_path)
    assert files.sound("Some Band", "A Song", None) == by_folder
    assert files.sound("OTHER", "second song", None) == by_name
    assert files.sound("Some Band", "Another", None) is None


def test_a_folder_that_is_none_is_said(connected: Workspace) -> None:
    with pytest.raises(UserError, match=r"features\.audio_folder"):
        OwnFiles.of(connected)
