"""A mood that was asked for is a visit: the list changes for it by more than a refresh may, and comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spotify_ai_pipeline.app.managed_playlists import named, take_back
from spotify_ai_pipeline.durations import HOUR
from spotify_ai_pipeline.storage import moods, playlists, queue

if TYPE_CHECKING:
    from spotify_ai_pipeline_tests.app.playlist.conftest import Listener


def outcome(listener: Listener) -> str:
    return playlists.refreshes(listener.workspace.state, limit=1)[0].outcome


def visit(listener: Listener) -> list[str]:
    """Asks for a mood and follows it; gives the list before."""
    before = listener.listed
    moods.say(listener.workspace.state, "calm", HOUR)
    assert listener.refresh(tilt=9).added == 5, "half of the list, where a refresh may change three songs"
    assert outcome(listener) == playlists.VISITED
    return before


def test_the_list_comes_back_when_the_mood_is_over(listener: Listener) -> None:
    before = visit(listener)
    moods.clear(listener.workspace.state)
    listener.refresh(tilt=9)
    assert (outcome(listener), set(listener.listed)) == (playlists.RETURNED, set(before))
    assert listener.refresh(tilt=9).added > 0
    assert outcome(listener) == playlists.REFRESHED, "and goes on as ever"


def test_what_the_listener_said_no_to_meanwhile_does_not_come_back(listener: Listener) -> None:
    before = visit(listener)
    gone = next(track for track in before if track not in listener.listed)
    song = f"s{listener.tracks.index(gone)}"
    queue.say(listener.workspace.state, [queue.Said(song, "reject", "no")], "test")
    moods.clear(listener.workspace.state)
    listener.refresh(tilt=9)
    assert set(listener.listed) == set(before) - {gone}


def test_guests_neither_rest_nor_count_towards_the_week(listener: Listener) -> None:
    visit(listener)
    moods.clear(listener.workspace.state)
    listener.refresh(tilt=9)
    assert listener.refresh(tilt=9).added == 3, "as many as any refresh may change"


def test_undo_takes_a_visit_back_and_ends_its_mood(listener: Listener) -> None:
    before = visit(listener)
    take_back(listener.workspace)
    assert set(listener.listed) == set(before)
    state = listener.workspace.state
    assert moods.in_force(state, playlists.refreshes(state)[0].refreshed_at + 1) is None
    assert queue.standing(state, playlists.refreshes(state)[0].refreshed_at + 1) == {}, "guests are not turned down"


def test_a_list_that_is_back_already_is_refreshed_as_ever(listener: Listener) -> None:
    before = visit(listener)
    listener.writer.write(named(listener.workspace.settings), before)
    moods.clear(listener.workspace.state)
    assert listener.refresh(tilt=9).added > 0
    assert outcome(listener) == playlists.REFRESHED
