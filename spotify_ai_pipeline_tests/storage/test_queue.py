"""The queue: asked once, answered once, and how long an answer stands."""

import subprocess
import sys
from collections.abc import Callable

import pytest

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.storage import queue, verdicts
from spotify_ai_pipeline.storage.queue import DAY, Said, decide, next_question, pending, propose, say, standing
from spotify_ai_pipeline.storage.state import State

NOW = 1_700_000_000.0


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """``at(days)`` sets the queue's clock that many days after NOW."""

    def at(days: float) -> None:
        monkeypatch.setattr(clock, "now", lambda: NOW + days * DAY)

    at(0)
    return at


def songs(*names: str) -> list[dict[str, object]]:
    """Songs to ask about, the first the best."""
    return [
        {
            "song_id": name,
            "track_id": name.rjust(22, "t"),
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
    assert (question.song_id, question.title, question.link) == (
        "a",
        "A",
        f"https://open.spotify.com/track/{'a'.rjust(22, 't')}",
    )
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
    assert standing(state, clock.now()) == {"a": "approve"}
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


@pytest.mark.parametrize(
    ("verdict", "days"),
    [("approve", 60), ("more", 60), ("later", 60), ("fewer", 180), ("keep", 30), ("remove", 180)],
)
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


def test_an_answer_taken_back_waits_again(state: State) -> None:
    propose(state, "discovery", songs("a"), 10)
    queue.advance(state, 1, "trial", "on the mix")
    assert decide(state, 1, "reject", "bot", nonce="tap")
    assert queue.undo(state, 1, "cli")
    assert not queue.undo(state, 1, "cli"), "there is nothing left to take back"
    assert standing(state, clock.now()) == {}
    assert queue.items(state)[0].status == "trial"
    assert not decide(state, 1, "reject", "bot", nonce="tap"), "a late echo of the tap that was taken back"
    assert decide(state, 1, "approve", "bot", nonce="another tap")
    assert [status for status, _, _ in queue.steps(state, 1)] == ["pending", "trial", "rejected", "trial", "approved"]


def test_an_answer_is_not_taken_back_into_a_second_question(state: State, at: Callable[[float], None]) -> None:
    at(0)
    propose(state, "discovery", songs("a"), 10)
    decide(state, 1, "later", "cli")
    at(61)
    assert propose(state, "discovery", songs("a"), 10) == 1
    assert not queue.undo(state, 1, "cli")
    assert queue.items(state)[0].item_id == 2


def test_a_trial_that_came_to_nothing_is_not_repeated_at_once(state: State, at: Callable[[float], None]) -> None:
    at(0)
    propose(state, "discovery", songs("a"), 10)
    assert queue.advance(state, 1, "trial", "on the mix")
    assert not queue.advance(state, 1, "trial", "on the mix")
    assert queue.advance(state, 1, "expired", "skipped away")
    assert not decide(state, 1, "approve", "cli")
    assert propose(state, "discovery", songs("a"), 10) == 0
    at(queue.EXPIRED_DAYS + 1)
    assert propose(state, "discovery", songs("a"), 10) == 1


def test_what_was_tried_and_heard_is_asked_first(state: State) -> None:
    propose(state, "discovery", songs("a", "b", "c"), 10)
    queue.advance(state, 3, "trial", "on the mix")
    assert pending(state) == 2
    queue.advance(state, 3, "asked", "heard 3 times")
    question = next_question(state)
    assert question is not None and question.song_id == "c"


def test_verdicts_reach_as_far_as_they_say(state: State, at: Callable[[float], None]) -> None:
    at(0)
    told = [song | {"artist_key": f"artist {song['song_id']}"} for song in songs("a", "b", "c", "d")]
    propose(state, "discovery", told, 10)
    for item_id, verdict in enumerate(("fewer", "more", "wrong_version", "later"), 1):
        assert decide(state, item_id, verdict, "bot")
    assert queue.fewer_artists(state, NOW) == {"artist a"}
    assert queue.fewer_artists(state, NOW + 181 * DAY) == set()
    assert {song for song, said in standing(state, NOW).items() if said in queue.HOLDING} == {"b"}
    assert standing(state, NOW + 400 * DAY) == {"c": "wrong_version"}


def test_a_verdict_nobody_asked_for_answers_the_question_that_waits(state: State) -> None:
    propose(state, "resurface", songs("a"), 10)
    assert queue.record_unprompted(state, songs("a")[0], "reject", "cli") == 1
    unasked = queue.record_unprompted(state, songs("b")[0], "reject", "cli")
    assert standing(state, clock.now()) == {"a": "reject", "b": "reject"}
    assert queue.undo(state, unasked, "cli")
    assert standing(state, clock.now()) == {"a": "reject"}
    assert pending(state) == 0


def test_what_no_question_asked_for_brings_nothing_about(state: State) -> None:
    say(state, [Said("a", "later", "undo:1:a")], "undo")
    assert verdicts.pending_effects(state) == []


def test_each_verdict_is_brought_about_once(state: State) -> None:
    propose(state, "discovery", songs("a", "b"), 10)
    decide(state, 1, "approve", "cli")
    say(state, [Said("c", "keep", "hand:1")], "playlist")
    (due,) = verdicts.pending_effects(state)
    assert (due.verdict, due.undo, due.track_id, due.title) == ("approve", False, "a".rjust(22, "t"), "A")
    verdicts.done(state, due.outbox_id, "liked")
    queue.undo(state, 1, "cli")
    (due,) = verdicts.pending_effects(state)
    assert (due.verdict, due.undo) == ("approve", True)


WRITER = """
import sys
from pathlib import Path
from spotify_ai_pipeline.storage import queue
from spotify_ai_pipeline.storage.state import State
state, first = State(Path(sys.argv[1])), int(sys.argv[2])
for item in range(first, first + 200):
    assert queue.decide(state, item, "approve", "cli", nonce="a")
    assert not queue.decide(state, item, "approve", "cli", nonce="a")
    # everyone taps one item as well: one of all wins
    queue.decide(state, 1601, "reject", "bot", nonce=str(first))
"""


def test_eight_writers_lose_nothing_and_double_nothing(state: State) -> None:
    propose(state, "discovery", songs(*(str(number) for number in range(1601))), 2_000)
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(state.path), str(1 + 200 * number)]) for number in range(8)
    ]
    assert [writer.wait(120) for writer in writers] == [0] * 8
    said = state.rows("SELECT item_id, count(*) AS times FROM verdicts GROUP BY 1")
    assert len(said) == 1601 and all(row["times"] == 1 for row in said)
    assert len(verdicts.pending_effects(state)) == 1601
    assert pending(state) == 0
