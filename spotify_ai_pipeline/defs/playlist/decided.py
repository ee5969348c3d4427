"""A decided list (see ``music.mix.decide``) on its way to its target."""

from __future__ import annotations

import polars as pl

from spotify_ai_pipeline.app.managed_playlists import finished
from spotify_ai_pipeline.app.playlist_targets import open_target
from spotify_ai_pipeline.app.playlist_writer import Named, Outcome, PlaylistWriter
from spotify_ai_pipeline.music.mix.decide import KEPT, OUT
from spotify_ai_pipeline.storage import playlists
from spotify_ai_pipeline.storage.workspace import Workspace


def target_of(decided: pl.DataFrame) -> list[str]:
    """The ids of the songs that shall be on the list, in order."""
    return decided.drop_nulls("rank").sort("rank")["track_id"].to_list()


def spares_of(decided: pl.DataFrame) -> list[str]:
    """The ids of the songs that leave: they stand in for songs that the target does not hold."""
    return decided.filter(change=OUT)["on_list"].list.first().drop_nulls().to_list()


def write_decided(
    workspace: Workspace, about: Named, decided: pl.DataFrame, run_id: str, occasion: str = playlists.REFRESHED
) -> tuple[Outcome, str]:
    """Makes the list what was ``decided``, and logs the refresh; gives what was written, and the outcome (see ``finished``).
    Raises ``Deferred`` and other ``ExpectedError``."""
    done = PlaylistWriter(open_target(workspace), workspace).write(
        about,
        target_of(decided),
        decided_on=set(decided["on_list"].explode().drop_nulls()),
        spares=spares_of(decided),
    )
    changes = decided.filter(pl.col("change") != KEPT)
    told = changes.select("change", "song_id", "track_id", "artist", "title", "reason", "tired").to_dicts()
    return done, finished(workspace.state, about.name, run_id, done, told, occasion)
