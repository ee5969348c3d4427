"""Every command on a demo's state: as a process where it is about what a process loads, makes or is typed."""

import csv
import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import click
import polars as pl
import pytest
from click.testing import CliRunner

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.interfaces.cli import COMMANDS, main
from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline_tests.interfaces.cli.conftest import here

HEAVY = ["umap", "hdbscan", "lightgbm", "faiss", "sklearn", "anthropic", "duckdb", "matplotlib"]
REFRESH = f"""
import sys
from spotify_ai_pipeline.interfaces.cli import main
main(["refresh", "--json"], standalone_mode=False)
print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)
"""


WEB = ["requests", "httpx2", "spotipy", "pylast", "redis"]
LOADED = """
import sys
from spotify_ai_pipeline.interfaces.cli import main
main(sys.argv[1].split(), standalone_mode=False)
print(*[name for name in sys.argv[2:] if name in sys.modules], file=sys.stderr)
"""


def commands(group: click.Group, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = [path]
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        found += commands(command, (*path, name)) if isinstance(command, click.Group) else [(*path, name)]
    return found


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_says_what_each_command_says_of_itself(name: str) -> None:
    command = main.get_command(click.Context(main), name)
    assert command is not None
    assert command.name == name
    assert command.get_short_help_str(500) == COMMANDS[name]


OWN = [path for path in commands(main) if path != ("dagster",)]
"""`spotify-ai dagster --help` is Dagster's."""


@pytest.mark.parametrize("path", OWN, ids=" ".join)
def test_every_command_explains_itself(path: tuple[str, ...]) -> None:
    said = CliRunner().invoke(main, [*path, "--help"])
    assert said.exit_code == 0
    assert said.output.startswith("Usage:")
    assert len(said.output.splitlines()) > 4
    assert not re.search(r"^  -.*\S  +$", said.output, re.MULTILINE), "every option has words"


@pytest.mark.parametrize("asked", ["--help", "--version"])
def test_a_list_of_commands_loads_nothing_that_takes_time(asked: str) -> None:
    heavy = [*HEAVY, *WEB, "polars", "numpy", "pydantic", "rich", "dagster", "yaml"]
    said = subprocess.run(
        [sys.executable, "-c", LOADED, asked, *heavy],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert said.stderr.strip() == ""


def test_help_comes_from_a_process_too_and_makes_nothing(project: Any) -> None:
    before = set(project.root.rglob("*"))
    said = project("--help")
    assert (said.returncode, said.stderr) == (0, "")
    for name in (
        "demo",
        "refresh",
        "next",
        "stats",
        "status",
        "backtest",
        "sandbox",
        "sql",
        "config",
        "up",
        "login",
        "mix",
    ):
        assert re.search(rf"^  {name} ", said.stdout, re.MULTILINE)
    made = {path for path in set(project.root.rglob("*")) - before if "__pycache__" not in path.parts}
    assert made == set()


def test_the_demo_shows_the_mix_the_change_and_where_to_look(demo: Any) -> None:
    rows = re.findall(r"^\+ *(\d+)  +(core|exploration|discovery)", demo.printed, re.MULTILINE)
    assert [int(rank) for rank, _ in rows] == list(range(1, 11)), "ten songs, so that what comes after them is seen"
    assert "AI Mix filled: +100" in demo.printed
    assert re.search(r"\d+ songs in the library and [\d,]+ listens, with [\d,]+ calls? to ", demo.printed)
    (picture,) = re.findall(r"as a picture: (.+\.png)$", demo.printed, re.MULTILINE)
    assert Path(picture).stat().st_size > 10_000
    assert demo.printed.splitlines()[-1].startswith("Next: spotify-ai up")


def test_a_refresh_says_what_changed_and_loads_nothing_heavy(demo: Any) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", REFRESH],
        cwd=demo.project.root,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(demo.project.root), clock.SHIFT: os.environ[clock.SHIFT]},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr.splitlines()[-1] == "[]"
    said = json.loads(ran.stdout)
    assert len(said["songs"]) == 100
    assert said["playlist"].startswith("https://open.spotify.com/playlist/")
    assert len(said["added"]) == len(said["removed"]) <= 15


@pytest.mark.parametrize("asked", ["mix", "status", "queue", "why {song}"])
def test_a_look_loads_nothing_heavy_and_nothing_of_the_web(asked: str, demo: Any) -> None:
    heavy = [*HEAVY, *WEB, "dagster", "asyncio", "upath", "scipy"]
    song = json.loads(demo.here("mix", "--json").stdout)["songs"][0]["track_id"]
    ran = subprocess.run(
        [sys.executable, "-c", LOADED, asked.format(song=song), *heavy],
        cwd=demo.project.root,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(demo.project.root), clock.SHIFT: os.environ[clock.SHIFT]},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert ran.stdout
    assert ran.stderr.strip() == ""


def test_the_mix_as_data_is_whole(demo: Any) -> None:
    said = json.loads(demo.here("mix", "--json").stdout)
    songs = said["songs"]
    assert [song["rank"] for song in songs] == list(range(1, 101))
    assert set(Counter(song["track_id"] for song in songs).values()) == {1}
    for key in ("slot", "artist", "title", "score", "taste", "mood", "freshness", "reason"):
        assert all(key in song for song in songs)


def test_stats_and_status_as_data_agree_with_each_other(demo: Any) -> None:
    stats = json.loads(demo.here("stats", "--json").stdout)
    status = json.loads(demo.here("status", "--json").stdout)
    rows = {row["asset"]: row["rows"] for row in status["assets"]}
    assert stats["counts"]["listens"] == rows["listens"] == sum(stats["listens_by_hour"])
    assert 150 < stats["counts"]["library"] <= 200, "two hundred Spotify ids, of which some are the same song"
    assert 0 < stats["resolved_share"] <= 1
    assert status["demo"]
    assert status["alerts"] == []
    assert status["questions"] >= 0
    assert status["last_refresh"]["outcome"] in ("filled", "unchanged", "refreshed")
    assert all(row["calls"] <= row["budget"] for row in status["services"])
    refused = {row["service"] for row in status["services"] if row["failures"]}
    assert refused <= {"spotify", "lastfm"}, (
        "only endpoints that are closed to this app refuse, and the friend who hides what they play"
    )


def test_a_question_is_answered_in_sql(demo: Any) -> None:
    query = "select outcome, n from (select outcome, count(*) n from refreshes group by 1) where outcome = 'filled'"
    assert json.loads(demo.here("sql", query, "--json").stdout) == [{"outcome": "filled", "n": 1}]
    listed = demo.here("sql", "--csv")
    tables = {row[0]: row[2] for row in list(csv.reader(listed.stdout.splitlines()))[1:]}
    assert {"songs", "listens", "mix", "queue", "verdicts", "api_calls"} <= tables.keys()
    assert tables["listens"] == datasets.LISTENS.about


def test_questions_are_answered_through_a_pipe(demo: Any) -> None:
    first = json.loads(demo.here("next", "--json").stdout)
    assert first["link"].endswith(first["track_id"])
    asked = demo.project("next", typed="x\nl\ns\nq\n")
    assert asked.returncode == 0
    assert first["title"] in asked.stdout
    assert first["link"] in asked.stdout
    assert "later: not now" in asked.stdout
    second = json.loads(demo.here("next", "--json").stdout)
    assert second["item_id"] != first["item_id"], "an answer counts at once; what was not answered waits"


def test_a_setting_is_changed_shown_and_taken_back(tmp_path: Path) -> None:
    data: dict[str, Any] = {"SPOTIFY_AI_DATA": tmp_path / "home"}
    assert "target_size = 80 (was 100)" in here("config", "set", "playlist.target_size", "80", **data).stdout
    rows = {row["key"]: row for row in json.loads(here("config", "--json", **data).stdout)}
    assert rows["playlist.target_size"] == {"key": "playlist.target_size", "value": 80, "from": "override"}
    assert rows["mood.window_size"]["from"] == "config.yaml"
    assert "target_size = 100" in here("config", "unset", "playlist.target_size", **data).stdout


def history(file: Path, **columns: Any) -> Path:
    days = 40
    plain = {
        "ts": [1_700_000_000 + hour * 3_600 for hour in range(24 * days)],
        "artist": [f"Artist {hour % 7}" for hour in range(24 * days)],
        "track": [f"Track {hour % 131}" for hour in range(24 * days)],
    }
    pl.DataFrame(plain | columns).write_parquet(file)
    return file


def test_a_backtest_writes_weekly_mixes_for_a_judge(project: Any, tmp_path: Path) -> None:
    out = tmp_path / "mixes.parquet"
    ran = project(
        "backtest", "--history", history(tmp_path / "h.parquet"), "--out", out, "--every", "7d",
        SPOTIFY_AI_DATA=tmp_path / "home",
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    mixes = pl.read_parquet(out)
    assert mixes.columns == ["refresh_at", "rank", "artist", "track", "slot"]
    assert mixes["refresh_at"].n_unique() == 2
    assert mixes.group_by("refresh_at").len()["len"].to_list() == [100, 100]
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix != "") == ["h.parquet", "mixes.parquet"]
