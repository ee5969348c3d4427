"""Every list in a narrow terminal, a usual one and a wide one: no line is longer, and nothing is cut."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result

from spotify_ai_pipeline.interfaces.cli import COMMANDS, main
from spotify_ai_pipeline.interfaces.cli.console import console
from spotify_ai_pipeline.interfaces.cli.sections import SECTIONS
from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline.storage.workspace import Workspace

WIDTHS = [60, 80, 120]


@pytest.fixture(params=WIDTHS)
def width(request: pytest.FixtureRequest) -> int:
    return request.param


def run(root: Path, width: int, monkeypatch: pytest.MonkeyPatch, *words: str) -> Result:
    os.environ["SPOTIFY_AI_DATA"] = str(root)
    monkeypatch.setattr(console, "_width", width)
    done = CliRunner().invoke(main, list(words), catch_exceptions=False, terminal_width=width)
    assert done.exit_code == 0, done.output
    return done


def squeezed(text: str) -> str:
    return "".join(text.split())


@pytest.mark.parametrize(
    "words",
    [("mix",), ("queue", "--all"), ("find", "calm", "guitar"), ("clusters",), ("stats",), ("gaps",), ("log",), ()],
)
def test_no_list_is_cut_at_any_width(
    filled: Path, width: int, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = run(filled / "home", width, monkeypatch, *words).output
    links = ("http", "/")
    assert [line for line in shown.splitlines() if len(line.rstrip()) > width and not line.startswith(links)] == []
    assert "…" not in shown


def test_each_song_of_the_mix_is_there_with_its_reason(
    filled: Path, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = squeezed(run(filled / "home", width, monkeypatch, "mix").output) if width < 110 else ""
    listed = Workspace.open(filled / "home").lake.read(datasets.MIX).drop_nulls("rank")
    for artist, title, reason in listed.select("artist", "title", "reason").iter_rows():
        if shown:
            assert squeezed(f"{artist} — {title}") in shown
            assert squeezed(reason) in shown
    lines = len(run(filled / "home", width, monkeypatch, "mix").output.splitlines())
    most = 4 if width < 80 else 3
    assert lines <= most * listed.height, "a line for the song and one for its reason, and what a long one needs"


def test_help_has_six_sections_and_each_command_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, width: int
) -> None:
    shown = run(tmp_path, width, monkeypatch, "--help").output
    assert all(len(line) <= width for line in shown.splitlines())
    assert [line[:-1] for line in shown.splitlines() if line.removesuffix(":") in SECTIONS] == list(SECTIONS)
    assert len(SECTIONS) == 6
    assert len(COMMANDS) == len(set(COMMANDS))
    for name, (example, _) in (pair for section in SECTIONS.values() for pair in section.items()):
        assert example.split()[0] == name
        assert example == name or squeezed(f"$ spotify-ai {example}") in squeezed(shown)


@pytest.mark.parametrize("group", ["adventure", "exclude", "list", "match", "snapshot", "listener", "export"])
def test_help_of_a_group_says_whole_sentences(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, width: int, group: str
) -> None:
    shown = run(tmp_path, width, monkeypatch, group, "--help").output
    assert all(len(line) <= width for line in shown.splitlines())
    assert "..." not in shown.partition("Commands:")[2]


@pytest.mark.parametrize("words", [("match", "show"), ("config",)])
def test_what_is_copied_is_never_broken(
    filled: Path, width: int, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ids and keys of settings stand in one piece at every width."""
    listed = Workspace.open(filled / "home").lake.read(datasets.SONG_MEMBERS).filter(kind="track").row(0, named=True)
    song = [listed["song_id"]] if words[0] == "match" else []
    shown = run(filled / "home", width, monkeypatch, *words, *song).output
    assert (listed["member"] if song else "playlist.max_change_per_refresh") in shown


def test_a_command_with_a_slip_is_suggested() -> None:
    said = CliRunner().invoke(main, ["refrsh"])
    assert (said.exit_code, "did you mean refresh?" in said.output) == (2, True)
    assert "--help" in CliRunner().invoke(main, ["zzzz"]).output
    assert "did you mean clusters?" in CliRunner().invoke(main, ["export", "cluster"]).output
    assert "there are all, clusters, mix" in CliRunner().invoke(main, ["export", "zzzz"]).output


def test_a_setting_without_set_is_told_and_how_it_is_changed(tmp_path: Path) -> None:
    os.environ["SPOTIFY_AI_DATA"] = str(tmp_path / "home")
    said = CliRunner().invoke(main, ["config", "playlist.target_size", "90"])
    assert (said.exit_code, "config set playlist.target_size 90" in said.output) == (2, True)
    assert Workspace.open().settings.playlist.target_size == 100


def test_an_answer_of_many_columns_is_a_block_a_row_where_the_screen_is_narrow(
    filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = run(filled / "home", 80, monkeypatch, "sql", "select * from songs order by title limit 2").output
    songs = Workspace.open(filled / "home").lake.read(datasets.SONGS)
    for column in songs.columns:
        assert len([line for line in shown.splitlines() if line.startswith(f"{column} ")]) == 2, column
    assert "…" not in shown


def test_list_alone_shows_the_lists_and_how_one_is_added(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = run(filled / "home", 80, monkeypatch, "list").output
    assert "AI Mix" in shown
    assert "spotify-ai list add" in shown.splitlines()[-1]


def test_a_list_is_added_in_a_home_of_an_older_version(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lake = Workspace.open(place / "home").lake
    shutil.rmtree(str(lake.folder(datasets.OUR_LISTS)))  # which kept our lists among the others
    said = run(place / "home", 80, monkeypatch, "list", "add", "deep cuts")
    assert said.exit_code == 0, said.output
    assert "spotify-ai list refresh" in said.output


def test_an_import_into_a_demo_says_whose_home_it_is(tmp_path: Path) -> None:
    os.environ["SPOTIFY_AI_DATA"] = str(tmp_path / "home")
    plays = tmp_path / "plays.csv"
    plays.write_text("uts,artist,track\n1700000000,A,B\n")
    assert "note:" not in CliRunner().invoke(main, ["import", str(plays)]).output
    Workspace.open().demo_file.write_text("{}")
    said = CliRunner().invoke(main, ["import", str(plays), "--json"])
    assert f"demo's home, {tmp_path / 'home'}" in said.stderr
    assert "spotify-ai setup" in said.stderr
    assert json.loads(said.stdout)["total"]["duplicate"] == 1


def test_alone_it_shows_the_day_and_what_to_type_next(
    filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = run(filled / "home", 80, monkeypatch).output
    assert day.startswith("AI Mix: ")
    assert "Next: spotify-ai " in day.splitlines()[-1]
    assert len(day.splitlines()) <= 24, "a screen"
    assert "spotify-ai setup" in run(tmp_path / "nothing", 80, monkeypatch).output


def test_numbers_and_words_agree(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scores = Workspace.open(filled / "home").lake.read(datasets.SONG_SCORES)
    assert scores.filter(pl.col("reason").str.contains(r"\b1 (plays|songs|days)\b")).is_empty()
    for words in (("stats",), ("mix",), ("queue",)):
        shown = run(filled / "home", 80, monkeypatch, *words).output
        assert not [word for word in ("1 songs", "1 plays", "1 calls", "1 questions") if f" {word}" in f" {shown}"]


def test_every_error_says_what_to_type_next(tmp_path: Path) -> None:
    os.environ["SPOTIFY_AI_DATA"] = str(tmp_path / "home")
    tried = {
        ("exclude", "span", "2026-01-02", "2026-01-01"): "spotify-ai exclude --help",
        ("mix",): "spotify-ai refresh",
        ("config", "set", "playlist.target_size", "[1"): "spotify-ai config --help",
    }
    for words, following in tried.items():
        said = CliRunner().invoke(main, list(words))
        assert (said.exit_code, following in said.output.splitlines()[-1]) == (2, True), said.output
