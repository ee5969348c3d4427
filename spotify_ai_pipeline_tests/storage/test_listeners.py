"""Several listeners: what Dagster is told of them."""

from __future__ import annotations

from pathlib import Path

from spotify_ai_pipeline.storage.listeners import LOCATION, LOCATION_FILE, write_workspace


def test_a_code_location_of_an_older_version_is_written_anew(tmp_path: Path) -> None:
    (tmp_path / "ann").mkdir()
    (tmp_path / "ann" / LOCATION_FILE).write_text("from spotify_ai_pipeline.storage.home import Home\n")
    write_workspace(tmp_path)
    assert (tmp_path / "ann" / LOCATION_FILE).read_text() == LOCATION
    compile(LOCATION, LOCATION_FILE, "exec")
    assert "ann/location.py" in (tmp_path / "workspace.yaml").read_text()
