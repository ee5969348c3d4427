"""Identity: which recordings there are, and which one each play was."""

import dagster as dg
import polars as pl

from spotify_ai_pipeline.assets.groups import IDENTITY, OWNERS
from spotify_ai_pipeline.assets.plots import bar_chart
from spotify_ai_pipeline.assets.resources import HomeResource
from spotify_ai_pipeline.music.identity import assign_songs, build_songs
from spotify_ai_pipeline.storage.playlists import written

LEAST_RESOLVED = 0.5


@dg.asset(group_name=IDENTITY, kinds={"polars", "parquet"}, owners=OWNERS, code_version="2")
def songs(
    home: HomeResource,
    spotify_library: pl.DataFrame,
    scrobbles: pl.DataFrame,
    song_members: pl.DataFrame,
    song_links: pl.DataFrame,
) -> dg.MaterializeResult:
    """One row a song: all of its Spotify ids and spellings together, from the library and from the scrobbles."""
    mix = written(home.state)
    table = build_songs(
        spotify_library,
        scrobbles,
        song_members,
        song_links,
        mix_list=mix.playlist_id if mix else None,
        best_name=home.settings.spotify.best_playlist,
    )
    return dg.MaterializeResult(
        value=table,
        metadata={
            "in the library": int(table["in_library"].sum()),
            "with more than one Spotify id": int((table["track_ids"].list.len() > 1).sum()),
            "heard, in no list": int((~table["in_library"]).sum()),
            "without a Spotify id": int(table["track_id"].is_null().sum()),
        },
    )


@dg.asset_check(
    asset=songs, blocking=True, description="A song id, a Spotify id and a spelling each belong to one song."
)
def songs_are_unique(songs: pl.DataFrame) -> dg.AssetCheckResult:
    doubled = {
        "song ids": songs.height - songs["song_id"].n_unique(),
        "Spotify ids": _repeated(songs["track_ids"]),
        "spellings": _repeated(songs["keys"]),
    }
    return dg.AssetCheckResult(passed=not any(doubled.values()), metadata=doubled)


@dg.asset(group_name=IDENTITY, kinds={"polars", "parquet"}, owners=OWNERS, code_version="1")
def listens(scrobbles: pl.DataFrame, songs: pl.DataFrame) -> dg.MaterializeResult:
    """One row a play of a known song, in order of time."""
    plays = assign_songs(scrobbles, songs).select("song_id", "played_at").unique().sort("played_at", "song_id")
    by_month = plays.group_by(pl.col("played_at").dt.strftime("%Y-%m").alias("month")).len().sort("month")
    return dg.MaterializeResult(
        value=plays,
        metadata={
            "listens by month": bar_chart(by_month["month"].to_list(), by_month["len"].to_list(), "listens by month"),
            "first": str(plays["played_at"].min() or ""),
            "last": str(plays["played_at"].max() or ""),
        },
    )


@dg.asset_check(
    asset=listens,
    additional_ins={"songs": dg.AssetIn()},
    description="Share of the listens whose song has a Spotify id: the others cannot reach the mix.",
)
def listens_are_resolved(listens: pl.DataFrame, songs: pl.DataFrame) -> dg.AssetCheckResult:
    share = resolved_share(listens, songs)
    return dg.AssetCheckResult(
        passed=share is None or share >= LEAST_RESOLVED,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"resolved share": share if share is not None else "no listens yet"},
    )


def resolved_share(listens: pl.DataFrame, songs: pl.DataFrame) -> float | None:
    """Share of listens whose song has a Spotify id; None where there is no listen."""
    found = listens.join(songs.select("song_id", "track_id"), on="song_id", how="left")
    return float(found["track_id"].is_not_null().mean()) if found.height else None  # pyright: ignore[reportArgumentType]


def _repeated(lists: pl.Series) -> int:
    values = lists.explode().drop_nulls()
    return values.len() - values.n_unique()
