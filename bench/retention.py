"""How much disk the run history takes after a year: `TMPDIR=/dev/shm python bench/retention.py [--days 365]`, after a demo ran.

Every job that a day brings is run once for real on a copy of the demo; its run record, event file, logs and asset events
are then repeated with other ids and times, as often as a day does, beside the day's ticks. Each day ends with what the job
`prune` and the daemon's retention take away. In memory (TMPDIR) a year takes half an hour; on a disk it waits for every commit.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sqlite3
import tempfile
import time
import uuid
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.scheduler.instigation import TickData, TickStatus
from dagster._core.storage.event_log import SqliteEventLogStorage

from spotify_ai_pipeline.defs.automation.pruning import prune_runs, sweep
from spotify_ai_pipeline.defs.automation.run import run_job
from spotify_ai_pipeline.interfaces.cli import sandbox
from spotify_ai_pipeline.settings import DEMOS
from spotify_ai_pipeline.storage.workspace import Workspace

A_DAY = {
    "fill_history": 12,
    "read_recent_plays": 12,
    "refresh_the_mix": 2,
    "everything": 1,
    "retrain": 1,
    "take_in_files": 1,
}
"""Runs: twelve of the 24 looks at Last.fm bring news; features of the day count as a run of everything."""
TICKS = ((TickStatus.SKIPPED, 4 * 2880 + 5760 + 24 + 4, 1), (TickStatus.SUCCESS, sum(A_DAY.values()), 30))
"""What a day brings of ticks that start nothing (four sensors every 30 seconds, one every 15, one every hour, one
four times) and of those that start a run, and the days for which dagster.yaml keeps each."""
EVALUATED_A_DAY, EVALUATION, EVALUATIONS_DAYS = 10 * 10, "x" * 20_000, 30
"""What the automation of ten assets writes down when they or what they are made of change: how often, a text of what length,
and the days for which the daemon keeps it."""

ORIGIN, SELECTOR = "origin" * 8, "s" * 40


@dataclass(frozen=True)
class Template:
    run: dg.DagsterRun
    events: list[dg.EventLogEntry]
    shard: Path
    logs: Path


def template(instance: dg.DagsterInstance, root: Path, run_id: str, aside: Path) -> Template:
    """What a run left, with its files kept ``aside``: the run itself is pruned in time."""
    run = instance.get_run_by_id(run_id)
    assert run is not None
    events = [
        record.event_log_entry
        for key in instance.get_asset_keys()
        for record in instance.fetch_materializations(key, limit=100).records
        if record.run_id == run_id
    ]
    shard = shutil.copyfile(root / "history" / "runs" / f"{run_id}.db", aside / f"{run_id}.db")
    return Template(run, events, Path(shard), Path(shutil.copytree(root / run_id, aside / run_id)))


def repeat(instance: dg.DagsterInstance, root: Path, made: Template, at: float) -> None:
    run_id, storage = str(uuid.uuid4()), instance.event_log_storage
    assert isinstance(storage, SqliteEventLogStorage)
    instance.run_storage.add_run(made.run._replace(run_id=run_id))
    shutil.copyfile(made.shard, root / "history" / "runs" / f"{run_id}.db")
    shutil.copytree(made.logs, root / run_id)
    for event in made.events:
        again = event._replace(run_id=run_id, timestamp=at)
        with storage.index_connection() as connection:  # its event file is there already
            added = connection.execute(storage.prepare_insert_event(again)).inserted_primary_key
        assert added is not None, "an event has a number"
        storage.store_asset_event(again, added[0])


def stamp(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S.%f}"


def date(root: Path, since: float, at: float) -> None:
    """Puts the run records made since ``since`` to the simulated day ``at``."""
    with closing(sqlite3.connect(root / "history" / "runs.db", timeout=30)) as database, database:
        database.execute("UPDATE runs SET create_timestamp = ? WHERE create_timestamp >= ?", (stamp(at), stamp(since)))


def ticks(instance: dg.DagsterInstance, root: Path, at: float) -> None:
    """A day's ticks, copies of one of each kind, and evaluations; and what retention takes away of those before."""
    for status, count, days in TICKS:
        reason = "no news since 2026-11-22 10:00 UTC" if status is TickStatus.SKIPPED else None
        made = instance.create_tick(
            TickData(ORIGIN, "files_in_the_inbox", InstigatorType.SENSOR, status, at, selector_id=SELECTOR,
                     run_ids=[str(uuid.uuid4())], skip_reason=reason)
        )  # fmt: skip
        with closing(sqlite3.connect(root / "schedules" / "schedules.db", timeout=30)) as database, database:
            database.execute(
                "INSERT INTO job_ticks (job_origin_id, selector_id, status, type, timestamp, tick_body) "
                "SELECT job_origin_id, selector_id, status, job_ticks.type, timestamp, tick_body "
                "FROM job_ticks, json_each(?) WHERE job_ticks.id = ?",
                (json.dumps([0] * (count - 1)), made.tick_id),
            )
        instance.purge_ticks(ORIGIN, SELECTOR, at - days * 86_400, [status])
    with closing(sqlite3.connect(root / "schedules" / "schedules.db", timeout=30)) as database, database:
        database.executemany(
            "INSERT INTO asset_daemon_asset_evaluations (asset_key, evaluation_id, asset_evaluation_body, create_timestamp) "
            "VALUES (?, ?, ?, ?)",
            [(f"{number}", int(at), EVALUATION, stamp(at)) for number in range(EVALUATED_A_DAY)],
        )
    assert instance.schedule_storage is not None
    instance.schedule_storage.purge_asset_evaluations(at - EVALUATIONS_DAYS * 86_400)


def size(root: Path) -> float:
    return sum(path.stat().st_size for path in root.rglob("*") if path.is_file()) / 1e6


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--days", type=int, default=365)
    arguments.add_argument("--data", type=Path, default=DEMOS / "default", help="data root in which a demo ran")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        workspace = Workspace.open(Path(shutil.copytree(given.data, Path(scratch) / "home")))
        workspace.name_to_dagster()
        root = workspace.root / "dagster"
        with sandbox.beside(workspace):
            ran = {job: run_job(workspace, job, lambda *_: None).run_id for job in A_DAY}
        with dg.DagsterInstance.get() as instance:
            made = {job: template(instance, root, run_id, Path(scratch)) for job, run_id in ran.items()}
            start, most = time.time() - given.days * 86_400, 0.0
            for day in range(given.days):
                at, since = start + day * 86_400, time.time()
                for job, count in A_DAY.items():
                    for _ in range(count):
                        repeat(instance, root, made[job], at)
                date(root, since, at)
                ticks(instance, root, at)
                prune_runs(instance, datetime.fromtimestamp(at, UTC) + timedelta(hours=3))
                sweep(instance, settled=-1)
                most = max(most, size(root))
                if day % 30 == 29 or day == given.days - 1:
                    runs = instance.get_runs_count()
                    print(f"day {day + 1}: {size(root):,.0f} MB, {runs:,} runs kept", flush=True)  # noqa: T201
            print(f"the most it took in {given.days} days: {most:,.0f} MB (limit 500)")  # noqa: T201


if __name__ == "__main__":
    main()
