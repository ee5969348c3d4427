"""Plays from beside Last.fm: ListenBrainz, what Spotify remembers, and files."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

import dagster as dg
import polars as pl

from spotify_ai_pipeline.app.scrobble_partitions import MONTH_FORMAT
from spotify_ai_pipeline.clients.paging import Incomplete
from spotify_ai_pipeline.defs.degraded import report_degraded
from spotify_ai_pipeline.defs.groups import INGEST
from spotify_ai_pipeline.defs.io_manager import Parts
from spotify_ai_pipeline.defs.plots import bar_chart
from spotify_ai_pipeline.defs.registered_asset import registered_asset
from spotify_ai_pipeline.defs.resources import ListenBrainzResource, SpotifyResource, WorkspaceResource
from spotify_ai_pipeline.errors import ExpectedError
from spotify_ai_pipeline.importers import ingest
from spotify_ai_pipeline.music.plays.coverage import missed
from spotify_ai_pipeline.music.plays.records import PLAY, SPOTIFY_RECENT
from spotify_ai_pipeline.storage import datasets, quarantine
from spotify_ai_pipeline.storage.exclusions import note_gap

NOTHING = "none"
"""The partition of a source that has told of nothing yet: downstream reads it as no plays."""
LATE_LISTENS = timedelta(days=2)
"""Listens are handed in up to this long after they were heard: so much of the past is read again."""


@registered_asset(group_name=INGEST, kinds={"parquet"})
def listenbrainz_listens(
    context: dg.AssetExecutionContext, workspace: WorkspaceResource, listenbrainz: ListenBrainzResource
) -> Parts:
    """Every listen that ListenBrainz knows, one Parquet file a month, from the last month that was read to this one."""
    kept = workspace.lake.partitions(datasets.LISTENBRAINZ_LISTENS)
    known = [month for month in kept if month != NOTHING]
    now = datetime.fromtimestamp(workspace.now(), UTC)

    metadata: dict[str, str] = {}

    def monthly() -> Iterator[tuple[str, pl.DataFrame]]:
        trouble, month = None, now
        try:
            client = listenbrainz.client()
            if known:
                start = min(datetime.strptime(known[-1], MONTH_FORMAT).replace(tzinfo=UTC), now - LATE_LISTENS)
            else:
                start = client.first_listen() or now
            month = start.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
            while month <= now:
                after = (month + timedelta(days=32)).replace(day=1)
                frame = client.listens(month, after)
                context.log.info(f"{month:%Y-%m}: {frame.height:,} listens")
                yield f"{month:%Y-%m}", frame
                month = after
        except Incomplete as error:  # months before it are kept; the next run goes on there
            trouble = error
        except ExpectedError as error:
            if not known or f"{month:%Y-%m}" not in {*known, f"{now:%Y-%m}"}:
                raise  # a hole in the history is nothing to go on with
            trouble = error
        yield from _nothing(workspace.lake.partitions(datasets.LISTENBRAINZ_LISTENS), PLAY)
        metadata.update(report_degraded(context, workspace, trouble))
        metadata["put aside (cannot be read)"] = _put_aside(workspace, "listenbrainz", now.timestamp())

    return Parts(monthly() if workspace.workspace.secrets.has_listenbrainz else _nothing(kept, PLAY), metadata)


@registered_asset(group_name=INGEST, kinds={"spotify", "parquet"})
def recent_plays(context: dg.AssetExecutionContext, workspace: WorkspaceResource, spotify: SpotifyResource) -> Parts:
    """The last plays that Spotify remembers, added to those of before, one Parquet file a day.

    Spotify remembers 50. Where none of them is known from before, plays may have been forgotten in between: the gap is
    recorded as unknown.
    """
    if not workspace.workspace.secrets.has_spotify:
        return Parts(_nothing(workspace.lake.partitions(datasets.RECENT_PLAYS), PLAY))
    started = workspace.now()
    try:
        page, trouble = spotify.client().recently_played(), None
    except ExpectedError as error:
        page, trouble = pl.DataFrame(schema=PLAY), error
    known = workspace.lake.read_or_none(datasets.RECENT_PLAYS)
    known = pl.DataFrame(schema=PLAY) if known is None else known
    last = known["played_at"].max()
    if (gap := missed(last, page["played_at"].to_list())) is not None:  # pyright: ignore[reportArgumentType]
        note_gap(workspace.state, SPOTIFY_RECENT.name, *gap)
        context.log.warning(f"plays between {gap[0]:%Y-%m-%d %H:%M} and {gap[1]:%Y-%m-%d %H:%M} UTC may be missing")
    same = ["played_at", "track_id"]
    fresh = page.join(known, on=same, how="anti")
    context.log.info(f"{fresh.height} plays are new")
    together = pl.concat([known, fresh]).unique(same, keep="first").sort(same)
    touched = fresh["played_at"].dt.strftime("%Y-%m-%d").unique().sort().to_list()
    daily = ((day, together.filter(pl.col("played_at").dt.strftime("%Y-%m-%d") == day)) for day in touched)
    parts = daily if touched else _nothing(workspace.lake.partitions(datasets.RECENT_PLAYS), PLAY)
    metadata = report_degraded(context, workspace, trouble) | {
        "put aside (cannot be read)": _put_aside(workspace, "spotify", started)
    }
    return Parts(parts, metadata)


@registered_asset(group_name=INGEST, kinds={"parquet"})
def history_imports(context: dg.AssetExecutionContext, workspace: WorkspaceResource) -> dg.MaterializeResult:
    """Plays from files: what `spotify-ai import` took in, and now the files that lie in the inbox.

    A file that was taken in moves to the inbox's folder ``imported``, one that cannot be read to ``refused``, with an alert.
    """
    reports = []
    for report in ingest.take_in_inbox(workspace.workspace):
        context.log.info(report.line())
        reports.append(report)
    known = workspace.lake.partitions(datasets.HISTORY_IMPORTS)
    return dg.MaterializeResult(
        value=Parts(_nothing(known, ingest.IMPORTED)),
        metadata={"files taken in now": [report.line() for report in reports], "parts kept": len(known)},
    )


@registered_asset(group_name=INGEST, kinds={"parquet"}, deps=[history_imports])
def ratings(workspace: WorkspaceResource) -> dg.MaterializeResult:
    """The listener's ratings of albums and songs, from RateYourMusic and tables; of each the last file counts."""
    table = ingest.ratings(workspace.lake)
    stars = (pl.col("rating") / pl.col("best") * 10).round().cast(pl.Int64).alias("stars")
    rated = table.drop_nulls("rating").group_by(stars).len().sort("stars")
    chart = bar_chart([f"{half / 2:g}" for half in rated["stars"]], rated["len"].to_list(), "ratings by stars of five")
    return dg.MaterializeResult(
        value=table,
        metadata={
            "albums": table.filter(pl.col("title").is_null()).height,
            "songs": table.drop_nulls("title").height,
            "ratings by stars": chart,
        },
    )


def _put_aside(workspace: WorkspaceResource, source: str, since: float) -> str:
    """Counts how many records of ``source`` could not be read since then."""
    return str(len(quarantine.put_aside(workspace.state, source, since)))


def _nothing(known: list[str], schema: Mapping[str, pl.DataType]) -> Iterator[tuple[str, pl.DataFrame]]:
    """An empty part for a source that has none, so that what reads it finds no plays."""
    if not known:
        yield NOTHING, pl.DataFrame(schema=dict(schema))
