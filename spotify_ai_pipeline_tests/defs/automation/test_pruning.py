"""Pruning: old runs and all their files go; what the UI says of assets stays."""

from datetime import timedelta
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.defs.automation.pruning import prune_runs, sweep
from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline.storage import lake as lakes
from spotify_ai_pipeline.storage.workspace import Workspace

DAYS = dg.StaticPartitionsDefinition(["a", "b", "c"])


@dg.asset(partitions_def=DAYS)
def ticking() -> None: ...


@dg.asset
def mix() -> None: ...


def run(instance: dg.DagsterInstance, asset: dg.AssetsDefinition, job: str, partition: str | None = None) -> str:
    made = dg.Definitions(
        assets=[asset], jobs=[dg.define_asset_job(job, selection="*")], executor=dg.in_process_executor
    ).resolve_job_def(job)
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    return made.execute_in_process(instance=instance, partition_key=partition, run_config=quiet).run_id


def files_of(root: Path, run_id: str) -> list[Path]:
    return [path for path in root.rglob(f"{run_id}*") if path.name.split(".")[0] == run_id]


def test_old_runs_go_with_their_files_and_the_newest_of_everything_stays(tmp_path: Path) -> None:
    workspace = Workspace.open(tmp_path / "home")
    workspace.name_to_dagster()
    root = workspace.root / "dagster"
    with dg.DagsterInstance.get() as instance:
        ticks = {(part, turn): run(instance, ticking, "fill_history", part) for turn in (1, 2) for part in ("a", "b")}
        mixes = [run(instance, mix, "refresh_the_mix") for _ in range(2)]
        now = clock.utc_now()
        assert prune_runs(instance, now) == 0, "young runs stay"
        assert prune_runs(instance, now + timedelta(days=4)) == 2, "ticks go after some days"
        left = {found.run_id for found in instance.get_runs()}
        assert left == {ticks["a", 2], ticks["b", 2], *mixes}
        assert prune_runs(instance, now + timedelta(days=31)) == 1
        assert {found.run_id for found in instance.get_runs()} == left - {mixes[0]}
        gone = [ticks["a", 1], ticks["b", 1], mixes[0]]
        assert all(files_of(root, run_id) for run_id in gone), "Dagster leaves them"
        assert sweep(instance) == 0, "a run may be only beginning"
        assert sweep(instance, settled=-1) == 3
        assert [path for run_id in gone for path in files_of(root, run_id)] == []
        assert all(files_of(root, run_id) for run_id in (ticks["a", 2], mixes[1]))
        assert instance.get_materialized_partitions(ticking.key) == {"a", "b"}
        last = instance.get_latest_materialization_event(mix.key)
        assert last is not None
        assert last.run_id == mixes[1]


def test_old_versions_of_parts_that_are_not_written_any_more_go_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, month = Workspace.open(tmp_path / "home"), "2026-01"
    for number in range(6):
        workspace.lake.write(pl.DataFrame({"n": [number]}), datasets.SCROBBLES, month)
    place = Path(str(workspace.lake.folder(datasets.SCROBBLES, month)))
    left_by_a_kill = place / "current.json.dead"
    left_by_a_kill.write_text("{")
    assert workspace.lake.prune() == 0, "a reader may still have them open"
    monkeypatch.setattr(lakes, "KEEP_SECONDS", -1)
    assert workspace.lake.prune() == 3
    assert not left_by_a_kill.exists()
    assert workspace.lake.read_part(datasets.SCROBBLES, month)["n"].to_list() == [5]
    assert workspace.lake.prune() == 0


@pytest.mark.parametrize("name", ["prune", "refresh_the_mix", "discover", "retrain"])
def test_jobs_say_what_they_do(name: str, tmp_path: Path) -> None:
    from spotify_ai_pipeline.definitions import build_defs

    job = build_defs(Workspace.open(tmp_path / "home")).resolve_job_def(name)
    assert job.description is not None
    assert len(job.description) > 40
