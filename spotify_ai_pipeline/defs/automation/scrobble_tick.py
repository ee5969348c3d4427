"""The tick: is there a scrobble that is not in the lake yet? One call; no news, no run."""

from datetime import datetime

import dagster as dg

from spotify_ai_pipeline.app.scrobble_partitions import MONTH_FORMAT
from spotify_ai_pipeline.defs.automation.jobs import fill_history
from spotify_ai_pipeline.defs.automation.run_months import RANGE_END, RANGE_START
from spotify_ai_pipeline.defs.resources import LastFmResource, WorkspaceResource
from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline.storage.lake import Lake

EVERY_SECONDS = 15 * 60
UNDER_WAY = [dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED]


@dg.sensor(
    job_name=fill_history.name,
    minimum_interval_seconds=EVERY_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Every 15 minutes: is there a scrobble that is not known yet? Reads the months that have grown.",
)
def scrobble_tick(
    context: dg.SensorEvaluationContext, workspace: WorkspaceResource, lastfm: LastFmResource
) -> dg.SkipReason | dg.RunRequest:
    """Asks Last.fm every 15 minutes for the newest scrobble; where it is news, starts a run of the months that have grown."""
    try:
        if (known := newest_known(workspace.lake)) is None:
            return dg.SkipReason("the history was never read; run `spotify-ai refresh` (or the job fill_history) first")
        under_way = dg.RunsFilter(job_name=fill_history.name, statuses=UNDER_WAY, tags=workspace.workspace.run_tags)
        if context.instance.get_runs_count(under_way):
            return dg.SkipReason("a run that reads scrobbles is under way")
        newest = lastfm.client().newest_scrobble()
    except Exception as error:  # an outage, a pause, a missing key: the next tick asks again
        return dg.SkipReason(f"cannot ask now: {error}")
    if newest is None or newest <= known:
        return dg.SkipReason(f"no news since {known:%Y-%m-%d %H:%M} UTC")
    return dg.RunRequest(tags={RANGE_START: f"{known:{MONTH_FORMAT}}", RANGE_END: f"{newest:{MONTH_FORMAT}}"})


def newest_known(lake: Lake) -> datetime | None:
    """The time of the newest scrobble in the lake; None where there is none."""
    for month in reversed(lake.partitions(datasets.SCROBBLES)):
        newest = lake.read_part(datasets.SCROBBLES, month)["played_at"].max()
        if isinstance(newest, datetime):
            return newest
    return None
