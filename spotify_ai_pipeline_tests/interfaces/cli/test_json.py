"""`--json` is everywhere: each command that tells of something tells it to scripts too, and nothing else on the same stream."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import click
import polars as pl
import pytest
from click.testing import CliRunner

from spotify_ai_pipeline.interfaces.cli import main
from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline.storage.workspace import Workspace

TELL_NOTHING = {
    "setup": "asks a person",
    "login": "asks a person",
    "forget": "asks a person",
    "demo": "shows a person around",
    "dashboard": "runs until it is ended",
    "up": "runs until it is ended",
    "bot": "runs until it is ended",
    "sandbox serve": "runs until it is ended",
    "dagster": "is Dagster's own",
    "export mix": "writes the format that was asked for",
    "export clusters": "writes the format that was asked for",
    "export all": "writes the format that was asked for",
    "backtest": "writes the format that was asked for",
    "sandbox build": "writes the format that was asked for",
}
"""The commands without --json, and why."""

ARE_TRIED_ELSEWHERE = {"refresh", "discover", "backfill", "tune", "evaluate", "doctor", "sandbox", "restore", "import"}
"""Runs, measurements, and what needs a file: each has tests of its own."""


def walk(command: click.Command, *path: str) -> Iterator[tuple[str, click.Command]]:
    if isinstance(command, click.Group):
        for name in command.list_commands(click.Context(command)):
            below = command.get_command(click.Context(command), name)
            assert below is not None
            yield from walk(below, *path, name)
    else:
        yield " ".join(path), command


EVERY = dict(walk(main))


def test_every_command_that_tells_something_has_json() -> None:
    without = {name for name, one in EVERY.items() if not any("--json" in option.opts for option in one.params)}
    assert without == set(TELL_NOTHING)


@pytest.fixture
def words(place: Path) -> dict[str, list[str]]:
    """The arguments of each command."""
    os.environ["SPOTIFY_AI_DATA"] = str(place / "home")
    workspace = Workspace.open()
    song, other = workspace.lake.read(datasets.MIX).drop_nulls("rank")["song_id"][:2].to_list()
    tracks = workspace.lake.read(datasets.SONG_MEMBERS).filter(kind="track")
    track = tracks.filter(pl.len().over("song_id") > 1)["member"][0]
    artist = workspace.lake.read(datasets.SONGS).filter(song_id=other)["artist"][0]
    return {
        **{name: [song] for name in ("why", "similar", "match show", "pin", "unpin")},
        "find": ["calm"],
        "match same": [song, other],
        "match set": ["Somebody - Something", song],
        "match split": [track],
        "match unset": ["1"],
        "exclude artist": [artist],
        "exclude span": ["2026-01-01", "2026-01-02"],
        "exclude undo": ["1"],
        "config set": ["playlist.target_size", "50"],
        "config unset": ["playlist.target_size"],
        "adventure dial": ["7"],
        "backup": [str(place / "kept.zip")],
        "map": ["--png", str(place / "map.png")],
        "listener add": ["somebody"],
        "never": [song],
        "mcp": ["--log"],
    }


def test_what_json_prints_is_json_alone(words: dict[str, list[str]]) -> None:
    """The commands run in the order of the help; a command may refuse (exit code 2), and then prints nothing on
    standard output."""
    told = set[str]()
    for name in EVERY:
        if name in TELL_NOTHING or name.split()[0] in ARE_TRIED_ELSEWHERE:
            continue
        run = CliRunner().invoke(main, [*name.split(), *words.get(name, []), "--json"])
        assert run.exit_code in (0, 2), (name, run.output)
        if run.exit_code == 0:
            assert json.loads(run.stdout) is not Ellipsis, name
            told.add(name)
        else:
            assert run.stdout == "", (name, run.output)
    assert told >= set(words), set(words) - told
