"""The tick: is there a scrobble that is not in the lake yet? One call an hour; no news, no run.

It serves the refresh. Nobody else reads the scrobbles between two of them, so that it need not be quick; but a refresh that
meets an outage of Last.fm decides on what the last tick read, an hour old at most, and one that meets none has little left
to read. Statistics and trials do not follow each tick: the way from scrobbles to trials is nine assets and takes five times
the work of reading (2.8 s of processor instead of 0.5 s at 40,000 plays), for a list that changes twice a day.
"""

from datetime import datetime

import dagster as dg

from spotify_ai_pipeline.app.scrobble_partitions import MONTH_FORMAT, RANGE_END, RANGE_START
from spotify_ai_pipeline.defs.automation.jobs import FILL_HISTORY
from spotify_ai_pipeline.defs.resources import LastFmResource, WorkspaceResource
from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline.storage.lake import Lake

EVERY_SECONDS = 3_600
UNDER_WAY = [dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED]


@dg.sensor(
    job_name=FILL_HISTORY,
    minimum_interval_seconds=EVERY_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Every hour: is there a scrobble that is not known yet? Reads the months that have grown.",
)
def scrobble_tick(
    context: dg.SensorEvaluationContext, workspace: WorkspaceResource, lastfm: LastFmResource
) -> dg.SkipReason | dg.RunRequest:
    """Asks Last.fm every hour for the newest scrobble; where it is news, starts a run of the months that have grown."""
    try:
        if (known := newest_known(workspace.lake)) is None:
            return dg.SkipReason("the history was never read; run `spotify-ai refresh` (or the job fill_history) first")
        under_way = dg.RunsFilter(job_name=FILL_HISTORY, statuses=UNDER_WAY, tags=workspace.workspace.run_tags)
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
