"""Which months of scrobbles a run reads: from the first that is not final to this one."""

from datetime import UTC, datetime, timedelta

from spotify_ai_pipeline.app import scrobble_partitions
from spotify_ai_pipeline.app.scrobble_partitions import FIRST_MONTH, MONTH_FORMAT
from spotify_ai_pipeline.storage.workspace import Workspace

RANGE_START, RANGE_END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"


def month_range(workspace: Workspace, now: datetime) -> dict[str, str] | None:
    """The run tags of that range at ``now``; None where the listener has scrobbles, and the month of the first is not known
    yet: the first refresh asks for it."""
    first = workspace.state.fact(FIRST_MONTH)
    if first is None and workspace.secrets.has_lastfm:
        return None
    return tags_from(workspace, first, now)


def tags_from(workspace: Workspace, first: str | None, now: datetime) -> dict[str, str]:
    """The run tags from the first month not final, no earlier than ``first``, to that of ``now`` (months are UTC)."""
    this_month = f"{now.astimezone(UTC):{MONTH_FORMAT}}"
    overlap = timedelta(days=workspace.settings.scrobbles.overlap_days)
    return {
        RANGE_START: scrobble_partitions.first_open(workspace.lake, first or this_month, overlap, now.astimezone(UTC)),
        RANGE_END: this_month,
    }
