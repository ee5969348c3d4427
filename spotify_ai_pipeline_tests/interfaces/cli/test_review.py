"""`review`: the page, the picture and the figures of a year."""

from __future__ import annotations

import json
import os
from pathlib import Path

from click.testing import CliRunner, Result

from spotify_ai_pipeline.interfaces.cli import main
from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline.storage.workspace import Workspace

from ...conftest import NOW


def run(place: Path, *args: object) -> Result:
    os.environ["SPOTIFY_AI_DATA"] = str(place / "home")
    return CliRunner().invoke(main, ["review", *map(str, args)])


def test_a_year_is_a_page_and_a_picture_that_need_no_network(place: Path, tmp_path: Path) -> None:
    home = Workspace.open(place / "home")
    songs = home.lake.read(datasets.SONGS)
    title = "<b>& $x$ [bold]"
    home.lake.write(songs.with_columns(title=songs["title"].replace_strict({}, default=title)), datasets.SONGS)
    found = json.loads(run(place, NOW.year, "--json").stdout)
    assert found["plays"] == sum(found["by_month"]) > 0
    told = run(place, NOW.year, "--to", tmp_path / "out")
    assert told.exit_code == 0, told.output
    assert title in told.output
    page = (tmp_path / "out" / f"review-{NOW.year}.html").read_text(encoding="utf-8")
    assert "&lt;b&gt;&amp;" in page
    assert "http" not in page
    assert (tmp_path / "out" / f"review-{NOW.year}.png").read_bytes().startswith(b"\x89PNG")
    empty = run(place, 1980)
    assert empty.exit_code == 2
    assert "no play of that year" in empty.output
