"""The dials, and the songs that one would bring and take, shown before it is taken."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.music.mix import loyalty
from spotify_ai_pipeline.music.taste.ranking import weigh
from spotify_ai_pipeline.storage.lake import LakeError
from spotify_ai_pipeline.storage.playlists import ADVENTURE, MIX
from spotify_ai_pipeline.storage.workspace import Workspace

SHOWN = 5
CYCLING = "cycling.aggressiveness"
MOVING = ("cycling.", "scoring.", "playlist.", "mood.", "adventure.")
"""Settings that move the next list."""
DIALS = {
    CYCLING: ("How fast the list turns over", 1, 10, 1),
    "playlist.adventurousness": ("How much of the list is new to you", 0, 10, 1),
    "adventure.dial": ("How novel the second list is", 0, 10, 1),
    "scoring.taste_weight": ("Weight of your taste", 0.0, 10.0, 0.05),
    "scoring.mood_weight": ("Weight of the mood", 0.0, 10.0, 0.05),
    "scoring.freshness_weight": ("Weight of freshness", 0.0, 10.0, 0.05),
    "scoring.exploration_noise": ("Share of chance", 0.0, 1.0, 0.05),
}
"""The dials that a face offers: setting, what it does, least, most and step."""
SEED = 1


@dataclass(frozen=True)
class Effect:
    """Songs that would come, and go, at the next refresh beside what comes and goes anyway."""

    come: list[str]
    go: list[str]

    @property
    def lines(self) -> list[str]:
        if not self.come and not self.go:
            return ["the next refresh would bring the same songs"]
        return [f"{sign} {song}" for sign, songs in (("+", self.come), ("−", self.go)) for song in songs[:SHOWN]] + (
            [f"… {len(self.come)} come and {len(self.go)} go in all"] if len(self.come) > SHOWN else []
        )


def preview(workspace: Workspace, key: str, value: Any) -> Effect | None:
    """Gives what the setting ``key`` would do to the next list at ``value``; None where it moves none, or nothing was
    made yet."""
    if not key.startswith(MOVING):
        return None
    name = ADVENTURE if key.startswith("adventure.") else MIX
    if name == ADVENTURE and not workspace.settings.adventure.enabled:
        return None
    weighs = key.startswith("scoring.")
    try:
        before, after = (_listed(one, name, weighs) for one in (workspace, workspace.trying({key: value})))
    except LakeError:  # there is nothing to decide from
        return None
    come = after.join(before, on="song_id", how="anti", maintain_order="left")
    go = before.join(after, on="song_id", how="anti", maintain_order="left")
    return Effect(*([f"{row['title']} — {row['artist']}" for row in part.iter_rows(named=True)] for part in (come, go)))


def _listed(workspace: Workspace, name: str, weighs: bool) -> pl.DataFrame:
    """The next list ``name`` under the settings of ``workspace``, by the songs' scores as they stand, or weighed anew."""
    from spotify_ai_pipeline.defs.playlist.mix_inputs import Material, decide_list

    material = Material.of_lake(workspace)
    if weighs:
        scores = weigh(material.song_scores, workspace.settings.scoring, np.random.default_rng(SEED))
        material = replace(material, song_scores=scores)
    decided = decide_list(workspace, name, material, clock.now())
    return decided.decision.listed.select("song_id", "title", "artist")


def take(workspace: Workspace, key: str, value: Any) -> Any:
    """Sets a dial and gives what takes it back (``take_back``): the override that stood before, None where there was none."""
    before = workspace.state.overrides().get(key)
    workspace.state.set_override(key, value)
    return before


def take_back(workspace: Workspace, key: str, before: Any) -> None:
    """Puts a dial back as it stood before ``take``."""
    if before is None:
        workspace.state.unset_override(key)
    else:
        workspace.state.set_override(key, before)


def turn_cycling(workspace: Workspace, value: int | None) -> tuple[dict[str, float], str]:
    """Sets how fast songs are turned over where ``value`` is given. Gives the dial's place as data and in words."""
    before = workspace.settings.cycling.aggressiveness
    if value is not None:
        workspace.state.set_override(CYCLING, value)
        workspace = Workspace.open(workspace.root)
    now = workspace.settings.cycling
    was = f" (was {before})" if value is not None else ""
    line = f"cycling {now.aggressiveness} of 10{was}: a song on the list counts {loyalty(now):.1f} times its score"
    found = {CYCLING: now.aggressiveness, "before": before, "score of a song on the list counts": loyalty(now)}
    return found, line
