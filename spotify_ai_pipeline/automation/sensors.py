"""Sensors: runs that news starts. No news, no run."""

import hashlib
import time

import dagster as dg

from spotify_ai_pipeline.assets.resources import HomeResource
from spotify_ai_pipeline.automation.jobs import apply_verdicts, take_in_files
from spotify_ai_pipeline.services.exports.intake import waiting
from spotify_ai_pipeline.storage.verdicts import due

SETTLED_SECONDS = 10
"""A file that changed within this time may still be on its way into the folder."""


TRY_AGAIN_SECONDS = 15 * 60


@dg.sensor(job=take_in_files, minimum_interval_seconds=30, default_status=dg.DefaultSensorStatus.RUNNING)
def files_in_the_inbox(home: HomeResource) -> dg.RunRequest | dg.SkipReason:
    """Starts a run when exports lie in the inbox; each set of files starts one."""
    found = [(path, path.stat()) for path in waiting(home.home)]
    if not found:
        return dg.SkipReason(f"nothing in {home.home.inbox}")
    if max(stat.st_mtime for _, stat in found) > time.time() - SETTLED_SECONDS:
        return dg.SkipReason("files are still being copied")
    # by the time of arrival, not of the content: the same file laid there again is news
    what = "".join(f"{path.name}\t{stat.st_size}\t{stat.st_ctime_ns}\n" for path, stat in found)
    return dg.RunRequest(run_key=hashlib.sha256(what.encode()).hexdigest()[:16])


@dg.sensor(job=apply_verdicts, minimum_interval_seconds=15, default_status=dg.DefaultSensorStatus.RUNNING)
def verdicts_to_apply(home: HomeResource) -> dg.RunRequest | dg.SkipReason:
    """Starts a run when a verdict waits to be applied: within 30 seconds. What a run had to leave undone is tried again
    every quarter of an hour."""
    waiting = due(home.state)
    if not waiting:
        return dg.SkipReason("every verdict was applied")
    first, last = waiting[0].outbox_id, waiting[-1].outbox_id
    return dg.RunRequest(run_key=f"{first}-{last}-{int(home.now() // TRY_AGAIN_SECONDS)}")
