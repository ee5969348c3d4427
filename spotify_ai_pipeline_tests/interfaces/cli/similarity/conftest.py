"""Commands on a home that the whole graph filled, without a process each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from spotify_ai_pipeline.interfaces.cli import main
from spotify_ai_pipeline.storage.workspace import Workspace


@pytest.fixture
def workspace(place: Path) -> Workspace:
    return Workspace.open(place / "home")


@pytest.fixture
def cli(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """``cli(*args)`` runs a command of ``workspace``; output and errors are apart."""
    monkeypatch.setenv("SPOTIFY_AI_DATA", str(workspace.root))
    return lambda *args: CliRunner().invoke(main, [str(arg) for arg in args])
