"""Lists of the listener's own: decided by the rules of the mix among the songs that fit, and written by its writer."""

from dataclasses import dataclass
from functools import cached_property

import dagster as dg
import polars as pl

from spotify_ai_pipeline.app import own_lists as lists
from spotify_ai_pipeline.app.managed_playlists import of_own
from spotify_ai_pipeline.app.playlist_places import target_name
from spotify_ai_pipeline.clients.transport import Deferred
from spotify_ai_pipeline.defs.degraded import report_degraded
from spotify_ai_pipeline.defs.groups import PLAYLIST, PLAYLIST_WRITER
from spotify_ai_pipeline.defs.playlist.cluster_playlists import standing_edits
from spotify_ai_pipeline.defs.playlist.decided import target_of, write_decided
from spotify_ai_pipeline.defs.playlist.mix_inputs import Material, Past, known_tracks, with_sound
from spotify_ai_pipeline.defs.registered_asset import registered_asset
from spotify_ai_pipeline.defs.resources import WorkspaceResource
from spotify_ai_pipeline.errors import ExpectedError, UserError
from spotify_ai_pipeline.music.lists.recipe import worth
from spotify_ai_pipeline.music.mix import changes_left
from spotify_ai_pipeline.music.mix.decide import Decision, Rules, Standing, decide
from spotify_ai_pipeline.music.mix.habit import artist_cap
from spotify_ai_pipeline.music.mix.target_ids import with_target_ids
from spotify_ai_pipeline.music.plays.play_counts import Plays
from spotify_ai_pipeline.music.taste.ranking import CORE
from spotify_ai_pipeline.music.taste.taste_model import artist_numbers
from spotify_ai_pipeline.settings import Playlist
from spotify_ai_pipeline.storage import alerts, datasets, own_lists, pins, playlists
from spotify_ai_pipeline.storage.hand_edits import HandEdits
from spotify_ai_pipeline.storage.own_lists import OwnList
from spotify_ai_pipeline.storage.workspace import Workspace

DECIDED, WRITTEN = "own lists decided", "own lists written"
"""Alerts."""


@dataclass(frozen=True)
class Shelf:
    """The inputs from which all lists of one run are decided."""

    workspace: Workspace
    material: Material
    now: float
    """The moment of the decision (UTC seconds)."""

    @cached_property
    def songs(self) -> pl.DataFrame:
        """Every song with what a list may ask of it."""
        return lists.described_songs(self.workspace, self.now)

    @cached_property
    def song_of(self) -> dict[str, str]:
        """The song of each id on the target."""
        return known_tracks(with_target_ids(self.material.songs, target_name(self.workspace)), self.material.trials)

    @cached_property
    def scores(self) -> pl.DataFrame:
        return with_sound(self.material)

    def decide(self, own: OwnList) -> tuple[Decision, HandEdits]:
        """(the next list, all edits by hand that it respects). Raises ``UserError`` where the list names songs that cannot be
        compared."""
        workspace, name = self.workspace, own.name
        state, settings = workspace.state, workspace.settings
        there, edits = standing_edits(state, name, self.material.spotify_library, self.song_of)
        barred = {song: why for song, why in pins.held_and_barred(state, self.now)[1].items() if song not in edits.kept}
        barred |= dict.fromkeys(edits.barred, "remove")
        songs = lists.with_similarity(workspace, self.songs, own.recipe, own.size, barred)
        fitting = (
            own.recipe.chosen(songs)
            .with_row_index("place")
            .select("song_id", "reason", score=worth(pl.col("place").cast(pl.Float64), own.size))
        )
        past = Past.read(state, name, self.now, settings)
        standing = Standing(
            there,
            dict.fromkeys(edits.kept, "you put it on the list"),
            barred,
            playlists.unavailable(state),
            self.now,
            past.left,
        )
        playlist = rules_of(settings.playlist, own)
        cap = None
        if not own.recipe.names_an_artist and not own.recipe.in_order:
            plays = Plays.of(self.material.listens, self.material.songs["song_id"])
            cap = artist_cap(plays, artist_numbers(self.material.songs["artist_key"]), self.now, playlist)
        most = changes_left(playlist, past.weekly, self.now)
        rules = Rules(playlist, artist_cap=cap, most=most, in_order=own.recipe.in_order)
        return decide(self._worth(fitting, {*there, *edits.kept}), standing, rules), edits

    def _worth(self, fitting: pl.DataFrame, besides: set[str]) -> pl.DataFrame:
        """The songs that fit, and those ``besides``, which fit no more, as ``music.mix.decide`` takes them."""
        known = self.scores.drop("score", "reason").join(fitting, on="song_id", how="left", maintain_order="left")
        unknown = pl.lit(None, pl.Float64)
        return known.filter(pl.col("score").is_not_null() | pl.col("song_id").is_in(list(besides))).with_columns(
            slot=pl.lit(CORE),
            in_library=pl.lit(value=True),
            tired=pl.lit(value=False),
            reason=pl.col("reason").fill_null("it fits no more, and leaves when its turn comes"),
            taste=unknown,
            mood=unknown,
            freshness=unknown,
        )


def rules_of(playlist: Playlist, own: OwnList) -> Playlist:
    """The rules of the mix for a list of the listener's own: its size, one slot, and its change where it has one of its own. A
    short list changes by a song at least."""
    shares = {
        name: own.max_change or getattr(playlist, name) for name in ("max_change_per_refresh", "max_change_per_week")
    }
    caps = {name: max(share, 1 / own.size) for name, share in shares.items()}
    slots = {"core_fraction": 1.0, "exploration_fraction": 0.0, "discovery_fraction": 0.0, "adventurousness": 5}
    return playlist.model_copy(update={"target_size": own.size, **slots, **caps})


@registered_asset(
    name=datasets.OWN_LISTS.name,
    group_name=PLAYLIST,
    kinds={"polars", "parquet"},
    deps=["listening_stats", "tags", "clusters", "cluster_names", "song_ratings", "song_index"],
)
def decided_lists(
    workspace: WorkspaceResource,
    song_scores: pl.LazyFrame,
    spotify_library: pl.LazyFrame,
    our_lists: pl.LazyFrame,
    songs: pl.LazyFrame,
    listens: pl.LazyFrame,
    audio_features: pl.LazyFrame,
    trials: pl.LazyFrame,
) -> dg.MaterializeResult:
    """The decision: the songs of each list that the listener asked for, by its filter and order and the rules of the mix. A list
    that is not due stays as it was decided last."""
    state, now = workspace.state, workspace.now()
    there, due = own_lists.every(state), own_lists.due(state, now)
    before = workspace.lake.read_or_none(datasets.OWN_LISTS)
    schema = datasets.OWN_LISTS.schema
    parts = [pl.DataFrame(schema=schema)]
    if before is not None:
        waiting = [own.list_id for own in there if own not in due]
        parts.append(before.filter(pl.col("list_id").is_in(waiting)))
    left: list[str] = []
    if due:
        material = Material.of(song_scores, spotify_library, our_lists, songs, listens, audio_features, trials)
        shelf = Shelf(workspace.workspace, material, now)
        for own in due:
            try:
                decision, edits = shelf.decide(own)
            except UserError as reason:
                left.append(f"{own.title}: {reason}")
                continue
            edits.keep(state, own.name)
            if decision.listed.is_empty():
                left.append(
                    f"{own.title}: no song fits it now, so it stays as it is; `spotify-ai list show {own.list_id}`"
                )
                continue
            table = decision.table.with_columns(
                list_id=pl.lit(own.list_id, pl.Int64),
                playlist=pl.lit(own.title),
                occasion=pl.lit(playlists.REFRESHED),
                may_change=pl.lit(None, pl.Int64),
            )
            parts.append(table.select(pl.col(name).cast(kind) for name, kind in schema.items()))
    _tell(workspace, DECIDED, left)
    return dg.MaterializeResult(
        value=pl.concat(parts), metadata={"lists": len(there), "decided now": len(due) - len(left), "left alone": left}
    )


@registered_asset(
    name=datasets.OWN_LISTS_WRITTEN.name,
    group_name=PLAYLIST,
    kinds={"spotify"},
    op_tags=PLAYLIST_WRITER,
    deps=["clusters_on_spotify"],
)
def written_lists(
    context: dg.AssetExecutionContext, workspace: WorkspaceResource, own_lists: pl.DataFrame
) -> dg.MaterializeResult:
    """The effect: each list that is due on the target, by the writer of the mix, read back. A list of which no song fits any
    more stays as it is; one that was edited since the decision waits; neither keeps the others."""
    rows: list[tuple[object, ...]] = []
    left: list[str] = []
    trouble = None
    for own in _due(workspace):
        decided = own_lists.filter(list_id=own.list_id)
        if not target_of(decided):
            continue
        try:
            done, _ = write_decided(workspace.workspace, of_own(own), decided, context.run_id)
        except Deferred as pause:
            trouble = pause
            break
        except ExpectedError as reason:
            left.append(str(reason))
            continue
        rows += [(own.list_id, own.title, position, track) for position, track in enumerate(done.after, 1)]
    if trouble is None:
        _tell(workspace, WRITTEN, left)
    table = pl.DataFrame(rows, schema=datasets.OWN_LISTS_WRITTEN.schema, orient="row")
    told = {"playlists": table["list_id"].n_unique(), "left alone": left}
    return dg.MaterializeResult(value=table, metadata={**told, **report_degraded(context, workspace, trouble)})


def _tell(workspace: WorkspaceResource, alert: str, left: list[str]) -> None:
    if left:
        alerts.raise_alert(workspace.state, alert, "; ".join(left))
    else:
        alerts.resolve_alert(workspace.state, alert)


def _due(workspace: WorkspaceResource) -> list[OwnList]:
    return own_lists.due(workspace.state, workspace.now())
