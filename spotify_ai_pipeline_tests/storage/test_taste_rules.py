"""Standing taste in the state: it counts once agreed to, until it ends."""

from pathlib import Path

import pytest

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.storage import taste_rules
from spotify_ai_pipeline.storage.state import State


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State(tmp_path / "state.sqlite")


def test_a_rule_counts_once_agreed_to_until_it_is_switched_off(state: State) -> None:
    number = taste_rules.propose(state, "less metal", {"factor": 0.4}, None)
    assert taste_rules.in_force(state, clock.now()) == []
    assert taste_rules.agree(state, number)
    assert not taste_rules.agree(state, number)
    assert [one.words for one in taste_rules.in_force(state, clock.now())] == ["less metal"]
    assert taste_rules.end(state, number)
    assert not taste_rules.end(state, number)
    assert taste_rules.in_force(state, clock.now()) == []


def test_a_rule_whose_time_is_over_counts_no_more(state: State) -> None:
    number = taste_rules.propose(state, "less metal", {}, clock.now() + 60)
    taste_rules.agree(state, number)
    assert taste_rules.in_force(state, clock.now())
    assert taste_rules.in_force(state, clock.now() + 61) == []


def test_what_was_dropped_cannot_be_agreed_to(state: State) -> None:
    number = taste_rules.propose(state, "less metal", {}, None)
    assert taste_rules.end(state, number)
    assert not taste_rules.agree(state, number)
