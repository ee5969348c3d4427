"""Ten processes on one home, of which one after the other is killed and started again: nothing is lost, nothing is twice."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from spotify_ai_pipeline.settings import PROJECT_ROOT
from spotify_ai_pipeline.storage import datasets, pins
from spotify_ai_pipeline.storage.workspace import Workspace
from spotify_ai_pipeline_tests.conftest import HARD
from spotify_ai_pipeline_tests.laws.crowd import ROLES, SERVICE

SECONDS = 120 if HARD else 6
"""``make hardship`` gives them two minutes."""
BETWEEN_KILLS = 0.6
SPEAKERS = len(ROLES) - 2
"""Roles that write down what they did: those that prune and look around do not."""
MODULE = "spotify_ai_pipeline_tests.laws.crowd"


def start(role: str, root: Path, number: int) -> subprocess.Popen[str]:
    journal = root.with_name(f"journal-{number}")
    errors = root.with_name(f"errors-{number}").open("a")
    environment = os.environ | {"PYTHONPATH": str(PROJECT_ROOT), "POLARS_MAX_THREADS": "1"}
    command = [sys.executable, "-m", MODULE, role, str(root), str(number), str(journal)]
    return subprocess.Popen(command, env=environment, stderr=errors, text=True)


def test_ten_processes_at_once_lose_nothing_and_do_nothing_twice(tmp_path: Path) -> None:
    root, rng = tmp_path / "home", random.Random(7)
    Workspace.open(root).state.set_fact("a", 1)
    crowd = [start(role, root, number) for number, role in enumerate(ROLES)]
    try:
        kills = kill_one_by_one(crowd, root, rng)
    finally:
        for worker in crowd:
            worker.kill()
            worker.wait()
    assert failures(tmp_path) == ""
    done: dict[str, list[str]] = {}
    for journal in tmp_path.glob("journal-*"):
        for line in journal.read_text().splitlines():
            for what, value in json.loads(line).items():
                done.setdefault(what, []).extend(value if isinstance(value, list) else [value])
    workspace = Workspace.open(root)
    answers = Counter(row["song_id"] for row in workspace.state.rows("SELECT song_id FROM verdicts"))
    assert set(done["answered"]) <= set(answers) and set(answers.values()) == {1}
    effects = workspace.state.rows("SELECT count(*) AS n, count(DISTINCT verdict_id) AS d FROM outbox")[0]
    assert effects["n"] == effects["d"] == len(answers), "a verdict and its effect come together"
    assert set(done["pinned"]) <= pins.pinned(workspace.state)
    taken = Counter(workspace.lake.read(datasets.HISTORY_IMPORTS)["title"])
    assert set(done["imported"]) <= set(taken) and set(taken.values()) == {1}
    assert workspace.lake.read(datasets.SONGS)["n"].n_unique() == 1
    assert list(workspace.lake.damages()) == []
    calls = workspace.state.rows("SELECT calls FROM api_calls WHERE service = ?", (SERVICE,))[0]["calls"]
    assert calls >= len(done["called"])
    for back in tmp_path.glob("*-back"):
        if (back / "state.sqlite").exists():
            restored = Workspace.open(back)
            assert restored.state.rows("PRAGMA quick_check")[0][0] == "ok"
            assert list(restored.lake.damages()) == []
    print({what: len(items) for what, items in done.items()}, f"{kills} kills in {SECONDS} s")  # noqa: T201


def kill_one_by_one(crowd: list[subprocess.Popen[str]], root: Path, rng: random.Random) -> int:
    """Once all are at work, kills one after the other for ``SECONDS`` and starts each again; gives the number of kills."""
    place, patience, kills = root.parent, time.monotonic() + 120, 0
    while len([journal for journal in place.glob("journal-*") if journal.stat().st_size]) < SPEAKERS:
        assert time.monotonic() < patience, failures(place)
        time.sleep(0.1)
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        time.sleep(BETWEEN_KILLS)
        assert all(worker.poll() is None for worker in crowd), failures(place)
        if (victim := rng.randrange(len(crowd) * 2)) < len(crowd):
            crowd[victim].kill()
            crowd[victim].wait()
            crowd[victim] = start(ROLES[victim], root, victim)
            kills += 1
    return kills


def failures(place: Path) -> str:
    """Gives what the workers complained of. A process that is killed says nothing."""
    return "".join(file.read_text() for file in sorted(place.glob("errors-*")))
