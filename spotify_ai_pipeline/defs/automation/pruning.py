"""Pruning: runs that are old, the files that Dagster leaves of them, and old versions in the lake.

Dagster keeps every run and its events for ever, and when a run is deleted its event file and its storage folder stay on
the disk. What the UI shows of an asset must not go with them: a run that made the newest version of any asset or
partition is kept, however old, and so is the last success of every job.
"""

import shutil
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg

from spotify_ai_pipeline.defs.dagster_internals import SqliteEventLogStorage
from spotify_ai_pipeline.defs.resources import WorkspaceResource
from spotify_ai_pipeline.durations import DAY
from spotify_ai_pipeline.storage.durable import age_of
from spotify_ai_pipeline.storage.workspace import LISTENER, Workspace

KEEP = timedelta(days=30)
KEEP_TICKS = timedelta(days=3)
FREQUENT = frozenset({"fill_history", "read_recent_plays", "take_in_files", "prune"})
"""Jobs that run many times a day or say little: their runs go after ``KEEP_TICKS``."""
SETTLED_SECONDS = DAY
"""Files younger than this may belong to a run that is only beginning."""
UUID_LENGTH = 36
BATCH = 500


@dg.op(description="Removes old runs with their files, and old versions of files in the lake.")
def remove_what_is_old(context: dg.OpExecutionContext, workspace: WorkspaceResource) -> None:
    runs = prune_runs(context.instance, datetime.fromtimestamp(workspace.now(), UTC))
    left = sweep(context.instance)
    versions = workspace.lake.prune()
    context.log.info(f"removed {runs:,} runs, what was left of {left:,} runs, {versions:,} versions in the lake")
    context.add_output_metadata({"runs": runs, "left of runs": left, "versions in the lake": versions})


@dg.job(description="Remove old runs, their files, and old versions in the lake: the disk stays as full as it is.")
def prune() -> None:
    remove_what_is_old()


def prune_runs(instance: dg.DagsterInstance, now: datetime) -> int:
    """Deletes finished runs that are older than they are kept, but for those that still say something; gives their number."""
    old = [
        run
        for run in _finished(instance, now - KEEP_TICKS)
        if run.dagster_run.job_name in FREQUENT or run.create_timestamp.replace(tzinfo=UTC) < now - KEEP
    ]
    if not old:
        return 0
    kept = _newest_of_assets(instance) | _newest_of_jobs(instance, old)
    gone = [run.dagster_run.run_id for run in old if run.dagster_run.run_id not in kept]
    for run_id in gone:
        instance.delete_run(run_id)
    return len(gone)


def sweep(instance: dg.DagsterInstance, settled: float = SETTLED_SECONDS) -> int:
    """Removes event files and storage folders of runs that are no longer known; gives the number of those runs."""
    found: dict[str, list[Path]] = {}
    events = instance.event_log_storage
    storage = Path(instance.storage_directory())
    places = [storage, storage.parent]  # what steps printed lies beside it
    if isinstance(events, SqliteEventLogStorage):
        places.append(Path(events.path_for_shard("any")).parent)
    for path in (path for place in places if place.exists() for path in place.iterdir()):
        run_id = path.name.split(".")[0]
        if len(run_id) == UUID_LENGTH and run_id.count("-") == 4 and age_of(path) > settled:
            found.setdefault(run_id, []).append(path)
    known: set[str] = set()
    for batch in _batches(sorted(found)):
        known |= {run.run_id for run in instance.get_runs(dg.RunsFilter(run_ids=batch))}
    for path in (path for run_id in found.keys() - known for path in found[run_id]):
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    return len(found.keys() - known)


def forget_runs(workspace: Workspace) -> None:
    """Removes all that the shared instance keeps of ``workspace``'s listener: runs, their files, and what it says of assets."""
    workspace.name_to_dagster()
    with dg.DagsterInstance.get() as instance:
        for run in instance.get_runs(dg.RunsFilter(tags=workspace.run_tags)):
            instance.delete_run(run.run_id)
        if keys := instance.get_asset_keys(prefix=[workspace.shared_as]):
            instance.wipe_assets(keys)
        sweep(instance, settled=0)


def _finished(instance: dg.DagsterInstance, before: datetime) -> list[dg.RunRecord]:
    over = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
    return list(instance.get_run_records(dg.RunsFilter(statuses=over, created_before=before)))


def _newest_of_assets(instance: dg.DagsterInstance) -> set[str]:
    """Runs that made the newest version of an asset or of one of its partitions."""
    runs: set[str] = set()
    for key in instance.get_asset_keys():
        if (last := instance.get_latest_materialization_event(key)) is not None:
            runs.add(last.run_id)
        by_partition = instance.event_log_storage.get_latest_storage_id_by_partition(
            key, dg.DagsterEventType.ASSET_MATERIALIZATION
        )
        for batch in _batches(sorted(by_partition.values())):
            wanted = dg.AssetRecordsFilter(asset_key=key, storage_ids=batch)
            runs |= {record.run_id for record in instance.fetch_materializations(wanted, limit=BATCH).records}
    return runs


def _newest_of_jobs(instance: dg.DagsterInstance, old: Iterable[dg.RunRecord]) -> set[str]:
    """The last run of each job that succeeded, of each listener: schedules by interval count from it."""
    done = [dg.DagsterRunStatus.SUCCESS]
    jobs = {(record.dagster_run.job_name, record.dagster_run.tags.get(LISTENER, "")) for record in old}
    last = [
        instance.get_runs(dg.RunsFilter(job_name=job, statuses=done, tags={LISTENER: whose} if whose else {}), limit=1)
        for job, whose in jobs
    ]
    return {run.run_id for runs in last for run in runs}


def _batches(items: list[Any]) -> Iterable[list[Any]]:
    return (items[start : start + BATCH] for start in range(0, len(items), BATCH))
