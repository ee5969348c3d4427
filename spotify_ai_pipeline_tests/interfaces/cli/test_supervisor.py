"""What `up` turns into: several processes that end together."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from spotify_ai_pipeline.paths import PROJECT_ROOT

WAITS = [sys.executable, "-c", "import time; print('waits', flush=True); time.sleep(600)"]
FAILS = [sys.executable, "-c", "raise SystemExit(3)"]


def supervisor(folder: Path, *commands: list[str]) -> subprocess.Popen[str]:
    folder.mkdir()
    told = [sys.executable, "-m", "spotify_ai_pipeline.interfaces.cli.supervisor", str(folder), json.dumps(commands)]
    environment = os.environ | {"PYTHONPATH": str(PROJECT_ROOT)}
    return subprocess.Popen(told, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_one_that_fails_ends_all_and_is_named(tmp_path: Path) -> None:
    running = supervisor(tmp_path / "sockets", WAITS, FAILS)
    _, said = running.communicate(timeout=60)
    assert running.returncode == 2
    last = said.splitlines()[-1]  # the other one tells of its interrupt before
    assert last.startswith("error: ")
    assert "ended with code 3" in last
    assert not (tmp_path / "sockets").exists()


def test_a_signal_ends_all_of_them_in_peace(tmp_path: Path) -> None:
    running = supervisor(tmp_path / "sockets", WAITS, WAITS)
    assert running.stdout is not None
    assert [running.stdout.readline() for _ in range(2)] == ["waits\n"] * 2
    running.send_signal(signal.SIGTERM)
    assert running.wait(60) == 0
    assert running.stdout.read() == "", "nobody holds the other end"
    assert not (tmp_path / "sockets").exists()
