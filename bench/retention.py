"""How much disk the run history takes, and how it grows: `python bench/retention.py [--days 60]`, after a demo ran.

Every job that a day brings is run once for real on a copy of the demo; its run record, event file, logs and asset events
are then repeated with other ids and times, as often as a day does, and pruned as the job `prune` does. Once as many days
have passed as runs are kept, growth is what months to come add; the size after a year follows from it.
"""

from __future__ import annotations

import argparse
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

from spotify_ai_pipeline.automation.pruning import KEEP, prune_runs, sweep
from spotify_ai_pipeline.automation.run import run_job
from spotify_ai_pipeline.interfaces.cli import sandboxes
from spotify_ai_pipeline.settings import DEMOS
from spotify_ai_pipeline.storage.home import Home

A_DAY = {
    "fill_history": 30,
    "read_recent_plays": 12,
    "refresh_the_mix": 2,
    "everything": 1,
    "retrain": 1,
    "take_in_files": 1,
}
"""Runs: thirty of the 96 ticks bring news; features of the day count as a run of everything."""
SKIPPED_A_DAY, SKIPPED_DAYS, STARTED_DAYS = 2880 + 96 + 4, 3, 30
"""Ticks that start nothing, and the days for which dagster.yaml keeps both kinds."""


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
        storage.store_asset_event(again, added[0])


def date(root: Path, since: float, at: float) -> None:
    """Puts the run records made since ``since`` to the simulated day ``at``."""
    stamp = "%Y-%m-%d %H:%M:%S.%f"
    with closing(sqlite3.connect(root / "history" / "runs.db", timeout=30)) as database, database:
        database.execute(
            "UPDATE runs SET create_timestamp = ? WHERE create_timestamp >= ?",
            (f"{datetime.fromtimestamp(at, UTC):{stamp}}", f"{datetime.fromtimestamp(since, UTC):{stamp}}"),
        )


def ticks(instance: dg.DagsterInstance) -> None:
    """As many ticks as retention leaves."""
    kept = [
        (TickStatus.SKIPPED, SKIPPED_A_DAY * SKIPPED_DAYS),
        (TickStatus.SUCCESS, sum(A_DAY.values()) * STARTED_DAYS),
    ]
    for status, count in kept:
        for number in range(count):
            instance.create_tick(
                TickData("origin" * 8, "files_in_the_inbox", InstigatorType.SENSOR, status, float(number), selector_id="s" * 40,
                         skip_reason="no news since 2026-11-22 10:00 UTC")
            )  # fmt: skip


def size(root: Path) -> float:
    return sum(path.stat().st_size for path in root.rglob("*") if path.is_file()) / 1e6


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--days", type=int, default=60)
    arguments.add_argument("--data", type=Path, default=DEMOS / "default", help="data root in which a demo ran")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        home = Home.open(Path(shutil.copytree(given.data, Path(scratch) / "home")))
        home.name_to_dagster()
        root = home.root / "dagster"
        with sandboxes.beside(home):
            ran = {job: run_job(home, job, lambda *_: None).run_id for job in A_DAY}
        with dg.DagsterInstance.get() as instance:
            made = {job: template(instance, root, run_id, Path(scratch)) for job, run_id in ran.items()}
            start, sizes = time.time() - given.days * 86_400, dict[int, float]()
            for day in range(given.days):
                at, since = start + day * 86_400, time.time()
                for job, count in A_DAY.items():
                    for _ in range(count):
                        repeat(instance, root, made[job], at)
                date(root, since, at)
                if day % 2 or day == given.days - 1:
                    prune_runs(instance, datetime.fromtimestamp(at, UTC) + timedelta(hours=3))
                    sweep(instance, settled=-1)
                sizes[day] = size(root)
                if day % 10 == 9 or day == given.days - 1:
                    runs = instance.get_runs_count()
                    print(f"day {day + 1}: {sizes[day]:,.0f} MB, {runs:,} runs kept", flush=True)  # noqa: T201
            ticks(instance)
            last = size(root)
            print(f"with the ticks that retention keeps: {last:,.0f} MB")  # noqa: T201
            if given.days >= 2 * KEEP.days:
                growth = (sizes[given.days - 1] - sizes[given.days - 20]) / 19
                year = last + growth * (365 - given.days)
                print(f"grows by {growth:.2f} MB a day: {year:,.0f} MB after a year (limit 500)")  # noqa: T201


if __name__ == "__main__":
    main()
