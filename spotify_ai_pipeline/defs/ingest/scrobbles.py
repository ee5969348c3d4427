"""Every scrobble, month by month.

Where Last.fm asks for a long pause, what is known stays and the run goes on with it: metadata, a tag on the run and an
alert say so, and the next run takes up where this one stopped.
"""

import warnings
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg
import polars as pl
from pydantic import Field

from spotify_ai_pipeline.app.scrobble_partitions import MONTH_FORMAT, read_month
from spotify_ai_pipeline.clients.paging import Incomplete
from spotify_ai_pipeline.defs.degraded import report_degraded, waits_logged
from spotify_ai_pipeline.defs.groups import INGEST
from spotify_ai_pipeline.defs.io_manager import Parts
from spotify_ai_pipeline.defs.resources import LastFmResource, WorkspaceResource
from spotify_ai_pipeline.errors import ExpectedError
from spotify_ai_pipeline.storage import datasets, quarantine

EARLIEST_MONTH = "2002-11"
"""Last.fm keeps no scrobble from before; used until the listener's own first month is known."""


class ScrobblesOptions(dg.Config):
    """The options of a run that reads scrobbles."""

    read_again: bool = Field(default=False, description="Ask for every month of the range again, finished ones too.")


def months(first: str | None) -> dg.TimeWindowPartitionsDefinition:
    """Calendar months (UTC) from the month of the first scrobble to this one."""
    start = datetime.strptime(first or EARLIEST_MONTH, MONTH_FORMAT).replace(tzinfo=UTC)
    return dg.TimeWindowPartitionsDefinition(
        start=start, fmt=MONTH_FORMAT, cron_schedule="0 0 1 * *", timezone="UTC", end_offset=1
    )


def scrobbles_asset(first_month: str | None) -> dg.AssetsDefinition:
    """The scrobbles asset, partitioned by the months since ``first_month``."""

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)  # of backfill_policy: without it, each month is a run
        asset = dg.asset(
            group_name=INGEST,
            kinds={"lastfm", "parquet"},
            partitions_def=months(first_month),
            backfill_policy=dg.BackfillPolicy.single_run(),
        )

    @asset
    def scrobbles(
        context: dg.AssetExecutionContext,
        config: ScrobblesOptions,
        workspace: WorkspaceResource,
        lastfm: LastFmResource,
    ) -> Parts:
        """Every play that Last.fm knows, as it was spelled there, one Parquet file a month. A range of months is one run.

        A month that was read before is asked only for what is new since then, and for the days before in which scrobbles
        may have come in late; a month that ended long enough before it was read is final and costs no call. A run with
        ``read_again`` reads every month of its range whole.

        Without an account there, a month before all others is empty and none is read: once there is one, all of them are.
        ListenBrainz and files tell of plays as well.
        """
        if not workspace.workspace.secrets.has_lastfm:
            known = workspace.lake.partitions(datasets.SCROBBLES)
            return Parts([] if known else [(EARLIEST_MONTH, datasets.SCROBBLES.empty())])
        now = datetime.fromtimestamp(workspace.now(), UTC)
        overlap = timedelta(days=workspace.settings.scrobbles.overlap_days)
        metadata: dict[str, str] = {}

        def monthly() -> Iterator[tuple[str, pl.DataFrame]]:
            client, pause, started = lastfm.client(), None, workspace.now()
            for month in context.partition_keys:
                try:
                    with waits_logged(context):
                        frame = read_month(client, workspace.lake, month, overlap, now, again=config.read_again)
                except Incomplete as reason:  # this month stays as it was, and is not final
                    context.log.warning(str(reason))
                    pause = reason
                    continue
                except ExpectedError as reason:
                    kept = workspace.lake.partitions(datasets.SCROBBLES)
                    if month not in kept and not (kept and month == f"{now:{MONTH_FORMAT}}"):
                        raise  # a hole in the history is nothing to go on with; that this month is short, is
                    pause = reason
                    break
                if frame is not None:
                    context.log.info(f"{month}: {frame.height:,} scrobbles")
                    yield month, frame
            metadata.update(report_degraded(context, workspace, pause))
            metadata["put aside (cannot be read)"] = str(len(quarantine.put_aside(workspace.state, "lastfm", started)))

        return Parts(monthly(), metadata)

    return scrobbles
