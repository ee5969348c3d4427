"""Dagster's run history with files that stay open."""

from pathlib import Path
from typing import Any

import dagster as dg
import psutil
import pytest
from dagster._core.storage.runs.sqlite import sqlite_run_storage
from dagster._core.storage.schedules.sqlite import sqlite_schedule_storage
from dagster._core.storage.sql import check_alembic_revision

from spotify_ai_pipeline.defs.automation import run_history
from spotify_ai_pipeline.defs.automation.run_history import KeptStorage
from spotify_ai_pipeline.defs.dagster_internals import SqliteEventLogStorage


@dg.asset
def one() -> int:
    return 1


@dg.asset
def of_one(one: int) -> int:
    return one


@dg.asset_check(asset=one)
def checked() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=True)


def instance(place: Path) -> dg.DagsterInstance:
    custom = {"module": run_history.__name__, "class": KeptStorage.__name__, "config": {"base_dir": str(place)}}
    return dg.DagsterInstance.local_temp(
        str(place), overrides={"storage": {"custom": custom}, "telemetry": {"enabled": False}}
    )


def open_files(place: Path) -> list[str]:
    return [
        file.path for file in psutil.Process().open_files() if file.path.startswith(f"{place}/") and ".db" in file.path
    ]


def test_runs_and_their_events_are_found_again_by_another_process(tmp_path: Path) -> None:
    with instance(tmp_path) as first:
        run_id = dg.materialize([one], instance=first).run_id
        with instance(tmp_path) as second:
            assert [run.run_id for run in second.get_runs()] == [run_id]
            assert second.get_latest_materialization_event(dg.AssetKey("one")) is not None
            assert second.all_logs(run_id, of_type=dg.DagsterEventType.STEP_SUCCESS)


def test_assets_are_found_by_name_as_dagster_finds_them(tmp_path: Path) -> None:
    keys = [dg.AssetKey("of_one"), dg.AssetKey("one"), dg.AssetKey("unknown")]

    def found(storage: Any) -> list[tuple[int, Any]]:
        return [(record.storage_id, record.asset_entry) for record in storage.get_asset_records(keys)]

    with instance(tmp_path) as kept:
        plain = SqliteEventLogStorage(f"{tmp_path}/history/runs/")
        dg.materialize([one, of_one], instance=kept)
        assert len(found(kept.event_log_storage)) == 2
        assert found(kept.event_log_storage) == found(plain)
        kept.wipe_assets([dg.AssetKey("one")])
        assert [entry.asset_key for _, entry in found(kept.event_log_storage)] == [dg.AssetKey("of_one")]
        dg.materialize([one], instance=kept)
        assert len(found(kept.event_log_storage)) == 2
        assert found(kept.event_log_storage) == found(plain)


def test_many_runs_keep_few_files_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_history, "OPEN_FILES", 3)
    with instance(tmp_path) as kept:
        runs = [dg.materialize([one], instance=kept).run_id for _ in range(6)]
        assert all(kept.all_logs(run) for run in runs)
        files = {Path(path).name.split(".db")[0] for path in open_files(tmp_path / "history" / "runs")}
    assert len(files) <= 3


def test_a_history_that_was_put_aside_under_a_running_process_is_begun_anew(tmp_path: Path) -> None:
    with instance(tmp_path) as kept:
        dg.materialize([one], instance=kept)
        for file in (tmp_path / "history" / "runs").glob("index.db*"):
            file.rename(file.with_name(f"{file.name}.aside"))
        dg.materialize([one], instance=kept)
        with instance(tmp_path) as other:
            assert other.get_latest_materialization_event(dg.AssetKey("one")) is not None


def test_a_run_keeps_what_happened_and_leaves_out_what_only_repeats_it(tmp_path: Path) -> None:
    with instance(tmp_path) as kept:
        run_id = dg.materialize([one, of_one, checked], instance=kept).run_id
        seen = {event.dagster_event.event_type for event in kept.all_logs(run_id) if event.dagster_event}
        found = {key: kept.get_latest_materialization_event(dg.AssetKey(key)) is not None for key in ("one", "of_one")}
        (check,) = kept.event_log_storage.get_asset_check_execution_history(checked.check_key, limit=5)
    assert {dg.DagsterEventType.STEP_OUTPUT, dg.DagsterEventType.RUN_SUCCESS} <= seen
    assert seen.isdisjoint(run_history.PASSED_OVER)
    assert found == {"one": True, "of_one": True}
    assert (check.status.value, check.run_id) == ("SUCCEEDED", run_id)


def test_an_asset_that_was_wiped_is_made_from_nothing_until_it_is_made_again(tmp_path: Path) -> None:
    with instance(tmp_path) as kept:
        for wipe in (False, True):
            dg.materialize([one], instance=kept)
            if wipe:
                kept.wipe_assets([dg.AssetKey("one")])
        assert kept.get_asset_records([dg.AssetKey("one")]) == []
        dg.materialize([one], instance=kept)
        (record,) = kept.get_asset_records([dg.AssetKey("one")])
    assert record.asset_entry.last_materialization is not None


def test_the_file_of_a_run_is_one_that_dagster_takes_for_its_own(tmp_path: Path) -> None:
    with instance(tmp_path) as kept:
        run_id = dg.materialize([one], instance=kept).run_id
        theirs = SqliteEventLogStorage(str(tmp_path / "history" / "runs"))
        theirs.register_instance(kept)
        theirs.upgrade()
        assert theirs.get_logs_for_run(run_id)


def test_what_asks_nothing_reads_the_migrations_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Most ticks of a sensor open the instance and ask it nothing."""
    read = list[str]()

    def noted(alembic_config: Any, connection: Any) -> tuple[Any, Any]:
        read.append(str(connection.engine.url))
        return check_alembic_revision(alembic_config, connection)

    for module in (sqlite_run_storage, sqlite_schedule_storage):
        monkeypatch.setattr(module, "check_alembic_revision", noted)
    KeptStorage(str(tmp_path))
    read.clear()
    monkeypatch.setattr(run_history, "_FILES", run_history._Files())  # as in a process that did not make them
    for _ in range(3):
        KeptStorage(str(tmp_path))
    assert len(read) == len(set(read)) == 2
