"""Moods that were asked for: one at a time, until they expire or are taken back."""

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.storage import moods
from spotify_ai_pipeline.storage.state import State


def test_a_mood_is_in_force_until_its_time_is_over(state: State) -> None:
    assert moods.in_force(state, clock.now()) is None
    said = moods.say(state, "calm", 3_600)
    assert moods.in_force(State(state.path), said.until - 1) == said, "another process sees it"
    assert moods.in_force(state, said.until) is None
    assert moods.in_force(state, said.said_at - 1) is None, "it was not yet said"


def test_the_last_one_said_counts(state: State) -> None:
    moods.say(state, "calm", 3_600)
    moods.say(state, "loud", 60)
    now = clock.now()
    found = moods.in_force(state, now)
    assert found is not None
    assert found.words == "loud"
    assert moods.in_force(state, now + 61) is None, "the one before does not come back"


def test_a_mood_is_taken_back_once(state: State) -> None:
    moods.say(state, "calm", 3_600)
    assert moods.clear(state)
    assert moods.in_force(state, clock.now()) is None
    assert not moods.clear(state)
