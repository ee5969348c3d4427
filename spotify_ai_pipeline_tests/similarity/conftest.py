"""Commands on a home that the whole graph filled, without a process each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from spotify_ai_pipeline.interfaces.cli import main
from spotify_ai_pipeline.storage.home import Home


@pytest.fixture
def home(place: Path) -> Home:
    return Home.open(place / "home")


@pytest.fixture
def cli(home: Home, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """``cli(*args)`` runs a command of ``home``; output and errors are apart."""
    monkeypatch.setenv("SPOTIFY_AI_DATA", str(home.root))
    return lambda *args: CliRunner().invoke(main, [str(arg) for arg in args])
