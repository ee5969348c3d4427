"""Taking a refresh back, snapshots and restoring them, the adventure beside the mix, pins."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.app import managed_playlists
from spotify_ai_pipeline.app.managed_playlists import publish, restore, snapshot_is_due, take_back, take_snapshot
from spotify_ai_pipeline.defs.playlist.mix_inputs import decide_list
from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.music.mix.decide import TRIALS
from spotify_ai_pipeline.sandbox.shelf import Item
from spotify_ai_pipeline.storage import datasets, pins, playlists, queue, snapshots, verdicts
from spotify_ai_pipeline.storage.workspace import Workspace

from .conftest import Listener, Spot

DAY = 86_400


@pytest.fixture
def known(listener: Listener) -> Listener:
    """The listener, whose songs are in the lake as well."""
    listener.workspace.lake.write(listener.material().songs, datasets.SONGS)
    return listener


def test_undo_brings_the_list_before_and_keeps_away_what_had_come(listener: Listener) -> None:
    before = listener.listed
    listener.refresh(tilt=3)
    brought = set(listener.listed) - set(before)
    refresh, done = take_back(listener.workspace)
    assert done is not None
    assert listener.listed == done.after == before
    assert playlists.refreshes(listener.workspace.state)[0].undone_at is not None
    assert verdicts.pending_effects(listener.workspace.state) == [], "no run has anything to do"
    listener.refresh(tilt=3)
    assert not brought & set(listener.listed)
    assert refresh.refresh_id == playlists.refreshes(listener.workspace.state)[1].refresh_id


def test_undo_twice_is_once(listener: Listener) -> None:
    listener.refresh(tilt=2)
    listener.refresh(tilt=4)
    take_back(listener.workspace)
    now, said = listener.listed, listener.workspace.state.rows("SELECT count(*) AS n FROM verdicts")[0]["n"]
    assert take_back(listener.workspace)[1] is None
    assert (listener.listed, listener.workspace.state.rows("SELECT count(*) AS n FROM verdicts")[0]["n"]) == (now, said)


def test_undo_that_was_cut_off_after_the_write_is_finished(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    before = listener.listed
    listener.refresh(tilt=3)
    with monkeypatch.context() as patch:
        patch.setattr(managed_playlists.playlists, "mark_undone", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            take_back(listener.workspace)
    assert take_back(listener.workspace)[1] is not None
    assert listener.listed == before
    assert playlists.refreshes(listener.workspace.state)[0].undone_at is not None


def test_undo_refuses_where_the_list_was_edited_since(listener: Listener, spot: Spot) -> None:
    listener.refresh(tilt=3)
    spot.edit(listener.playlist_id, lambda rows: rows[1:])
    now = listener.listed
    with pytest.raises(UserError, match="edited since its last refresh"):
        take_back(listener.workspace)
    assert listener.listed == now
    assert listener.workspace.state.rows("SELECT * FROM verdicts") == []


def test_the_first_fill_is_not_taken_back(listener: Listener) -> None:
    with pytest.raises(UserError, match="no list before"):
        take_back(listener.workspace)


def test_undo_brings_back_nothing_that_was_rejected_since(listener: Listener) -> None:
    songs = listener.material().songs
    rejected = listener.listed[0]
    song = songs.filter(track_id=rejected)["song_id"][0]
    queue.say(listener.workspace.state, [queue.Said(song, "reject", "n")], "cli")
    listener.refresh(tilt=3)
    take_back(listener.workspace)
    assert rejected not in listener.listed


def test_a_snapshot_is_a_row_and_a_playlist_and_can_be_restored_and_that_be_undone(known: Listener, spot: Spot) -> None:
    first = known.listed
    taken = take_snapshot(known.workspace, known.client, "asked for")
    copy = playlists.written(known.workspace.state, taken.written_as)
    assert copy is not None
    assert spot.rows(copy.playlist_id) == taken.track_ids == first
    known.refresh(tilt=2)
    known.refresh(tilt=2)
    before = known.listed
    restore(known.workspace, taken)
    assert known.listed == first
    assert playlists.refreshes(known.workspace.state)[0].outcome == "restored"
    take_back(known.workspace)
    assert known.listed == before


def test_restoring_respects_what_was_said_since(known: Listener) -> None:
    taken = take_snapshot(known.workspace, known.client, "asked for")
    song_of = dict(known.material().songs.select("track_id", "song_id").iter_rows())
    rejected = known.listed[0]
    stranger = next(track for track in known.tracks if track not in known.listed)
    queue.say(known.workspace.state, [queue.Said(song_of[rejected], "reject", "n")], "cli")
    pins.pin(known.workspace.state, song_of[stranger], pinned=True)
    known.refresh()
    restore(known.workspace, taken)
    assert rejected not in known.listed
    assert stranger in known.listed


def test_two_snapshots_of_a_day_have_two_names(known: Listener) -> None:
    names = [take_snapshot(known.workspace, known.client, "asked for").name for _ in range(2)]
    assert names[1] == f"{names[0]} (2)"


def test_a_snapshot_whose_playlist_was_cut_off_is_finished_once(known: Listener, spot: Spot) -> None:
    snapshots.take(known.workspace.state, "AI Snapshot X", known.listed, "interval")
    assert publish(known.workspace, known.client) == 1
    count = len(spot.world.shelf.listed)
    assert publish(known.workspace, known.client) == 0
    assert len(spot.world.shelf.listed) == count


def test_snapshots_come_by_the_interval(known: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not snapshot_is_due(known.workspace), "the list was just filled"
    since = clock.now()
    days = known.workspace.settings.playlist.snapshot_interval_days
    monkeypatch.setattr(clock, "now", lambda: since + days * DAY + 60)
    assert snapshot_is_due(known.workspace)
    take_snapshot(known.workspace, known.client, "interval")
    assert not snapshot_is_due(known.workspace)


def with_adventure(listener: Listener, **rules: object) -> Listener:
    for key, value in {"enabled": True, "target_size": 10, "dial": 5, **rules}.items():
        listener.workspace.state.set_override(f"adventure.{key}", value)
    return replace(listener, workspace=Workspace.open(listener.workspace.root))


def trials(listener: Listener, count: int) -> pl.DataFrame:
    rows = [
        (
            f"new{number}",
            track,
            f"New {number}",
            f"Stranger {number}",
            f"stranger{number}",
            1 - number / 100,
            "fans of X",
        )
        for number, track in enumerate(listener.spot.tracks[300 : 300 + count])
    ]
    return pl.DataFrame(rows, schema=TRIALS, orient="row")


def test_the_adventure_holds_what_the_mix_does_not(listener: Listener, spot: Spot) -> None:
    listener = with_adventure(listener)
    candidates = trials(listener, 8)
    done = listener.refresh(name="adventure", trials=candidates)
    assert len(done.after) == 10
    assert not set(done.after) & set(listener.listed)
    assert len(set(done.after) & set(candidates["track_id"])) == 5, "half of it is on trial at dial 5"
    spot.edit(done.playlist_id, lambda rows: rows[1:])
    listener.refresh(name="adventure", trials=candidates)
    assert [row["verdict"] for row in listener.workspace.state.rows("SELECT verdict FROM verdicts")] == ["remove"]


@pytest.mark.parametrize(("dial", "share"), [(0, 2), (5, 5), (10, 8)])
def test_the_dial_of_the_adventure_moves_the_share_on_trial(listener: Listener, dial: int, share: int) -> None:
    listener = with_adventure(listener, dial=dial)
    made = decide_list(listener.workspace, "adventure", listener.material(trials=trials(listener, 20)), clock.now())
    assert (made.decision.listed["slot"] == "discovery").sum() == share


def test_a_more_daring_adventure_brings_what_was_heard_less(listener: Listener) -> None:
    def plays(dial: int) -> float:
        made = with_adventure(listener, dial=dial)
        material = made.material()
        scores = material.song_scores.with_columns(
            slot=pl.lit("exploration"), plays=pl.Series([number % 9 for number in range(len(made.tracks))])
        )
        listed = decide_list(made.workspace, "adventure", replace(material, song_scores=scores), clock.now())
        return listed.decision.listed.join(scores, on="song_id")["plays"].mean() or 0.0  # pyright: ignore[reportReturnType]

    assert plays(10) < plays(0)


def test_songs_on_trial_fill_the_discovery_slot_of_the_mix(listener: Listener) -> None:
    candidates = trials(listener, 5)
    done = listener.refresh(trials=candidates)
    assert len(set(done.after) & set(candidates["track_id"])) == 1, "a tenth of ten"
    again = listener.refresh(trials=candidates)
    assert again.after == done.after
    assert listener.workspace.state.rows("SELECT * FROM verdicts") == []


def test_a_song_kept_by_hand_on_the_adventure_stays_there(listener: Listener, spot: Spot) -> None:
    listener = with_adventure(listener)
    done = listener.refresh(name="adventure")
    on_neither = next(track for track in listener.tracks if track not in {*done.after, *listener.listed})
    spot.edit(done.playlist_id, lambda rows: [*rows, Item(0, "track", on_neither, None, None, 1, "me")])
    listener.refresh(name="adventure")
    listener.refresh()
    assert on_neither not in listener.listed


def test_a_song_of_the_adventure_that_is_pinned_moves_to_the_mix(listener: Listener) -> None:
    listener = with_adventure(listener)
    track = listener.refresh(name="adventure").after[0]
    song = listener.material().songs.filter(track_id=track)["song_id"][0]
    pins.pin(listener.workspace.state, song, pinned=True)
    assert track in listener.refresh().after
    assert track not in listener.refresh(name="adventure").after


def test_a_pin_holds_until_it_is_let_go_and_the_last_word_counts(listener: Listener) -> None:
    state, now = listener.workspace.state, clock.now
    pins.pin(state, "s1", pinned=True)
    assert "s1" in pins.held_and_barred(state, now())[0]
    queue.say(state, [queue.Said("s1", "reject", "a"), queue.Said("s2", "keep", "b")], "cli")
    assert pins.held_and_barred(state, now()) == ({"s2"}, {"s1": "reject"})
    pins.pin(state, "s1", pinned=True)
    pins.pin(state, "s2", pinned=False)
    assert pins.held_and_barred(state, now()) == ({"s1"}, {})


def test_the_log_of_a_fresh_home_is_empty(tmp_path: Path) -> None:
    assert playlists.refreshes(Workspace.open(tmp_path / "fresh").state) == []
