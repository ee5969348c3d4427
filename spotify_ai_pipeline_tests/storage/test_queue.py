"""The queue: asked once, answered once, and how long an answer stands."""

import time
from collections.abc import Callable

import pytest

from spotify_ai_pipeline.storage import queue
from spotify_ai_pipeline.storage.queue import DAY, Said, decide, next_question, pending, propose, say, standing
from spotify_ai_pipeline.storage.state import State

NOW = 1_700_000_000.0


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """``at(days)`` sets the queue's clock that many days after NOW."""

    class Clock:
        days = 0.0

        def time(self) -> float:
            return NOW + self.days * DAY

    clock = Clock()
    monkeypatch.setattr(queue, "time", clock)
    return lambda days: setattr(clock, "days", days)


def songs(*names: str) -> list[dict[str, object]]:
    """Songs to ask about, the first the best."""
    return [
        {
            "song_id": name,
            "track_id": f"t{name}",
            "title": name.upper(),
            "artist": "Artist",
            "score": -float(place),
            "reason": "quiet",
        }
        for place, name in enumerate(names)
    ]


def test_the_best_question_comes_first(state: State) -> None:
    assert propose(state, "resurface", songs("a", "b", "c"), 2) == 2
    question = next_question(state)
    assert question is not None
    assert (question.song_id, question.title, question.link) == ("a", "A", "https://open.spotify.com/track/ta")
    assert pending(state) == 2


def test_proposing_twice_asks_nothing_twice(state: State) -> None:
    propose(state, "resurface", songs("a", "b"), 10)
    assert propose(state, "resurface", songs("b", "a"), 10) == 0
    assert pending(state) == 2
    assert propose(state, "resurface", songs("a", "b", "c", "d"), 3) == 1, "filled up to the limit"


def test_an_answer_counts_once(state: State) -> None:
    propose(state, "resurface", songs("a"), 10)
    question = next_question(state)
    assert question is not None
    assert decide(state, question.item_id, "approve", "cli")
    assert not decide(state, question.item_id, "reject", "cli")
    assert not decide(state, 999, "reject", "cli")
    assert standing(state, time.time()) == {"a": "approve"}
    assert next_question(state) is None
    assert [row["status"] for row in state.rows("SELECT status FROM queue")] == ["approved"]


def test_a_rejected_song_is_not_asked_about_again(state: State) -> None:
    propose(state, "resurface", songs("a"), 10)
    assert decide(state, 1, "reject", "cli")
    assert propose(state, "resurface", songs("a"), 10) == 0


def test_a_song_put_off_is_asked_about_again(state: State, at: Callable[[float], None]) -> None:
    at(0)
    propose(state, "resurface", songs("a"), 10)
    assert decide(state, 1, "later", "cli")
    assert propose(state, "resurface", songs("a"), 10) == 0
    at(61)
    assert propose(state, "resurface", songs("a"), 10) == 1


def test_the_same_verdict_twice_is_one(state: State) -> None:
    for _ in range(2):
        say(state, [Said("a", "remove", "hand:1:a"), Said("b", "keep", "hand:1:b")], "playlist")
    assert len(state.rows("SELECT * FROM verdicts")) == 2


def test_the_latest_verdict_counts(state: State, at: Callable[[float], None]) -> None:
    at(0)
    say(state, [Said("a", "reject", "1")], "cli")
    at(1)
    say(state, [Said("a", "keep", "2")], "playlist")
    assert standing(state, NOW + 2 * DAY) == {"a": "keep"}


@pytest.mark.parametrize(("verdict", "days"), [("approve", 60), ("later", 60), ("keep", 30), ("remove", 180)])
def test_a_verdict_stands_for_its_days(state: State, at: Callable[[float], None], verdict: str, days: int) -> None:
    at(0)
    say(state, [Said("a", verdict, "1")], "cli")
    assert standing(state, NOW + days * DAY - 1) == {"a": verdict}
    assert standing(state, NOW + days * DAY) == {}


def test_a_rejection_is_for_good(state: State, at: Callable[[float], None]) -> None:
    at(0)
    say(state, [Said("a", "reject", "1")], "cli")
    assert standing(state, NOW + 36_500 * DAY) == {"a": "reject"}


def test_a_failed_verdict_takes_the_answer_back(state: State) -> None:
    propose(state, "resurface", songs("a"), 10)
    with pytest.raises(KeyError):
        decide(state, 1, "nonsense", "cli")
    assert pending(state) == 1
