"""`spotify-ai match` and `spotify-ai evaluate identity` at the keyboard."""

import json

import polars as pl
import pytest
from click.testing import CliRunner

from spotify_ai_pipeline.interfaces.cli import main
from spotify_ai_pipeline.music.identity.members import decide
from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline.storage.identity_overrides import said
from spotify_ai_pipeline.storage.workspace import Workspace

FIRST, SECOND = "1" * 22, "2" * 22


@pytest.fixture
def workspace(tmp_path, monkeypatch, tracks, spellings):
    """A home with a song of two Spotify ids, one that was heard only, and a doubtful spelling."""
    monkeypatch.setenv("SPOTIFY_AI_DATA", str(tmp_path))
    workspace = Workspace.open(tmp_path)
    known = tracks(
        (FIRST, "Ada Fern", "Lanterns", "GBAAA0100001", 200),
        (SECOND, "Ada Fern", "Lanterns - Remastered", "GBAAA0100001", 201),
    )
    heard = spellings(
        ("Ada Fern", "Lanterns", 9), ("Bo", "A Sleepy Harbour Light", 3), ("Bo", "A Sleepy Harbour Night", 2)
    )

    def refresh():
        before = workspace.lake.read_or_none(datasets.SONG_MEMBERS)
        table = decide(known, heard, [one.override for one in said(workspace.state)], before=before)
        workspace.lake.write(table, datasets.SONG_MEMBERS)
        return dict(table.select("member", "song_id").iter_rows()), table

    refresh()
    return refresh


def call(*arguments):
    result = CliRunner().invoke(main, arguments)
    return result.exit_code, result.output


def test_show_tells_every_member_with_its_evidence(workspace):
    code, output = call("match", "show", f"https://open.spotify.com/track/{FIRST}?si=x")
    assert code == 0
    assert FIRST in output
    assert SECOND in output
    assert "same ISRC GBAAA0100001, lengths 3:20 and 3:21" in output
    members = json.loads(call("match", "show", "ADA FERN - lanterns", "--json")[1])["members"]
    assert [member["rule"] for member in members] == ["first", "isrc", "name"]


def test_list_shows_what_was_said_and_what_is_unresolved(workspace):
    assert "said nothing yet" in call("match", "list")[1]
    call("match", "split", SECOND)
    found = json.loads(call("match", "list", "--json")[1])
    assert SECOND in found["overrides"][0]["said"]
    assert [row["title"] for row in found["unresolved"]] == ["A Sleepy Harbour Night"]
    assert "Harbour Night" in call("match", "list")[1]


def test_same_split_set_and_unset_count_at_the_next_refresh(workspace):
    ids, _ = workspace()
    assert call("match", "same", ids[FIRST], "Bo - A Sleepy Harbour Light")[0] == 0
    assert call("match", "split", f"spotify:track:{SECOND}")[0] == 0
    assert call("match", "set", "Bo - A Sleepy Harbour Night", FIRST)[0] == 0
    after, table = workspace()
    assert after[SECOND] != after[FIRST] == ids[FIRST]
    assert set(table.filter(pl.col("artist") == "Bo")["song_id"]) == {after[FIRST]}
    for one in said(Workspace.open().state):
        assert call("match", "unset", str(one.override_id))[0] == 0
    undone, table = workspace()
    assert undone[SECOND] == undone[FIRST]
    assert table["song_id"].n_unique() == 3


def test_said_twice_is_kept_once(workspace):
    for _ in range(2):
        call("match", "split", SECOND)
        call("match", "set", "Bo - A Sleepy Harbour Night", FIRST)
    assert len(said(Workspace.open().state)) == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("show", "no such song"),
        ("show", "Bo"),
        ("same", FIRST, SECOND),
        ("split", "9" * 22),
        ("split", "not an id"),
        ("set", "no dash", FIRST),
        ("unset", "7"),
    ],
    ids=" ".join,
)
def test_bad_input_gets_one_line_and_changes_nothing(workspace, arguments):
    code, output = call("match", *arguments)
    assert code == 2
    assert output.startswith("error: ")
    assert output.count("\n") == 1
    assert not said(Workspace.open().state)


def test_evaluate_identity_counts_found_and_merged(tmp_path):
    rows = [
        ("Ada Fern", "Lanterns", "ada fern", "Lanterns"),
        ("Ada Fern", "Lanterns", "Ada Fern", "Something Else"),
        ("Ada Fern", "Rain", "Ada Fern", "Rain"),
        ("Ada Fern", "Northbound Train", "Ada Fern", "03 - Northbound Train"),
        ("Ada Fern", "Northbound Train", "Ada Fern", "03 - Northbound Train"),
    ]
    file = tmp_path / "history.parquet"
    pl.DataFrame(
        rows, schema=["artist", "track", "artist_uncorrected", "track_uncorrected"], orient="row"
    ).write_parquet(file)
    code, output = call("evaluate", "identity", "--history", str(file), "--json")
    found = json.loads(output)
    assert code == 0
    assert (found["names"], found["plays"], found["pairs"]) == (3, 4, 3)
    assert found["recall_plays"] == 0.75
    assert found["recall_pairs"] == pytest.approx(2 / 3)
    assert found["merged"] == found["merged_contained"] == 0


def test_evaluate_identity_says_what_a_file_lacks(tmp_path):
    file = tmp_path / "history.parquet"
    pl.DataFrame({"artist": ["a"], "track": ["b"]}).write_parquet(file)
    for wrong in (file, tmp_path / "none.parquet", tmp_path):
        code, output = call("evaluate", "identity", "--history", str(wrong))
        assert code == 2
        assert output.startswith("error: ")
        assert output.count("\n") == 1
