"""`spotify-ai tune`: the weights of the score that fit this listener."""

from __future__ import annotations

import sys
from dataclasses import replace

import click
import numpy as np
import polars as pl
from rich.progress import track

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.interfaces.cli.console import console, plain, print_json, table
from spotify_ai_pipeline.interfaces.cli.options import json_option
from spotify_ai_pipeline.music.taste import tuning
from spotify_ai_pipeline.music.taste.ranking import weigh
from spotify_ai_pipeline.settings import Scoring
from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline.storage.workspace import Workspace

SHOWN = 15


@click.command()
@click.option("--yes", is_flag=True, help="Set the weights without asking.")
@click.option("--seed", default=1, show_default=True, help="Seed of the intervals.")
@json_option
def tune(yes: bool, seed: int, as_json: bool) -> None:
    """Find the weights of taste, mood, freshness and exploration that fit your past year best.

    Each try carries a list through your own weeks, with what was known then. It chooses weights on the earlier half and proves
    them on the later one. It shows what they would change on the mix. It sets them only if their lead is more than chance
    and you say yes.
    """
    workspace = Workspace.open()
    tried = _search_weights(workspace)
    current, found = tried[0], tuning.best(tried)
    gained, low, high = tuning.lead(found, current, np.random.default_rng(seed))
    changes, better = tuning.changed(found.scoring, current.scoring), low > 0
    came, left = _compare_mixes(workspace, found.scoring) if better else ([], [])
    if as_json:
        taken = better and yes
        if taken:
            _take_weights(workspace, changes)
        weights = {f"scoring.{key}": {"current": now, "found": then} for key, (now, then) in changes.items()}
        held = {"current": float(current.late().mean()), "found": float(found.late().mean())}
        proof = {"weeks": len(current.late()), "held": held, "lead": gained, "low": low, "high": high}
        print_json({"better": better, "taken": taken, "weights": weights, **proof, "comes": came, "leaves": left})
        return
    shown = table("weight", "now", "found", right=("now", "found"))
    for key in tuning.GRID:
        is_now, is_found = changes.get(key, (getattr(current.scoring, key),) * 2)
        shown.add_row(f"scoring.{key}", f"{is_now:g}", f"{is_found:g}", style="yellow" if key in changes else None)
    console.print(shown)
    now, then = float(current.late().mean()), float(found.late().mean())
    console.print(
        f"Over {len(current.late())} later weeks the list held {now:.1%} of your plays with the present weights, {then:.1%} "
        f"with the new ones: {gained:+.1%} (95 % interval {low:+.1%} to {high:+.1%})."
    )
    if not better:
        console.print("No other weights beat yours by more than chance; yours stay.")
        return
    for sign, songs, style in (("+", came, "green"), ("−", left, "red")):
        for song in songs[:SHOWN]:
            console.print(plain(f"  {sign} {song}"), style=style)
        if len(songs) > SHOWN:
            console.print(f"  {sign} and {len(songs) - SHOWN} more")
    console.print(
        f"The next refresh would differ by {len(came)} songs." if came else "The next refresh would be the same."
    )
    if not yes and not (sys.stdin.isatty() and click.confirm("Take these weights?", default=False)):
        console.print("Nothing was changed; `spotify-ai tune --yes` sets them.")
        return
    undo = _take_weights(workspace, changes)
    console.print("Taken. To go back:")
    for line in undo:
        console.print(plain(f"  {line}"))


def _search_weights(workspace: Workspace) -> list[tuning.Tried]:
    lake, now = workspace.lake, clock.now()
    songs = lake.read(datasets.SONGS).select("song_id", "track_id", "artist_key")
    listens = lake.scan(datasets.LISTENS).filter("counts").select("song_id", "played_at").collect()
    embeddings = lake.read(datasets.SONG_EMBEDDINGS).select("song_id", "vector")
    weeks = list(
        track(
            tuning.cuts(songs, listens, embeddings, workspace.settings, now),
            "replaying your weeks",
            total=tuning.WEEKS,
            console=console,
            transient=True,
        )
    )
    if len(weeks) < tuning.ENOUGH_WEEKS:
        raise UserError(
            f"too little history to tune by: {len(weeks)} weeks with {tuning.ENOUGH_PLAYS} plays or more in the past year, "
            f"{tuning.ENOUGH_WEEKS} are needed"
        )
    tries = tuning.search(weeks, workspace.settings)
    return list(track(tries, "weights", total=tuning.TRIES, console=console, transient=True))


def _compare_mixes(workspace: Workspace, scoring: Scoring) -> tuple[list[str], list[str]]:
    """(songs that would come, songs that would go) if the next refresh decided by ``scoring`` instead."""
    from spotify_ai_pipeline.defs.playlist.mix_inputs import Material, decide_list
    from spotify_ai_pipeline.storage.playlists import MIX

    material = Material.of_lake(workspace)
    lists: list[pl.DataFrame] = []
    for weights in (workspace.settings.scoring, scoring):
        scores = weigh(material.song_scores, weights, np.random.default_rng(1))
        made = decide_list(workspace, MIX, replace(material, song_scores=scores), clock.now())
        lists.append(made.decision.listed)
    now, then = lists
    return _names(then.join(now, on="song_id", how="anti")), _names(now.join(then, on="song_id", how="anti"))


def _names(songs: pl.DataFrame) -> list[str]:
    return [f"{artist} — {title}" for artist, title in songs.select("artist", "title").iter_rows()]


def _take_weights(workspace: Workspace, changes: dict[str, tuple[float, float]]) -> list[str]:
    """Sets the overrides, and gives the commands that take them back."""
    before = workspace.state.overrides()
    undo: list[str] = []
    for name, (_, found) in changes.items():
        key = f"scoring.{name}"
        workspace.state.set_override(key, found)
        undo.append(f"spotify-ai config set {key} {before[key]}" if key in before else f"spotify-ai config unset {key}")
    return undo
