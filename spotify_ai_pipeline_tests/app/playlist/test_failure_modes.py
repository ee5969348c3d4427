"""The failures of programs that write playlists: one test a row of group C of the failure modes."""

from __future__ import annotations

from collections import Counter
from typing import Any

import polars as pl
import pytest

from spotify_ai_pipeline.app.managed_playlists import named
from spotify_ai_pipeline.app.playlist_writer import Named, PlaylistGone, PlaylistWriter, alone
from spotify_ai_pipeline.clients.spotify import Spotify
from spotify_ai_pipeline.errors import Retryable, UserError
from spotify_ai_pipeline.music.mix.decide import Rules, Standing, decide, nearer
from spotify_ai_pipeline.sandbox.shelf import Item
from spotify_ai_pipeline.storage import alerts, playlists
from spotify_ai_pipeline.storage.workspace import Workspace

from .conftest import Listener, Spot


def writes(listener: Listener) -> int:
    rows = listener.workspace.state.rows(
        "SELECT sum(calls) AS n FROM api_calls WHERE service = 'spotify' AND kind = 'write'"
    )
    return rows[0]["n"]


def test_c1_a_write_that_fails_leaves_the_old_list_whole(listener: Listener, spot: Spot) -> None:
    before = listener.listed
    spot.fail(rate=1.0, kinds=["500"], path="/spotify/v1/playlists")
    with pytest.raises(Retryable):
        listener.refresh(tilt=3)
    assert listener.listed == before
    spot.fail()
    listener.refresh(tilt=3)
    assert len(set(listener.listed) & set(before)) >= 7


def test_c1_the_listeners_local_file_is_not_wiped(listener: Listener, spot: Spot) -> None:
    local = Item(0, "local", None, "Home Tape", "Me", 1, "me")
    spot.edit(listener.playlist_id, lambda rows: [*rows[:4], local, *rows[4:]])
    before = [row for row in listener.listed if row != "local"]
    done = listener.refresh(tilt=3)
    assert done.after != before
    assert listener.listed == [*done.after, "local"]


def test_c2_a_song_that_spotify_has_no_more_is_stood_in_for(listener: Listener) -> None:
    dead = "x" * 22
    spares = [track for track in listener.tracks if track not in listener.listed][:3]
    target = [*listener.listed[:8], dead, spares[0]]
    done = listener.writer.write(named(listener.workspace.settings), target, spares=spares[1:])
    assert done.missing == [dead]
    assert listener.listed == done.after == [*target[:8], spares[1], spares[0]]
    assert playlists.unavailable(listener.workspace.state) == {dead}


def test_c2_an_answer_that_was_lost_is_looked_after_before_anything_is_repeated(listener: Listener, spot: Spot) -> None:
    before = writes(listener)
    spot.fail(rate=1.0, most=1, kinds=["502"], path=f"/spotify/v1/playlists/{listener.playlist_id}/items")
    new = [*listener.listed[1:], listener.listed[0]]
    listener.writer.write(named(listener.workspace.settings), new)
    assert listener.listed == new
    assert writes(listener) - before <= 2


def test_c3_the_order_that_was_meant_is_the_order_that_is_there(listener: Listener) -> None:
    target = listener.listed[::-1]
    assert listener.writer.write(named(listener.workspace.settings), target).after == target == listener.listed


def test_c3_a_write_that_spotify_does_not_show_yet_is_not_taken_for_edits(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = listener.client.rows(listener.playlist_id)
    with monkeypatch.context() as patch:
        patch.setattr(type(listener.client), "rows", lambda *_: old)
        before = writes(listener)
        done = listener.writer.write(named(listener.workspace.settings), listener.tracks[20:30])
        assert done.after == listener.listed == listener.tracks[20:30], "the answer of the write is believed"
        assert writes(listener) - before == 1
    listener.refresh()
    assert listener.workspace.state.rows("SELECT * FROM verdicts") == []


def test_c4_an_empty_decision_is_never_written(listener: Listener) -> None:
    before = listener.listed
    with pytest.raises(ValueError, match="one song or more"):
        listener.writer.write(named(listener.workspace.settings), [])
    assert listener.listed == before


def test_c5_the_playlist_is_found_by_its_id_whatever_it_is_called(listener: Listener, spot: Spot) -> None:
    shelf, known = spot.world.shelf, listener.playlist_id
    count = len(shelf.listed)
    shelf.describe(shelf.playlists[known].__class__(**{**vars(shelf.playlists[known]), "name": "Mine now"}))
    listener.refresh(tilt=2)
    assert (listener.playlist_id, len(shelf.listed)) == (known, count)


def test_a_new_name_in_the_settings_is_given_to_the_playlist_and_trouble_with_it_stops_no_refresh(
    listener: Listener, spot: Spot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object) -> None:
        raise Retryable("Spotify is busy")

    known, shelf = listener.playlist_id, spot.world.shelf
    listener.workspace.state.set_override("spotify.playlist_name", "Morning")
    listener.workspace = Workspace.open(listener.workspace.root)
    with monkeypatch.context() as trouble:
        trouble.setattr(Spotify, "rename", busy)
        songs = listener.refresh(tilt=2).after
    assert (shelf.playlists[known].name, listener.listed) == ("AI Mix", songs)
    (told,) = alerts.open_alerts(listener.workspace.state)
    assert "could not be renamed to Morning" in told.message
    assert listener.refresh(tilt=2).after == listener.listed
    assert shelf.playlists[known].name == "Morning"
    assert alerts.open_alerts(listener.workspace.state) == []


def test_c5_a_playlist_that_is_gone_is_asked_about_and_made_once(listener: Listener, spot: Spot) -> None:
    songs, gone = listener.listed, listener.playlist_id
    spot.unfollow(gone)
    count = len(spot.world.shelf.listed)
    for _ in range(2):
        with pytest.raises(PlaylistGone, match="--recreate"):
            listener.refresh(tilt=2)
    assert len(spot.world.shelf.listed) == count
    listener.writer.recreate(named(listener.workspace.settings))
    with pytest.raises(UserError, match="is in your library"):
        listener.writer.recreate(named(listener.workspace.settings))
    assert listener.playlist_id != gone
    assert (listener.listed, len(spot.world.shelf.listed)) == (songs, count + 1)


def test_c5_a_list_of_the_listeners_own_with_our_name_is_never_taken(listener: Listener, spot: Spot) -> None:
    title = listener.workspace.settings.spotify.playlist_name
    own = listener.client.create_playlist(title, "songs for the summer")
    listener.client.replace_items(own, listener.tracks[:3])
    other = Named("adventure", title, "another text")
    listener.writer.write(other, listener.tracks[5:9])
    assert spot.rows(own) == listener.tracks[:3]
    spot.unfollow(own)


@pytest.mark.parametrize("kind", ["local", "episode", "missing"])
def test_c6_rows_that_are_no_song_do_not_stop_a_refresh(listener: Listener, spot: Spot, kind: str) -> None:
    key = "e" * 22 if kind == "episode" else None
    spot.edit(listener.playlist_id, lambda rows: [Item(0, kind, key, "What", "Who", 1, "me"), *rows])
    done = listener.refresh(tilt=2)
    assert len(done.after) == 10
    assert (len(listener.listed) == 11) == (kind != "missing"), "an empty row goes, what the listener put there stays"


def test_c7_a_song_that_stands_twice_stands_once_again(listener: Listener, spot: Spot) -> None:
    spot.edit(listener.playlist_id, lambda rows: [*rows, Item(0, "track", rows[0].track_id, None, None, 1, "me")])
    listener.refresh()
    assert max(Counter(listener.listed).values()) == 1


def test_c8_edits_by_hand_are_kept_and_learned_from(listener: Listener, spot: Spot) -> None:
    taken = listener.listed[3]
    stranger = next(track for track in listener.tracks if track not in listener.listed)
    new = Item(0, "track", stranger, None, None, 1, "me")
    spot.edit(listener.playlist_id, lambda rows: [new, *(row for row in rows if row.track_id != taken)])
    for tilt in (2, 3):
        listener.refresh(tilt)
        assert stranger in listener.listed
        assert taken not in listener.listed
    said = [row["verdict"] for row in listener.workspace.state.rows("SELECT verdict FROM verdicts ORDER BY verdict")]
    assert said == ["keep", "remove"]


def test_c8_a_list_that_was_made_longer_is_shortened_within_the_cap(listener: Listener, spot: Spot) -> None:
    more = [Item(0, "track", track, None, None, 1, "me") for track in listener.tracks if track not in listener.listed][
        :5
    ]
    spot.edit(listener.playlist_id, lambda rows: [*rows, *more])
    listener.refresh()
    assert len(listener.listed) == 12
    assert {item.track_id for item in more} <= set(listener.listed), "what was added by hand is kept"


def test_c9_one_artist_does_not_flood_the_list(listener: Listener) -> None:
    material = listener.material()
    guests = [
        [f"Artist {number % 8}", *(["Everywhere"] if number % 2 else [])] for number in range(len(listener.tracks))
    ]
    scores = material.song_scores.with_columns(
        credits=pl.Series([[name.lower() for name in names] for names in guests]), energy=pl.lit(None, pl.Float64)
    )
    rules = Rules(listener.workspace.settings.playlist, artist_cap=2)
    listed = decide(scores, Standing(), rules).listed
    counts = Counter(name for names in listed["credits"] for name in names)
    assert max(counts.values()) == 2, "guests count"
    assert listed.height == 10
    assert nearer(listed, rules.playlist.min_artist_spacing) == {}


def test_c10_the_list_keeps_its_length_while_the_library_changes(listener: Listener) -> None:
    for tilt in range(1, 6):
        listener.refresh(tilt)
        assert len(listener.listed) == 10


def test_c10_a_song_that_cannot_be_played_is_replaced(listener: Listener) -> None:
    gone = listener.listed[2]
    playlists.note_unavailable(listener.workspace.state, [gone])
    listener.refresh()
    assert gone not in listener.listed
    assert len(listener.listed) == 10
    changes = playlists.refreshes(listener.workspace.state)[0].changes or []
    assert {"cannot be played on Spotify now"} == {change["reason"] for change in changes if change["track_id"] == gone}


def test_c11_what_is_reported_is_what_was_read_back(listener: Listener) -> None:
    done = listener.refresh(tilt=4)
    last = playlists.refreshes(listener.workspace.state)[0]
    assert last.after == done.after == listener.listed
    assert last.before == done.before
    assert (last.added, last.removed) == (done.added, done.removed) == (3, 3)
    assert all(change["reason"] for change in last.changes or [])


def test_one_writer_at_a_time(listener: Listener) -> None:
    with alone(listener.workspace), pytest.raises(Retryable, match="another process"):
        listener.writer.write(named(listener.workspace.settings), listener.listed[::-1])


def test_a_list_of_more_than_a_hundred_is_filled_and_moved_song_by_song(spot: Spot, tmp_path: Any) -> None:
    long = Listener.at(tmp_path / "long", spot, target_size=240, max_change_per_refresh=0.15)
    long.refresh()
    assert len(set(long.listed)) == 240
    before, calls = long.listed, writes(long)
    done = long.refresh(tilt=3)
    assert 25 < done.added == done.removed <= 36
    assert long.listed == done.after
    kept = [track for track in before if track in set(long.listed)]
    assert len(kept) == 240 - done.removed
    assert writes(long) - calls <= 40, "not a call a song"
    spot.unfollow(long.playlist_id)


def test_the_writer_is_the_same_for_any_named_list(listener: Listener, spot: Spot) -> None:
    mine = Named("cluster 7", "Rainy", "Songs that go together.")
    for target in (listener.tracks[10:30], listener.tracks[20:35][::-1]):
        done = PlaylistWriter(listener.client, listener.workspace).write(mine, target)
        assert spot.rows(done.playlist_id) == target
