"""Whether months leave anything behind: `python bench/endurance.py [--refreshes 200] [--ticks 5000]`, or few of both for a look.

A small listener's home on the sandbox: the whole graph once, then refreshes twelve hours apart by the clock that all share,
with the nightly pruning after every second; then ticks of the sensors, in turn. Everything happens in this one process. Each
line says what there is then: files and bytes of lake, history of runs and state, what this process has open, and its memory. The
files on the disk keep their age by the system's clock, so that what waits for a day of it is told apart ("young").
"""

from __future__ import annotations

import argparse
import gc
import os
import tempfile
import time
from pathlib import Path
from unittest.mock import patch

import dagster as dg
import psutil
import scale
import yaml

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.definitions import build_defs
from spotify_ai_pipeline.defs.automation import pruning
from spotify_ai_pipeline.defs.automation.run import run_job
from spotify_ai_pipeline.defs.resources import WorkspaceResource
from spotify_ai_pipeline.storage.workspace import Workspace

HALF_A_DAY = 12 * 3_600
LINES = 10
BUDGET = 1_000_000
SENSORS = ("files_in_the_inbox", "verdicts_to_apply", "sign_in_watch", "tell_of_failures", "tell_of_recoveries")
HEAD = "         after    lake       MB history       MB state MB   open   RSS MB    CPU s"
say = print


def _weigh(root: Path) -> tuple[int, int]:
    """Files below ``root``, and their bytes."""
    sizes = [file.stat().st_size for file in root.rglob("*") if file.is_file()]
    return len(sizes), sum(sizes)


def tell(what: str, root: Path, seconds: float) -> None:
    gc.collect()
    lake, history = _weigh(root / "lake"), _weigh(root / "dagster")
    state = sum(file.stat().st_size for file in root.glob("state.sqlite*"))
    me = psutil.Process()
    say(
        f"{what:>14} {lake[0]:7,} {lake[1] / 1e6:8.1f} {history[0]:7,} {history[1] / 1e6:8.1f} {state / 1e6:8.2f}"
        f" {me.num_fds():6} {me.memory_info().rss / 1e6:8.0f} {seconds:8.2f}",
        flush=True,
    )


def _shift(seconds: float) -> None:
    os.environ[clock.SHIFT] = str(clock.shift() + seconds)


def refreshes(root: Path, count: int) -> None:
    for number in range(1, count + 1):
        used = time.process_time()
        _shift(HALF_A_DAY)
        result = run_job(Workspace.open(root), "refresh_the_mix", lambda *_: None)
        if not result.success:
            raise SystemExit(f"refresh {number} failed: {result.error}")
        used = time.process_time() - used
        if number % 2 == 0:
            _prune(root)
        if number % max(count // LINES, 1) == 0:
            tell(f"refresh {number:,}", root, used)


def _prune(root: Path) -> None:
    workspace = Workspace.open(root)
    with dg.DagsterInstance.get() as instance, patch.object(pruning, "SETTLED_SECONDS", 0.0):
        pruning.prune_runs(instance, clock.utc_now())
        pruning.sweep(instance, settled=60)
        workspace.lake.prune()


def ticks(root: Path, count: int) -> None:
    repository = build_defs(Workspace.open(root)).get_repository_def()
    sensors = [repository.get_sensor_def(name) for name in SENSORS]
    with dg.DagsterInstance.get() as instance:
        cursors: dict[str, str | None] = dict.fromkeys(SENSORS)
        used = time.process_time()
        for number in range(1, count + 1):
            sensor = sensors[number % len(sensors)]
            given = {"workspace": WorkspaceResource(root=str(root))}
            context = dg.build_sensor_context(
                instance, cursors[sensor.name], repository_def=repository, sensor_name=sensor.name, resources=given
            )
            with context:
                cursors[sensor.name] = sensor.evaluate_tick(context).cursor
            if number % max(count // LINES, 1) == 0:
                tell(f"tick {number:,}", root, (time.process_time() - used) / max(count // LINES, 1))
                used = time.process_time()


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--refreshes", type=int, default=200)
    arguments.add_argument("--ticks", type=int, default=5_000)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="spotify-ai-endurance-") as scratch:
        root = Path(scratch) / "home"
        root.mkdir(mode=0o700)
        os.environ["SPOTIFY_AI_DATA"] = str(root)
        _shift(1.0)  # Dagster follows a clock that is shifted as it begins
        with scale.connected(root):
            settings = yaml.safe_load((root / "config.yaml").read_text())
            settings["services"]["spotify"] |= {"calls_per_day": BUDGET, "writes_per_day": BUDGET}
            (root / "config.yaml").write_text(yaml.safe_dump(settings))
            say(HEAD)
            result = run_job(Workspace.open(root), "everything", lambda *_: None)
            if not result.success:
                raise SystemExit(f"the first run failed: {result.error}")
            tell("everything", root, 0.0)
            refreshes(root, given.refreshes)
            ticks(root, given.ticks)


if __name__ == "__main__":
    main()
