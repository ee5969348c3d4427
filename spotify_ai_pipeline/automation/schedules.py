"""Schedules: what runs by the clock."""

import dagster as dg

from spotify_ai_pipeline.automation.jobs import read_recent_plays

recent_plays_every_two_hours = dg.ScheduleDefinition(
    name="recent_plays_every_two_hours",
    job=read_recent_plays,
    cron_schedule="0 */2 * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Spotify remembers 50 plays: at two and a half minutes each, two hours.",
)
