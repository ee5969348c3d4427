"""The words that all interfaces have in common."""

from datetime import UTC, datetime
from pathlib import Path

from spotify_ai_pipeline.interfaces.views import wording
from spotify_ai_pipeline.storage.workspace import Workspace


def test_a_moment_is_told_by_the_listeners_clock(tmp_path: Path) -> None:
    workspace = Workspace.open(tmp_path / "home")
    workspace.state.set_override("listener.timezone", "Europe/Lisbon")
    assert wording.when(workspace, datetime(2026, 7, 1, 23, 30, tzinfo=UTC).timestamp()) == "2026-07-02 00:30 WEST"
