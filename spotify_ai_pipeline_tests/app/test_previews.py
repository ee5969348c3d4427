"""Hear before you answer: a preview from the first service that has one; nothing where none does, and no file is left."""

import pytest

from spotify_ai_pipeline.app import covers, previews
from spotify_ai_pipeline.clients.deezer import Deezer
from spotify_ai_pipeline.clients.itunes import Itunes
from spotify_ai_pipeline.errors import Retryable
from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline_tests.conftest import Pipeline


def test_songs_of_the_world_can_be_heard_and_nothing_is_kept(pipeline: Pipeline) -> None:
    songs = pipeline.read(datasets.SONGS).filter(~pipeline.read(datasets.SONGS)["isrc"].is_null()).head(12)
    before = {file for file in pipeline.workspace.root.rglob("*") if file.suffix in (".mp3", ".wav", ".m4a")}
    found = [
        previews.find(pipeline.workspace, row["artist"], row["title"], row["track_id"]) for row in songs.to_dicts()
    ]
    heard = [one for one in found if one]
    assert len(heard) >= 6
    assert {one.mime for one in heard} == {"audio/wav"}
    assert {file for file in pipeline.workspace.root.rglob("*") if file.suffix in (".mp3", ".wav", ".m4a")} == before


@pytest.mark.parametrize(
    ("sound", "ending"),
    [(b"ID3\x04rest", "mp3"), (b"\xff\xfb\x90rest", "mp3"), (b"\x00\x00\x00\x20ftypM4A ", "m4a"), (b"<html>", None)],
)
def test_a_service_that_fails_leaves_it_to_the_next_and_what_is_no_sound_is_none(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, sound: bytes, ending: str | None
) -> None:
    def busy(*_: object) -> bytes:
        raise Retryable("later", 0.0)

    monkeypatch.setattr(Deezer, "sound", busy)
    monkeypatch.setattr(Itunes, "sound", lambda *_: sound)
    found = previews.find(pipeline.workspace, "A", "T", "t")
    assert (found and found.ending) == ending


def test_a_cover_is_found_kept_and_not_asked_for_again(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    songs = pipeline.read(datasets.SONGS).drop_nulls("track_id").head(4).to_dicts()
    named = [(row["artist"], row["title"], row["track_id"]) for row in songs]
    found = [covers.find(pipeline.workspace, *name) for name in named]
    assert all(one and one.startswith(b"\x89PNG") for one in found)

    def down(*_: object) -> bytes:
        raise Retryable("later", 0.0)

    for service in (Deezer, Itunes):
        monkeypatch.setattr(service, "cover", down)
    assert [covers.find(pipeline.workspace, *name) for name in named] == found
    assert covers.find(pipeline.workspace, "A", "T", "t" * 22) is None
    for service in (Deezer, Itunes):
        monkeypatch.setattr(service, "cover", lambda *_: b"<html>")
    assert covers.find(pipeline.workspace, "A", "T", "t" * 22) is None, "that none could be asked is not remembered"
    assert pipeline.workspace.answers.get(covers.KEPT, ["t" * 22]) == {"t" * 22: None}
