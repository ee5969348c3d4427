"""What all assets share: the names of the groups (the lake's layers), the owner, and where the months begin."""

from datetime import UTC, datetime, timedelta

import dagster as dg

from spotify_ai_pipeline.app.scrobble_partitions import MONTH_FORMAT

INGEST, IDENTITY, FEATURES, TASTE, PLAYLIST = "ingest", "identity", "features", "taste", "playlist"
DISCOVERY = "discovery"
OWNERS = ["team:listener"]

PLAYLIST_WRITER = {"spotify_ai/writer": "playlist"}
"""Runs and steps with this tag write the playlist: the queue admits one at a time (see dagster.yaml)."""

EARLIEST_MONTH = "2002-11"
"""Last.fm keeps no scrobble from before; used until the listener's own first month is known."""


def months(first: str | None) -> dg.TimeWindowPartitionsDefinition:
    """Calendar months (UTC) from the month of the first scrobble to this one."""
    start = datetime.strptime(first or EARLIEST_MONTH, MONTH_FORMAT).replace(tzinfo=UTC)
    return dg.TimeWindowPartitionsDefinition(
        start=start, fmt=MONTH_FORMAT, cron_schedule="0 0 1 * *", timezone="UTC", end_offset=1
    )


A_NIGHT_RUN = timedelta(hours=1)
"""How much sooner than its interval a thing may be made anew: a nightly run starts at the same time, give or take."""
