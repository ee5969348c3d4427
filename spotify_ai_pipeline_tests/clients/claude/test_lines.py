"""One line why a new song may fit: only what rests on facts is believed, and each use has a switch and a cost."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from spotify_ai_pipeline.app import song_lines
from spotify_ai_pipeline.clients.claude_permission import CLUSTER_NAMES, LINES, MOODS, why_not
from spotify_ai_pipeline.music.discovery.lines import Facts, Line, Lines, grounded
from spotify_ai_pipeline.storage import llm_cost_ledger
from spotify_ai_pipeline.storage.workspace import Workspace

Wired = Callable[..., Workspace]
SONG = {
    "song_id": "s",
    "artist": "St. Lamp",
    "title": "Harbour",
    "tags": [{"tag": "dream pop", "weight": 0.4}, {"tag": "shoegaze", "weight": 1.0}],
    "reason": "fans of Idle Hedgehogs; a friend played it",
}
FACTS = Facts(
    "St. Lamp", "Harbour", ["dream pop", "shoegaze"], ["fans of Idle Hedgehogs", "played 3 times by a friend"]
)


def believed(line: str, *rests_on: str, song: int = 0) -> dict[int, str]:
    return grounded(Lines(lines=[Line(song=song, line=line, rests_on=list(rests_on))]), [FACTS])


@pytest.mark.parametrize(
    ("line", "rests_on"),
    [
        ("Hazy shoegaze that fans of Idle Hedgehogs play", ["shoegaze", "fans of Idle Hedgehogs"]),
        ("St. Lamp sit where your dream pop is.", ["dream pop"]),
        ("A friend played it 3 times", ["played 3 times by a friend"]),
    ],
)
def test_a_line_in_words_of_its_own_that_rests_on_the_facts_is_believed(line: str, rests_on: list[str]) -> None:
    assert believed(line, *rests_on) == {0: line}


@pytest.mark.parametrize(
    ("line", "rests_on"),
    [
        ("Shoegaze in the manner of Slowdive", ["shoegaze"]),  # a name that nobody gave
        ("Shoegaze from 1991", ["shoegaze"]),
        ("1991 shoegaze", ["shoegaze"]),
        ("Shoegaze. You will love it", ["shoegaze"]),
        ("You will love it", ["shoegaze"]),  # names none of it
        ("Hazy shoegaze", []),
        ("Hazy shoegaze", ["shoegaze", "post-punk"]),  # rests on a tag that it was not given
        ("Hazy shoegaze " + "and on " * 40, ["shoegaze"]),
        ("", ["shoegaze"]),
    ],
)
def test_a_line_that_says_more_than_the_facts_is_dropped(line: str, rests_on: list[str]) -> None:
    assert believed(line, *rests_on) == {}


def test_a_line_for_a_song_that_was_not_asked_about_is_dropped() -> None:
    assert believed("Hazy shoegaze", "shoegaze", song=7) == {}
    assert believed("Hazy shoegaze", "shoegaze", song=-1) == {}


def test_lines_are_asked_for_in_one_question_and_the_ledger_says_what_they_cost(wired: Wired) -> None:
    workspace = wired()
    untagged = SONG | {"song_id": "u", "tags": None}
    assert song_lines.write_lines(workspace, [SONG, untagged]) == (
        {"s": "A song called shoegaze and dream pop: fans of Idle Hedgehogs"},
        "",
    )
    (spent,) = llm_cost_ledger.spent_by_purpose(workspace.state).items()
    assert spent[0] == "lines"
    assert 0 < spent[1] == llm_cost_ledger.spent(workspace.state)


@pytest.mark.parametrize("use", [MOODS, CLUSTER_NAMES, LINES])
def test_each_use_has_a_switch_of_its_own(wired: Wired, use: str) -> None:
    workspace = wired(**{use: False})
    assert why_not(workspace, use) == f"claude.{use} is false"
    assert [other for other in (MOODS, CLUSTER_NAMES, LINES) if why_not(workspace, other) is None] == [
        other for other in (MOODS, CLUSTER_NAMES, LINES) if other != use
    ]
    if use == LINES:
        assert song_lines.write_lines(workspace, [SONG]) == ({}, "claude.lines is false")
        assert llm_cost_ledger.spent(workspace.state) == 0


def test_without_budget_the_reasons_stand_alone(wired: Wired) -> None:
    found, why = song_lines.write_lines(wired(monthly_budget_usd=0.0), [SONG])
    assert found == {}
    assert "0.00 USD" in why
