"""The commands about playlists, as a person and as a script use them."""

from __future__ import annotations

import os

import polars as pl
import pytest

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.storage import datasets, pins
from spotify_ai_pipeline.storage.workspace import Workspace

from ...command_line import data, run
from .conftest import Listener, Spot


@pytest.fixture
def listener(listener: Listener) -> Listener:
    """The listener, whose songs and scores are in the lake as well."""
    material = listener.material()
    listener.workspace.lake.write(material.songs, datasets.SONGS)
    listener.workspace.lake.write(material.song_scores, datasets.SONG_SCORES)
    named = material.song_scores.select("song_id", "artist", "title", kind=pl.lit("spelling"), member=pl.lit(""))
    listener.workspace.lake.write(named, datasets.SONG_MEMBERS)
    os.environ["SPOTIFY_AI_DATA"] = str(listener.workspace.root)
    return listener


def test_log_and_undo_tell_the_same_story(listener: Listener) -> None:
    before = listener.listed
    listener.refresh(tilt=3)
    last, first = data("log")
    assert (last["outcome"], first["outcome"], last["taken_back"]) == ("refreshed", "filled", None)
    assert len(last["added"]) == len(last["removed"]) == 3
    assert all(change["reason"] for change in last["added"] + last["removed"])
    assert "refreshed +3 −3" in run("log").output
    assert data("undo")["taken_back"] is True
    assert listener.listed == before
    assert data("undo")["taken_back"] is False
    assert data("log")[0]["taken_back"]
    assert "taken back" in run("log").output


def test_undo_of_an_edited_list_says_what_to_do(listener: Listener, spot: Spot) -> None:
    listener.refresh(tilt=3)
    spot.edit(listener.playlist_id, lambda rows: rows[1:])
    refused = run("undo")
    assert refused.exit_code == 2
    assert "snapshot restore" in refused.output


def test_a_playlist_that_is_gone_is_made_anew_on_demand_once(listener: Listener, spot: Spot) -> None:
    assert data("playlist")["songs"] == 10
    spot.unfollow(listener.playlist_id)
    assert data("playlist", "--recreate")["link"].endswith(listener.playlist_id)
    again = run("playlist", "--recreate")
    assert (again.exit_code, "is in your library" in again.output) == (2, True)


def test_snapshots_are_taken_listed_compared_and_restored(listener: Listener) -> None:
    before = listener.listed
    taken = data("snapshot", "take")
    assert [one["id"] for one in data("snapshot", "list")] == [taken["id"]]
    listener.refresh(tilt=3)
    found = data("snapshot", "diff", str(taken["id"]))
    assert len(found["back"]) == len(found["off"]) == 3
    assert data("snapshot", "restore", str(taken["id"]))["added"] == 3
    assert listener.listed == before
    missing = run("snapshot", "restore", "99")
    assert (missing.exit_code, "snapshot list" in missing.output) == (2, True)
    assert taken["name"] in run("snapshot", "list").output


def test_undo_takes_back_what_was_said_last(listener: Listener) -> None:
    listener.refresh(tilt=3)
    said = data("never", "Song 17")
    assert said["song_id"] in pins.held_and_barred(listener.workspace.state, clock.now())[1]
    taken = data("undo")
    assert (taken["item_id"], taken["taken_back"]) == (said["item_id"], True)
    assert said["song_id"] not in pins.held_and_barred(listener.workspace.state, clock.now())[1]
    assert "changes" in data("undo"), "nothing was said since: the refresh is taken back"


def test_never_bars_no_song_that_is_named_in_part(listener: Listener) -> None:
    refused = run("never", "ong 17")
    assert (refused.exit_code, "do you mean" in refused.output) == (2, True)
    assert not pins.held_and_barred(listener.workspace.state, clock.now())[1]


def test_pins_and_dials(listener: Listener) -> None:
    song = data("pin", "Song 17")["song_id"]
    assert song in pins.held_and_barred(listener.workspace.state, 0)[0]
    assert data("unpin", "Song 17")["pinned"] is False
    assert song not in pins.held_and_barred(listener.workspace.state, 0)[0]
    again = run("unpin", "Song 17")
    assert (again.exit_code, "is not pinned" in again.output) == (2, True)
    assert run("pin", "no such song").exit_code == 2
    assert data("cycling", "8")["cycling.aggressiveness"] == 8
    assert data("cycling")["cycling.aggressiveness"] == 8
    assert run("cycling", "11").exit_code == 2


def test_the_adventure_is_off_until_it_is_turned_on(listener: Listener) -> None:
    refused = run("adventure", "show")
    assert (refused.exit_code, "adventure on" in refused.output) == (2, True)
    assert run("adventure", "on").exit_code == run("adventure", "dial", "9").exit_code == 0
    found = Workspace.open(listener.workspace.root).settings.adventure
    assert (found.enabled, found.dial) == (True, 9)
    assert run("adventure", "off").exit_code == 0
    assert not Workspace.open(listener.workspace.root).settings.adventure.enabled
