"""The dial that says how fast songs are turned over."""

from __future__ import annotations

from spotify_ai_pipeline.music.mix import loyalty
from spotify_ai_pipeline.storage.workspace import Workspace

KEY = "cycling.aggressiveness"


def turn_dial(workspace: Workspace, value: int | None) -> tuple[dict[str, float], str]:
    """Sets the dial where ``value`` is given. Gives its place as data and in words."""
    before = workspace.settings.cycling.aggressiveness
    if value is not None:
        workspace.state.set_override(KEY, value)
        workspace = Workspace.open(workspace.root)
    now = workspace.settings.cycling
    was = f" (was {before})" if value is not None else ""
    line = f"cycling {now.aggressiveness} of 10{was}: a song on the list counts {loyalty(now):.1f} times its score"
    found = {KEY: now.aggressiveness, "before": before, "score of a song on the list counts": loyalty(now)}
    return found, line
