"""Bad input: one clear line that says what, where and what to do; exit code 2; nothing half-written."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.evaluation.histories import read_history
from spotify_ai_pipeline.storage.workspace import Workspace
from spotify_ai_pipeline_tests.interfaces.cli.conftest import here

PLAYS = {"ts": [1_700_000_000, 1_700_003_600], "artist": ["A", "B"], "track": ["X", "Y"]}


def refused(ran: Any, *words: str) -> None:
    """One line on stderr with all of ``words``, exit code 2, and no traceback."""
    assert "Traceback" not in ran.stderr + ran.stdout
    assert ran.returncode == 2, ran.stderr
    assert ran.stderr.startswith("error: ")
    assert len(ran.stderr.splitlines()) == 1
    for word in words:
        assert word in ran.stderr


def files(folder: Path) -> set[str]:
    return {
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


@pytest.fixture
def untouched(project: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing new may lie in the project, where the command is called from, after the test."""
    monkeypatch.chdir(project.root)
    before = files(project.root)
    yield
    assert files(project.root) == before


def parquet(file: Path, columns: dict[str, Any]) -> Path:
    pl.DataFrame(columns).write_parquet(file)
    return file


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("playlist: {targt_size: 5}", ["playlist.targt_size", "did you mean target_size?"]),
        ("playlist: [", ["line 2", "not valid YAML"]),
    ],
)
def test_a_wrong_configuration(tmp_path: Path, untouched: None, line: str, words: list[str]) -> None:
    data = tmp_path / "home"
    data.mkdir()
    (data / "config.yaml").write_text(line + "\n")
    refused(here("stats", SPOTIFY_AI_DATA=data), str(data / "config.yaml"), *words)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("playlist.size", "50", ["playlist.size", "unknown key", "target_size"]),
        ("spotify.playlist_name", "[My Mix", ["spotify.playlist_name"]),
    ],
)
def test_a_wrong_override_is_not_kept(tmp_path: Path, untouched: None, key: str, value: str, words: list[str]) -> None:
    data = tmp_path / "home"
    refused(here("config", "set", key, value, SPOTIFY_AI_DATA=data), *words)
    assert Workspace.open(data).state.overrides() == {}


def test_a_world_that_is_not_there(project: Any, tmp_path: Path, untouched: None, free_port: int) -> None:
    refused(project("demo", "--world", tmp_path / "nowhere", "--port", free_port), "nowhere")


@pytest.mark.parametrize("broken", ["world.json", "plays.parquet"])
def test_a_world_that_cannot_be_read(
    project: Any, tmp_path: Path, small_world: Path, untouched: None, free_port: int, broken: str
) -> None:
    world = Path(shutil.copytree(small_world, tmp_path / "world"))
    (world / broken).write_text("this is neither")
    refused(project("demo", "--world", world, "--port", free_port), broken)


def test_a_port_that_is_taken(
    project: Any, tmp_path: Path, small_world: Path, untouched: None, taken_port: int
) -> None:
    world = shutil.copytree(small_world, tmp_path / "world")
    refused(project("demo", "--world", world, "--port", taken_port), str(taken_port), "taken")
    refused(project("up", "--port", taken_port, SPOTIFY_AI_DATA=tmp_path / "home"), str(taken_port), "--port")


def test_a_file_in_place_of_the_data_folder(tmp_path: Path, untouched: None) -> None:
    place = tmp_path / "home"
    place.write_text("mine")
    refused(here("status", SPOTIFY_AI_DATA=place), str(place))
    assert place.read_text() == "mine"


def test_a_state_that_is_no_database(tmp_path: Path, untouched: None) -> None:
    place = tmp_path / "home"
    place.mkdir()
    (place / "state.sqlite").write_text("no database" * 100)
    refused(here("status", SPOTIFY_AI_DATA=place), "state.sqlite", "restore a backup")


def test_looking_before_anything_was_made(tmp_path: Path, untouched: None) -> None:
    refused(here("mix", SPOTIFY_AI_DATA=tmp_path / "home"), "spotify-ai refresh")


def test_a_question_that_is_no_sql(tmp_path: Path, untouched: None) -> None:
    refused(here("sql", "select nothing from nowhere", SPOTIFY_AI_DATA=tmp_path / "home"), "nowhere")


def test_a_refresh_without_an_account(tmp_path: Path, untouched: None) -> None:
    refused(here("refresh", SPOTIFY_AI_DATA=tmp_path / "home"), ".env")


def test_a_history_without_the_columns_it_needs(tmp_path: Path, untouched: None) -> None:
    file, out = parquet(tmp_path / "history.parquet", {"artist": ["A"], "song": ["X"]}), tmp_path / "out.parquet"
    ran = here("backtest", "--history", file, "--out", out, SPOTIFY_AI_DATA=tmp_path / "home")
    refused(ran, str(file), "no column ts or track", "found are artist, song")
    assert not out.exists()


def test_a_history_of_nothing_but_skips(tmp_path: Path, untouched: None) -> None:
    file = parquet(tmp_path / "history.parquet", PLAYS | {"ms_played": [1_000, 2_000]})
    refused(
        here("backtest", "--history", file, "--out", tmp_path / "out", SPOTIFY_AI_DATA=tmp_path / "home"), str(file)
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "there is no such file"),
        (b"PAR1 no more", "cannot be read as Parquet"),
        (PLAYS | {"ts": ["yesterday", "today"]}, "ts must be whole UTC seconds"),
        (PLAYS | {"track": [1, 2]}, "artist and track text"),
        (pl.DataFrame(PLAYS).head(0), "holds no plays"),
    ],
)
def test_a_history_that_cannot_be_used(tmp_path: Path, content: Any, said: str) -> None:
    file = tmp_path / "history.parquet"
    if isinstance(content, bytes):
        file.write_bytes(content)
    elif content is not None:
        pl.DataFrame(content).write_parquet(file)
    with pytest.raises(UserError, match=said) as caught:
        read_history(file)
    assert str(caught.value).startswith(str(file))
    assert "\n" not in str(caught.value)


def test_plays_without_a_name_are_left_out_and_uts_is_ts(tmp_path: Path) -> None:
    file = parquet(tmp_path / "history.parquet", {"uts": [1, 2], "artist": ["A", None], "track": ["X", "Y"]})
    assert read_history(file).to_dicts() == [{"ts": 1, "artist": "A", "track": "X"}]


def test_a_world_built_from_files_without_what_it_needs(project: Any, tmp_path: Path, untouched: None) -> None:
    plays, catalogue = parquet(tmp_path / "history.parquet", PLAYS), parquet(tmp_path / "c.parquet", {"unknown": [1]})
    ran = project("sandbox", "build", "--history", plays, "--catalogue", catalogue, "--out", tmp_path / "world")
    assert not (tmp_path / "world").exists()
    refused(ran, str(catalogue))
