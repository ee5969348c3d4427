"""Ingest: the library as it is on Spotify, and every scrobble, month by month."""

from collections.abc import Iterator

import dagster as dg
import polars as pl

from spotify_ai_pipeline.assets.groups import EARLIEST_MONTH, INGEST, OWNERS, months
from spotify_ai_pipeline.assets.io import Parts, frame_of
from spotify_ai_pipeline.assets.resources import HomeResource, LastFmResource, SpotifyResource
from spotify_ai_pipeline.services.lastfm import SCROBBLES
from spotify_ai_pipeline.services.spotify import LIBRARY, LIKED, Spotify


@dg.asset(group_name=INGEST, kinds={"spotify", "parquet"}, owners=OWNERS, code_version="1")
def spotify_library(
    context: dg.AssetExecutionContext, home: HomeResource, spotify: SpotifyResource
) -> dg.MaterializeResult:
    """Every song of the liked songs and of the owned or collaborative playlists: one row an item of a list.

    A playlist whose snapshot id is known is not read again; liked songs are read down to the first known page.
    """
    client = spotify.client()
    known = frame_of(home.lake, INGEST, "spotify_library", LIBRARY)
    playlists = client.playlists(client.user_id())
    frames, skipped, read = [_liked(client, known.filter(pl.col("list_id") == LIKED))], 0, 0
    for playlist in playlists:
        same = known.filter(
            (pl.col("list_id") == playlist.playlist_id) & (pl.col("snapshot_id") == playlist.snapshot_id)
        )
        if not playlist.readable or not playlist.items:
            continue
        if not same.height:
            same, no_songs = client.playlist_items(playlist)
            skipped, read = skipped + no_songs, read + 1
            context.log.info(f"read {playlist.name}: {same.height} songs")
        frames.append(same.with_columns(list_name=pl.lit(playlist.name)))
    library = pl.concat(frames)
    return dg.MaterializeResult(
        value=library,
        metadata={
            "songs": library["track_id"].n_unique(),
            "liked songs": frames[0].height,
            "playlists": len(frames) - 1,
            "playlists read now": read,
            "rows that are no song (removed, local, episode)": skipped,
            "followed playlists, closed to apps": [playlist.name for playlist in playlists if not playlist.readable],
        },
    )


def _liked(client: Spotify, known: pl.DataFrame) -> pl.DataFrame:
    """The liked songs, newest first; known ones are taken over once a whole page is known and the total agrees."""
    pages: list[pl.DataFrame] = []
    same = ["track_id", "added_at"]
    for total, page in client.liked_pages():
        pages.append(page)
        fresh = pl.concat(pages)
        older = known.join(fresh, on=same, how="anti")
        if page.join(known, on=same, how="anti").is_empty() and fresh.height + older.height == total:
            pages.append(older)
            break
    return pl.concat(pages).with_columns(position=pl.int_range(pl.len()))


@dg.asset_check(
    asset=spotify_library, blocking=True, description="A library without a single song is an error, not a fact."
)
def library_is_not_empty(spotify_library: pl.DataFrame) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=spotify_library.height > 0, metadata={"rows": spotify_library.height})


def scrobbles_asset(first_month: str | None) -> dg.AssetsDefinition:
    """The scrobbles asset, partitioned by the months since ``first_month``."""

    @dg.asset(
        group_name=INGEST,
        kinds={"lastfm", "parquet"},
        owners=OWNERS,
        code_version="1",
        partitions_def=months(first_month),
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def scrobbles(context: dg.AssetExecutionContext, home: HomeResource, lastfm: LastFmResource) -> Parts:
        """Every play that Last.fm knows, as it was spelled there, one Parquet file a month. A range of months is one run.

        Without an account there, a month before all others is empty and none is read: once there is one, all of them are.
        ListenBrainz and files tell of plays as well.
        """
        if not home.home.secrets.has_lastfm:
            known = home.lake.partitions(INGEST, "scrobbles")
            return Parts([] if known else [(EARLIEST_MONTH, pl.DataFrame(schema=SCROBBLES))])
        client = lastfm.client()

        def monthly() -> Iterator[tuple[str, pl.DataFrame]]:
            for month in context.partition_keys:
                window = months(first_month).time_window_for_partition_key(month)
                frame = client.scrobbles(window.start, window.end)
                context.log.info(f"{month}: {frame.height:,} scrobbles")
                yield month, frame

        return Parts(monthly())

    return scrobbles
