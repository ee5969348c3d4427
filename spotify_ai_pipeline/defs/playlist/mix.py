"""The decisions: what is to be on the mix and on the adventure list. Nothing is written here but the decision itself."""

from collections import Counter

import dagster as dg
import polars as pl
from pydantic import Field

from spotify_ai_pipeline.app.managed_playlists import named
from spotify_ai_pipeline.defs.groups import PLAYLIST
from spotify_ai_pipeline.defs.playlist.mix_inputs import Decided, Material, decide_list
from spotify_ai_pipeline.defs.plots import bar_chart
from spotify_ai_pipeline.defs.registered_asset import registered_asset
from spotify_ai_pipeline.defs.resources import WorkspaceResource
from spotify_ai_pipeline.music import mix as mixing
from spotify_ai_pipeline.music.mix.decide import NEW, nearer
from spotify_ai_pipeline.music.taste.ranking import SLOTS
from spotify_ai_pipeline.settings import Playlist
from spotify_ai_pipeline.storage import alerts, datasets, pins
from spotify_ai_pipeline.storage.playlists import ADVENTURE, MIX


class MixOptions(dg.Config):
    """The options of a run that decides."""

    adventurous: int | None = Field(
        default=None, ge=0, le=10, description="Where the dial stands in this run alone, else as it is configured."
    )


@registered_asset(group_name=PLAYLIST, kinds={"polars", "parquet"})
def mix(
    config: MixOptions,
    workspace: WorkspaceResource,
    song_scores: pl.LazyFrame,
    spotify_library: pl.LazyFrame,
    our_lists: pl.LazyFrame,
    songs: pl.LazyFrame,
    listens: pl.LazyFrame,
    audio_features: pl.LazyFrame,
    trials: pl.LazyFrame,
) -> dg.MaterializeResult:
    """The decision: the songs of the list in order, each with slot, score parts and reason; and those that leave it.

    ``change`` is new, kept or out; songs that are out have no rank. Edits by hand since the last refresh are respected: what
    the listener added stays, what they removed does not come back for a while. ``on_list`` holds the Spotify ids under which
    a song is on the list now: it stays under the first of them that can be played.
    """
    material = Material.of(song_scores, spotify_library, our_lists, songs, listens, audio_features, trials)
    return _decided(workspace, MIX, material, config.adventurous)


@registered_asset(group_name=PLAYLIST, kinds={"polars", "parquet"}, deps=["spotify_playlist"])
def adventure(
    workspace: WorkspaceResource,
    song_scores: pl.LazyFrame,
    spotify_library: pl.LazyFrame,
    our_lists: pl.LazyFrame,
    songs: pl.LazyFrame,
    listens: pl.LazyFrame,
    audio_features: pl.LazyFrame,
    trials: pl.LazyFrame,
) -> dg.MaterializeResult:
    """The decision on the second, deliberately novel list, by the rules of the mix with a dial of its own. Empty while
    ``adventure.enabled`` is false."""
    if not workspace.settings.adventure.enabled:
        return dg.MaterializeResult(value=datasets.ADVENTURE.empty(), metadata={"enabled": False})
    return _decided(
        workspace,
        ADVENTURE,
        Material.of(song_scores, spotify_library, our_lists, songs, listens, audio_features, trials),
    )


def _decided(
    workspace: WorkspaceResource, name: str, material: Material, adventurous: int | None = None
) -> dg.MaterializeResult:
    made = decide_list(workspace.workspace, name, material, workspace.now(), adventurous)
    listed = made.decision.listed
    table = made.decision.table.with_columns(
        occasion=pl.lit(made.occasion), may_change=pl.lit(made.may_change, pl.Int64)
    ).select(*datasets.MIX.schema)
    counts = Counter(listed["slot"].to_list())
    return dg.MaterializeResult(
        value=table,
        metadata={
            "songs on the list": listed.height,
            "songs short of the target": max(made.playlist.target_size - listed.height, 0),
            "new": int((listed["change"] == NEW).sum()),
            "out": table.height - listed.height,
            "most songs of one artist": made.artist_cap,
            "artists nearer than the spacing": spacing_words(made),
            "songs by slot": bar_chart(list(SLOTS), [counts[slot] for slot in SLOTS], "songs by slot"),
        },
    )


def spacing_words(made: Decided) -> str:
    """Names the artists that have too many songs on the list for the spacing that was wished for, and what they got."""
    wished = made.playlist.min_artist_spacing
    parts = [
        f"{artist} {between} between instead of {wished}"
        for artist, between in nearer(made.decision.table, wished).items()
    ]
    return ", ".join(parts) or "none"


@dg.asset_check(asset=mix, blocking=True, description="The list has its size, no song twice, and moves within the cap.")
def mix_is_sound(workspace: WorkspaceResource, mix: pl.DataFrame) -> dg.AssetCheckResult:
    return _sound(workspace, MIX, workspace.settings.playlist, mix)


@dg.asset_check(
    asset=adventure, blocking=True, description="The list has its size, no song twice, and moves within the cap."
)
def adventure_is_sound(workspace: WorkspaceResource, adventure: pl.DataFrame) -> dg.AssetCheckResult:
    if not workspace.settings.adventure.enabled:
        return dg.AssetCheckResult(passed=True, metadata={"enabled": False})
    size = {"target_size": workspace.settings.adventure.target_size}
    return _sound(workspace, ADVENTURE, workspace.settings.playlist.model_copy(update=size), adventure)


def _sound(workspace: WorkspaceResource, name: str, playlist: Playlist, decided: pl.DataFrame) -> dg.AssetCheckResult:
    """The gate before the effect. A list that is empty or short is held back here, and the listener is told of it here."""
    listed, before = decided.drop_nulls("rank"), _before(decided)
    new = int((listed["change"] == NEW).sum())
    doubled = listed.height - min(listed["song_id"].n_unique(), listed["track_id"].n_unique())
    cap = int(decided["may_change"].max() or 0)  # pyright: ignore[reportArgumentType]
    within = before == 0 or new <= cap
    short = is_short(listed.height, before, playlist)
    if short:
        title = named(workspace.settings, name).title
        alerts.raise_alert(
            workspace.state, name, f"{title} came out with {listed.height} songs; the playlist was left as it is"
        )
    held = len(pins.held_and_barred(workspace.state, workspace.now())[0].intersection(listed["song_id"]))
    most = max(playlist.target_size, before - mixing.change_cap(playlist), held)  # a longer list is cut within the cap
    return dg.AssetCheckResult(
        passed=doubled == 0 and within and not short and listed.height <= most,
        metadata={"songs": listed.height, "doubled": doubled, "new": new, "cap": cap},
    )


def is_short(songs: int, current: int, settings: Playlist) -> bool:
    """Tells whether a list of so many songs is worse than the ``current`` number: empty, or shorter than one refresh
    may leave it."""
    return songs == 0 or songs < min(current, settings.target_size) - mixing.change_cap(settings)


def _before(decided: pl.DataFrame) -> int:
    """Songs that were on the list when this was decided."""
    return decided.height - decided["on_list"].null_count()
