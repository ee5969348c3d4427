"""A run as a person sees it: a bar that moves in a terminal, a line a step in a pipe, and what was kept after
Ctrl-C."""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
from pathlib import Path

import pytest
from rich.console import Console

from spotify_ai_pipeline.interfaces.cli import progress
from spotify_ai_pipeline.interfaces.cli.progress import RunDisplay
from spotify_ai_pipeline.settings import PROJECT_ROOT
from spotify_ai_pipeline_tests.interfaces.cli.conftest import ENTRY

CONTROL = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


def play(display: RunDisplay) -> None:
    with display:
        display.on_event("", "planned", "songs plays mix")
        for step in ("songs", "plays"):
            display.on_event(step, "started", "")
            display._on_call("lastfm", "call")
            display.on_event(step, "said", "read [Best]: 1 song")
            display.on_event(step, "done", "")
        display.on_event("plays", "warned", "check a did not pass")


def shown(monkeypatch: pytest.MonkeyPatch, *, terminal: bool, width: int) -> str:
    sink = io.StringIO()
    console = Console(file=sink, force_terminal=terminal, width=width, highlight=False)
    monkeypatch.setattr(progress, "_on_a_descriptor_of_its_own", lambda quiet: console)
    display = RunDisplay({"songs": 2.0, "plays": 3.0, "mix": 40.0})
    play(display)
    display.print_end()
    return sink.getvalue()


def test_a_pipe_gets_one_line_a_step(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = shown(monkeypatch, terminal=False, width=160).splitlines()
    assert [re.sub(r" +[\d.]+ s ", " N s ", line) for line in lines] == [
        "✓   1/3  songs N s  1 call to Last.fm",
        "✓   2/3  plays N s  1 call to Last.fm",
        "! plays: check a did not pass",
    ]


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_terminal_shows_step_calls_and_time_left_in_one_line(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    written = shown(monkeypatch, terminal=True, width=width)
    frames = [line for line in re.split(r"[\r\n]+", CONTROL.sub("", written)) if line.strip()]
    assert all(len(line.rstrip()) <= width for line in frames)
    last = [line for line in frames if "/3 " in line][-1]
    assert last.strip().startswith("2/3")
    assert "about 40 s left" in last
    assert "2 steps" in frames[-1] and "2 calls to Last.fm" in frames[-1]
    assert "✓" not in written, "finished steps do not scroll by"


def test_ctrl_c_ends_with_what_was_kept(tmp_path: Path) -> None:
    (tmp_path / "home" / "inbox").mkdir(parents=True)
    (tmp_path / "home" / "inbox" / "scrobbles.csv").write_text("Low,Drums and Guns,Murderer,20 Mar 2020 10:00\n" * 3)
    run = subprocess.Popen(
        [*ENTRY, "refresh"],
        env=os.environ | {"PYTHONPATH": str(PROJECT_ROOT), "SPOTIFY_AI_DATA": str(tmp_path / "home")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert run.stdout is not None
    said = run.stdout.readline()
    run.send_signal(signal.SIGINT)
    said += run.stdout.read()
    assert run.wait() == 130, said
    assert "what they made is kept" in said
    assert "Traceback" not in said
