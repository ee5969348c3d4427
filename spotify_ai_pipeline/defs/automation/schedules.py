"""Schedules: the timetable, in the listener's time zone.

A machine that slept through several times of a schedule makes up for the last of them, once: that is Dagster's rule for
schedules without partitions. A job that still waits or runs is not asked for again.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import dagster as dg

from spotify_ai_pipeline.app.scrobble_partitions import month_range
from spotify_ai_pipeline.defs.resources import WorkspaceResource
from spotify_ai_pipeline.settings import Settings
from spotify_ai_pipeline.storage.workspace import Workspace

UNDER_WAY = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
]


@dataclass(frozen=True)
class Entry:
    """A line of the timetable: ``job`` at the times of ``cron``; where ``days`` is given, only when it last succeeded so many
    days ago. ``tags`` gives the run's tags, or nothing where there is no sense in a run yet."""

    name: str
    job: str
    cron: str
    why: str
    days: Callable[[Settings], int] | None = None
    tags: Callable[[Workspace, datetime], dict[str, str] | None] = lambda *_: {}


TIMETABLE = [
    Entry(
        "refresh_at_eight_and_eight",
        "refresh_the_mix",
        "0 8,20 * * *",
        "Twice a day the mix follows what you listen to.",
        tags=month_range,
    ),
    Entry("discover_at_noon", "discover", "0 12 * * *", "Once a day every source is asked for new songs."),
    Entry(
        "recent_plays_every_two_hours",
        "read_recent_plays",
        "0 */2 * * *",
        "Spotify remembers 50 plays: at two and a half minutes each, two hours.",
    ),
    Entry(
        "retrain_at_night",
        "retrain",
        "0 3 * * *",
        "A night every taste_model.retrain_interval_days: the taste model learns from what you played since.",
        days=lambda settings: settings.taste_model.retrain_interval_days,
    ),
    Entry(
        "score_on_monday",
        "score_the_lists",
        "0 7 * * 1",
        "On Monday morning the week is scored: what you played of the mix, what you kept, what stayed.",
    ),
    Entry(
        "recluster_at_night",
        "recluster",
        "0 4 * * *",
        "A night every clustering.recluster_interval_days: the clusters are found anew.",
        days=lambda settings: settings.clustering.recluster_interval_days,
    ),
    Entry("prune_at_night", "prune", "30 2 * * *", "Every night old runs and old versions of files are removed."),
]
"""A line counts as soon as a job of its name is among the jobs."""


def schedules(zone: str, jobs: Iterable[str]) -> list[dg.ScheduleDefinition]:
    """The schedules of ``jobs``, in the time zone ``zone`` (IANA name)."""
    known = set(jobs)
    return [_schedule(entry, zone) for entry in TIMETABLE if entry.job in known]


def _schedule(entry: Entry, zone: str) -> dg.ScheduleDefinition:
    @dg.schedule(
        name=entry.name,
        job_name=entry.job,
        cron_schedule=entry.cron,
        execution_timezone=zone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=f"{entry.why} Times are those of {zone}.",
    )
    def schedule(context: dg.ScheduleEvaluationContext, workspace: WorkspaceResource) -> dg.RunRequest | dg.SkipReason:
        at = context.scheduled_execution_time
        if context.instance.get_runs_count(
            dg.RunsFilter(job_name=entry.job, statuses=UNDER_WAY, tags=workspace.workspace.run_tags)
        ):
            return dg.SkipReason(f"{entry.job} still waits or runs")
        if entry.days and (left := _days_left(context.instance, entry, at, workspace.workspace)) > 0:
            return dg.SkipReason(f"{entry.job} is due in {left} nights")
        tags = entry.tags(workspace.workspace, at)
        if tags is None:
            return dg.SkipReason("nothing was ever read; run `spotify-ai refresh` first")
        return dg.RunRequest(tags=tags | workspace.workspace.run_tags)

    return schedule


def _days_left(instance: dg.DagsterInstance, entry: Entry, at: datetime, workspace: Workspace) -> int:
    """Days of the listener's calendar until the job is due; 0 where it never succeeded."""
    done = dg.RunsFilter(job_name=entry.job, statuses=[dg.DagsterRunStatus.SUCCESS], tags=workspace.run_tags)
    records = instance.get_run_records(done, limit=1)
    if not records or entry.days is None:
        return 0
    zone = workspace.settings.listener.zone
    last = records[0].create_timestamp.replace(tzinfo=ZoneInfo("UTC")).astimezone(zone).date()
    return entry.days(workspace.settings) - (at.astimezone(zone).date() - last).days
