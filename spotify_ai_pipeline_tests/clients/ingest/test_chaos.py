"""The proof: ingestion under random faults and kills ends where an undisturbed one ends, at little more cost."""

from __future__ import annotations

import itertools
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from spotify_ai_pipeline.app import scrobble_partitions
from spotify_ai_pipeline.app.library_reader import read_library
from spotify_ai_pipeline.clients import lastfm, spotify, spotify_auth, transport
from spotify_ai_pipeline.clients.lastfm import LastFm, LastFmError
from spotify_ai_pipeline.clients.spotify import Spotify
from spotify_ai_pipeline.clients.spotify_playlists import SpotifyError
from spotify_ai_pipeline.clients.transport import Deferred, Unreachable
from spotify_ai_pipeline.settings import PROJECT_ROOT
from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline.storage.workspace import Workspace
from spotify_ai_pipeline_tests.conftest import HARD, NOW

PLANS, PARTS = 200, 1 if HARD else 16
"""A run of the suite tries one part of the plans, by its date; `make hardship` tries all."""
MOST_RUNS = 40
COST = 1.3
FIRST, LAST = "2023-12", datetime(2025, 7, 1, tzinfo=UTC)
KINDS = ["429", "429_day", "500", "502", "reset", "truncated", "malformed", "slow", "duplicate", "drift", "expired"]


class Killed(BaseException):
    """The process is gone: nothing below may catch this."""


def ingest(workspace: Workspace) -> bool:
    """One run: the library, then the months. Gives whether nothing was deferred."""
    known = workspace.lake.read_or_none(datasets.SPOTIFY_LIBRARY)
    reading = read_library(Spotify.of(workspace), datasets.SPOTIFY_LIBRARY.empty() if known is None else known, str)
    workspace.lake.write(reading.library, datasets.SPOTIFY_LIBRARY)
    client, month = LastFm.of(workspace), FIRST
    while (start := scrobble_partitions.window(month)[0]) < LAST:
        frame = scrobble_partitions.read_month(client, workspace.lake, month, timedelta(days=7), LAST)
        if frame is not None:
            workspace.lake.write(frame, datasets.SCROBBLES, month)
        month = f"{start + timedelta(days=32):%Y-%m}"
    return reading.deferred is None


def anew(workspace: Workspace) -> Workspace:
    """The home as a new process finds it; what no run changes, the settings, is not read again."""
    fresh = Workspace(workspace.root)
    vars(fresh)["settings"] = workspace.settings
    return fresh


def until_done(workspace: Workspace, clock: Any) -> None:
    """Runs until one goes through; each starts from what is on the disk, as a new process does."""
    for _ in range(MOST_RUNS):
        try:
            if ingest(anew(workspace)):
                return
        except (Killed, SpotifyError, LastFmError, Unreachable):
            continue
        except Deferred:
            pass
        clock.skew += 86_400
    raise AssertionError(f"not done after {MOST_RUNS} runs")


def contents(workspace: Workspace) -> dict[str, pl.DataFrame]:
    """The lake, row for row."""
    lake = workspace.lake
    parts = {month: lake.read_part(datasets.SCROBBLES, month) for month in lake.partitions(datasets.SCROBBLES)}
    return {"library": lake.read(datasets.SPOTIFY_LIBRARY).sort("list_id", "position"), **parts}


def same(found: dict[str, pl.DataFrame], wanted: dict[str, pl.DataFrame]) -> None:
    assert found.keys() == wanted.keys()
    for name, frame in wanted.items():
        assert_frame_equal(found[name], frame)


@pytest.fixture
def quick_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one: kills are of processes, not of the machine."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else tmp_path) as folder:
        yield Path(folder)


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists of many pages from a small world."""
    monkeypatch.setattr(spotify, "PAGE", 20)
    monkeypatch.setattr(lastfm, "PAGE", 60)


@pytest.mark.usefixtures("small_pages")
def test_ingestion_survives_random_plans_of_faults_and_kills(sandbox: Any, clock: Any, quick_disk: Path) -> None:
    """Up to six faults and three kills in some 75 calls. A kill costs three calls at most (the answer that nobody heard,
    the first liked page, the list of playlists), a fault one or two, a pause of a day as much as a kill."""
    tmp_path = quick_disk
    template = sandbox.signed_in(tmp_path / "template")
    calm = sandbox.workspace(shutil.copytree(template.root, tmp_path / "calm"))
    before = sandbox.calls()
    until_done(calm, clock)
    wanted, cost = contents(calm), sandbox.calls() - before
    assert wanted["library"].height > 300 and sum(frame.height for frame in wanted.values()) > 2_000
    dearest = 0.0
    for seed in range(NOW.toordinal() % PARTS, PLANS, PARTS):
        rng = random.Random(seed)
        clock.skew = 0.0
        root = tmp_path / f"plan{seed}"
        spotify_auth.oauth(template).renew()  # the plan before may have ended every token
        shutil.copytree(template.root, root)
        workspace = Workspace(root)
        vars(workspace)["settings"] = template.settings
        kills = set(rng.sample(range(1, cost), rng.randint(0, 3)))
        kinds = rng.sample(KINDS, rng.randint(1, len(KINDS)))
        sandbox.fail(seed=seed, rate=rng.uniform(0.02, 0.15), most=rng.randint(1, 6), kinds=kinds, slow_s=0.01)
        seen = 0

        def kill(_service: str, what: str, kills: set[int] = kills) -> None:
            nonlocal seen
            seen += what == "call"
            if what == "call" and seen in kills:
                raise Killed

        before = sandbox.calls()
        with transport.observed(kill):
            until_done(workspace, clock)
        spent = sandbox.calls() - before
        try:
            same(contents(workspace), wanted)
            assert spent <= COST * cost
        except AssertionError as error:
            raise AssertionError(f"plan {seed} ({kinds}, kills at {sorted(kills)}, {spent} of {cost} calls)") from error
        dearest = max(dearest, spent / cost)
    print(f"{PLANS // PARTS} plans over {cost} calls: the dearest took {dearest:.2f} times the calls")  # noqa: T201


def test_killed_processes_leave_a_lake_to_go_on_from(sandbox: Any, quick_disk: Path) -> None:
    """SIGKILL, four times at random calls: what was there stays, what follows makes it whole."""
    template = sandbox.signed_in(quick_disk / "template")
    calm = sandbox.workspace(shutil.copytree(template.root, quick_disk / "calm"))
    before = sandbox.calls()
    assert ingest(calm)
    cost, before = sandbox.calls() - before, sandbox.calls()
    rng = random.Random(1)
    deaths = [rng.randint(2, cost // 4) for _ in range(4)] + [10_000]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT_ROOT), "POLARS_MAX_THREADS": "1"}
    command = [sys.executable, __file__, str(template.root), *map(str, deaths)]
    ended = subprocess.check_output(command, env=environment, cwd=PROJECT_ROOT, timeout=120, text=True).split()
    assert [int(code) for code in ended] == [-signal.SIGKILL] * 4 + [0]
    same(contents(template), contents(calm))
    assert sandbox.calls() - before <= COST * cost


def run_and_die(root: Path, dies_at: int) -> None:
    """Ends this process by one run, or by SIGKILL at the given call."""
    calls = itertools.count(1)

    def die(_: str, what: str) -> None:
        if what == "call" and next(calls) == dies_at:
            os.kill(os.getpid(), signal.SIGKILL)

    with transport.observed(die):
        os._exit(0 if ingest(Workspace(root)) else 1)


if __name__ == "__main__":
    for at in sys.argv[2:]:  # a process for each run; it has imported everything already
        if not (child := os.fork()):
            run_and_die(Path(sys.argv[1]), int(at))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))  # noqa: T201
