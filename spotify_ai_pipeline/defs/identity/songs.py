"""Identity: which recordings there are, and which one each play was."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import dagster as dg
import polars as pl

from spotify_ai_pipeline.app.playlist_places import target_name
from spotify_ai_pipeline.defs.groups import IDENTITY
from spotify_ai_pipeline.defs.identity.files import HISTORY_IMPORTS, LOVED_SONGS, loved, told, whole_library
from spotify_ai_pipeline.defs.io_manager import READERS_GET, READERS_SEE, Pieces, frame_of
from spotify_ai_pipeline.defs.plots import bar_chart, strips
from spotify_ai_pipeline.defs.registered_asset import Derived, registered_asset
from spotify_ai_pipeline.defs.resources import WorkspaceResource
from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.music.identity.own_library import as_library, heard_often, mark_loved
from spotify_ai_pipeline.music.identity.songs import build_songs
from spotify_ai_pipeline.music.mix.target_ids import with_target_ids
from spotify_ai_pipeline.music.plays.completion import durations, judge
from spotify_ai_pipeline.music.plays.coverage import count, filled
from spotify_ai_pipeline.music.plays.exclusion import excluded
from spotify_ai_pipeline.music.plays.merging import merge_parts
from spotify_ai_pipeline.music.plays.records import SHORTEST_MS, SPOTIFY_RECENT, find_songs, spans
from spotify_ai_pipeline.storage import datasets, exclusions, queue
from spotify_ai_pipeline.storage.playlists import ours

LEAST_RESOLVED = 0.5
SUMS = {
    "told of by several sources": pl.col("sources").list.len() > 1,
    "excluded": pl.col("excluded"),
    "skipped": pl.col("skipped"),
    "unknown whether skipped": pl.col("skipped").is_null(),
}
"""What is counted of the listens."""


def _read_beside_the_inputs(workspace: WorkspaceResource) -> object:
    best, often = workspace.settings.spotify.best_playlist, workspace.settings.identity.plays_of_a_library_song
    return (
        sorted(ours(workspace.state)),
        best,
        often,
        sorted(_said_yes_to(workspace)),
        told(workspace),
        loved(workspace),
    )


@registered_asset(
    derived=Derived(_read_beside_the_inputs),
    group_name=IDENTITY,
    kinds={"polars", "parquet"},
    deps=[HISTORY_IMPORTS, LOVED_SONGS],
)
def songs(
    workspace: WorkspaceResource,
    spotify_library: pl.LazyFrame,
    plays: pl.LazyFrame,
    song_members: pl.DataFrame,
    song_links: pl.DataFrame,
) -> dg.MaterializeResult:
    """One row a song: all of its Spotify ids and spellings together, from the library and from the plays.

    Where no list says what is in the library, it is what was loved, said yes to, or heard at least
    ``identity.plays_of_a_library_song`` times."""
    table = build_songs(
        whole_library(workspace, spotify_library).collect(),
        plays,
        song_members,
        song_links,
        our_lists=ours(workspace.state),
        best_name=workspace.settings.spotify.best_playlist,
    )
    if table.is_empty():
        raise UserError(
            "there is no song to begin with: no source knows of a play, and no list holds a song. `spotify-ai setup` asks "
            "what you have, `spotify-ai import FILE` takes in an export, `spotify-ai demo` shows a made-up listener"
        )
    table = mark_loved(table, song_members, frame_of(workspace.lake, datasets.LOVED_SONGS))
    if not table["in_library"].any():
        often = heard_often(plays, song_members, workspace.settings.identity.plays_of_a_library_song)
        table = as_library(table, often, _said_yes_to(workspace))
    return dg.MaterializeResult(
        value=table,
        metadata={
            "in the library": int(table["in_library"].sum()),
            "with more than one Spotify id": int((table["track_ids"].list.len() > 1).sum()),
            "heard, in no list": int((~table["in_library"]).sum()),
            "without a Spotify id": int(table["track_id"].is_null().sum()),
        },
    )


def _said_yes_to(workspace: WorkspaceResource) -> list[str]:
    """Songs, by their id and by that which they were proposed under, that the listener approved."""
    approved = [one for one in queue.items(workspace.state, ("approved",)) if one.kind != queue.REMOVE]
    return [name for one in approved for name in (one.song_id, one.track_id) if name]


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


def _exclusions(workspace: WorkspaceResource) -> object:
    return exclusions.in_force(workspace.state), told(workspace)


@registered_asset(
    derived=Derived(_exclusions),
    group_name=IDENTITY,
    kinds={"polars", "parquet"},
    metadata={READERS_GET: "counts", READERS_SEE: ["song_id", "played_at"]},
)
def listens(
    workspace: WorkspaceResource, plays: pl.LazyFrame, songs: pl.LazyFrame, spotify_library: pl.LazyFrame
) -> Pieces:
    """One row a play of a known song, in order of time, whatever number of sources told of it: with the richest evidence,
    how much was heard, whether it was skipped and how sure that is, and whether the listener says that it was not them.

    What reads this asset gets song and time of the listens that count: not excluded, and not known to be shorter than 30 s.
    """
    about = songs.select("song_id", "artist", "track_id", "track_ids", "keys", "duration_ms").collect()
    known = find_songs(plays, about)
    rules = [found.rule for found in exclusions.in_force(workspace.state)]
    left_out = excluded(rules, about, whole_library(workspace, spotify_library).select("list_id", "track_id").collect())
    lengths = durations(about, known)
    metadata = dict[str, Any]()

    def in_time() -> Iterator[pl.DataFrame]:
        counted, sums, times = list[pl.DataFrame](), Counter[str](), list[datetime]()
        at = plays.select("played_at").collect()["played_at"]
        for merged, after in merge_parts([known.filter(span) for span in spans(at)]):
            said = (
                judge(merged, lengths, after).drop("duration_ms", "track_mbid").rename({"track_id": "played_track_id"})
            )
            long_enough = pl.col("ms_played").fill_null(SHORTEST_MS) >= SHORTEST_MS
            table = said.with_columns(left_out).with_columns(counts=~pl.col("excluded") & long_enough)
            counted.append(count(table))
            sums.update(table.select(**SUMS).sum().row(0, named=True))
            times += [table["played_at"][place] for place in (0, -1) if table.height]
            yield table
        months = filled(pl.concat(counted))
        anywhere = months.filter(source="any")
        by_month = bar_chart(anywhere["month"].to_list(), anywhere["plays"].to_list(), "listens by month")
        by_source = strips(months, "month", "source", "plays", "listens known by month and source")
        metadata.update(sums)
        metadata.update(
            {
                "listens by month": by_month,
                "known by month and source": by_source,
                "first": str(min(times, default="")),
                "last": str(max(times, default="")),
                "rows of plays of no known song": len(at) - known.select(pl.len()).collect(engine="streaming").item(),
                "gaps of recently played": len(exclusions.gaps(workspace.state, SPOTIFY_RECENT.name)),
            }
        )

    return Pieces(in_time(), metadata)


@dg.asset_check(
    asset=listens,
    additional_ins={"songs": dg.AssetIn()},
    description="Share of the listens whose song the target of the lists can hold: the others cannot reach the mix.",
)
def listens_are_resolved(
    workspace: WorkspaceResource, listens: pl.DataFrame, songs: pl.DataFrame
) -> dg.AssetCheckResult:
    share = resolved_share(listens, with_target_ids(songs, target_name(workspace.workspace)))
    return dg.AssetCheckResult(
        passed=share is None or share >= LEAST_RESOLVED,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"resolved share": share if share is not None else "no listens yet"},
    )


def resolved_share(listens: pl.DataFrame, songs: pl.DataFrame) -> float | None:
    """Share of listens whose song has a ``track_id``; None where there is no listen."""
    found = listens.join(songs.select("song_id", "track_id"), on="song_id", how="left")
    return float(found["track_id"].is_not_null().mean()) if found.height else None  # pyright: ignore[reportArgumentType]


def _repeated(lists: pl.Series) -> int:
    values = lists.explode().drop_nulls()
    return values.len() - values.n_unique()
