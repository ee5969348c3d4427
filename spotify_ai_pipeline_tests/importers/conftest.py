"""An empty home to take files into."""

import pytest

from spotify_ai_pipeline.storage.workspace import Workspace


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("SPOTIFY_AI_DATA", str(tmp_path / "data"))
    return Workspace.open()
