"""Schedules: what runs by the clock."""

import dagster as dg

from spotify_ai_pipeline.automation.jobs import discover, read_recent_plays

recent_plays_every_two_hours = dg.ScheduleDefinition(
    name="recent_plays_every_two_hours",
    job=read_recent_plays,
    cron_schedule="0 */2 * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Spotify remembers 50 plays: at two and a half minutes each, two hours.",
)


def discover_every_day(timezone: str) -> dg.ScheduleDefinition:
    """New songs are looked for at noon in the listener's ``timezone``."""
    return dg.ScheduleDefinition(
        name="discover_every_day",
        job=discover,
        cron_schedule="0 12 * * *",
        execution_timezone=timezone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Each source within its calls; what it said in the last month is kept.",
    )
