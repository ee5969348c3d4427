"""The command `import`, as a person meets it."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import polars as pl
import pytest
from click.testing import CliRunner

from spotify_ai_pipeline.defs.plots import strips
from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.importers import detect, objects, tables
from spotify_ai_pipeline.importers.detect import find
from spotify_ai_pipeline.interfaces.cli import main


def run(*words):
    return CliRunner().invoke(main, ["import", *map(str, words)])


def test_the_closing_line_says_what_became_of_the_rows(workspace, write, history_row):
    rows = [history_row("2024-03-01T10:03:20Z"), history_row("2024-05-01T10:03:20Z"), history_row("soon")]
    file = write("Streaming_History_Audio_2024_1.json", rows)
    said = run(file)
    assert said.exit_code == 0
    assert "3 read, 2 new, 0 duplicate, 1 quarantined; 2024-03-01 to 2024-05-01" in said.output
    assert "line 34: no time that can be read" in said.output
    assert "0 new, 2 duplicate" in run(file).output


def test_several_files_are_summed_up_and_told_as_json(workspace, write, history_row):
    one = write("endsong_0.json", [history_row("2024-03-01T10:03:20Z")])
    two = write("endsong_1.json", [history_row("2024-03-01T10:03:20Z"), history_row("2024-03-01T11:03:20Z")])
    told = json.loads(run(one, two, "--json").output)
    assert [file["new"] for file in told["files"]] == [1, 1]
    assert (told["total"]["read"], told["total"]["duplicate"]) == (3, 1)


@pytest.mark.parametrize("content", ["hello", "", "[]", b"\x00\x01\x02" * 9, '{"a": 1}', "a,b,c\n1,2,3\n"])
def test_a_file_of_no_known_format_is_one_clear_line(workspace, write, content):
    said = run(write("thing.json", content))
    assert said.exit_code == 2
    assert said.stderr.count("\n") == 1 and "thing.json" in said.stderr and "Last.fm CSV" in said.stderr
    assert not workspace.lake.datasets()


def test_a_file_that_is_not_there_is_refused(workspace, tmp_path):
    assert run(tmp_path / "nowhere.json").exit_code == 2


def test_the_picture_of_months_and_sources_is_sound():
    import base64

    cells = pl.DataFrame({"month": ["2024-01", "2024-02"], "source": ["any", "a<b"], "plays": [3, 0]})
    picture = strips(cells, "month", "source", "plays", "known").value or ""
    drawn = ElementTree.fromstring(base64.b64decode(picture.split("base64,")[1].rstrip(")")))
    assert len(drawn.findall("{*}rect")) == 1


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("Streaming_History_Audio_2026.json", b'[{"ts": "2026-01-01T00:00:00Z", "x": "' + b"a" * 3_000),
        ("user.csv", b"Artist,Album,Title,01 Jan 2026 00:00\n" + b"a" * 3_000),
    ],
)
def test_a_row_without_end_is_refused_and_not_kept_in_memory(
    name: str, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (objects, tables):
        monkeypatch.setattr(module, "LONGEST_ROW", 1_000)
    monkeypatch.setattr(objects, "BATCH_BYTES", 500)
    stream: Any = io.BufferedReader(io.BytesIO(content))
    columns = ["artist", "album", "title", "at"]
    rows = (
        tables.table_rows(stream, columns, header=False)
        if name.endswith("csv")
        else objects.json_rows(stream, {"ts": pl.String()})
    )
    with pytest.raises(UserError, match="no end of a row"):
        list(rows)


def test_a_file_that_unpacks_to_more_than_a_life_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = tmp_path / "bomb.zip"
    row = b'[{"ts": "2026-01-01T00:00:00Z", "ms_played": 1, "spotify_track_uri": null, "master_metadata_track_name": null}]'
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("Streaming_History_Audio_2026.json", row + b" " * 100_000)
    assert find([bomb])
    monkeypatch.setattr(detect, "MOST_BYTES", 50_000)
    with pytest.raises(UserError, match="split the file"):
        find([bomb])
