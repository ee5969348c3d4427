"""Which months of scrobbles a run reads: from the first that is not final to this one."""

from datetime import UTC, datetime, timedelta

from spotify_ai_pipeline.services import months
from spotify_ai_pipeline.services.months import FIRST_MONTH, MONTH_FORMAT
from spotify_ai_pipeline.storage.home import Home

RANGE_START, RANGE_END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"


def month_range(home: Home, now: datetime) -> dict[str, str] | None:
    """The run tags of that range at ``now``; None where the listener has scrobbles, and the month of the first is not known
    yet: the first refresh asks for it."""
    first = home.state.fact(FIRST_MONTH)
    if first is None and home.secrets.has_lastfm:
        return None
    return tags_from(home, first, now)


def tags_from(home: Home, first: str | None, now: datetime) -> dict[str, str]:
    """The run tags from the first month not final, no earlier than ``first``, to that of ``now`` (months are UTC)."""
    this_month = f"{now.astimezone(UTC):{MONTH_FORMAT}}"
    overlap = timedelta(days=home.settings.scrobbles.overlap_days)
    return {
        RANGE_START: months.first_open(home.lake, first or this_month, overlap, now.astimezone(UTC)),
        RANGE_END: this_month,
    }
