"""Moods from Claude: the form is filled in over HTTP, and only what is the listener's own is believed."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from spotify_ai_pipeline.clients.claude import Claude, ClaudeError
from spotify_ai_pipeline.music.mood import llm_schema
from spotify_ai_pipeline.music.mood.llm_schema import MoodAnswer, Years
from spotify_ai_pipeline.sandbox import anthropic as stand_in
from spotify_ai_pipeline.storage.workspace import Workspace

Wired = Callable[..., Workspace]
TAGS, CLUSTERS = ["Jazz", "metal"], ["Rainy Sundays"]


def ask(workspace: Workspace, text: str) -> MoodAnswer:
    return Claude.of(workspace).ask(MoodAnswer, "Fill in.", llm_schema.question(text, TAGS, CLUSTERS), "mood", 600)


def form(**values: object) -> MoodAnswer:
    empty = dict.fromkeys(("valence", "energy", "tempo", "acousticness", "hours"))
    return MoodAnswer.model_validate(empty | {"tags": [], "not_tags": [], "clusters": [], "eras": []} | values)


def test_words_become_a_form_and_the_form_a_wish(wired: Wired) -> None:
    text = "rainy sunday jazz, nothing too loud, tonight"
    wish = llm_schema.grounded(ask(wired(), text), text, TAGS, CLUSTERS)
    assert wish.axes["energy"] < 0
    assert wish.tags == {"Jazz": 1.0}
    assert wish.seconds == 5 * 3_600


def test_what_is_not_the_listeners_own_is_dropped() -> None:
    answer = form(
        valence=7.0, energy=0.0, tags=["jazz", "Some Title"], not_tags=["METAL", "jazz"], clusters=["rainy sundays", "Other"],
        eras=[Years(first=1990, last=1999), Years(first=1999, last=1990)], hours=10_000,
    )  # fmt: skip
    wish = llm_schema.grounded(answer, "happy nineties", TAGS, CLUSTERS)
    assert wish.axes == {"valence": 1.0}
    assert wish.tags == {"Jazz": 1.0, "metal": -1.0}
    assert wish.clusters == ["Rainy Sundays"]
    assert wish.eras == [(1990, 1999)]
    assert wish.seconds is None


def test_years_that_nobody_spoke_of_are_dropped_and_nothing_is_left() -> None:
    assert not llm_schema.grounded(form(eras=[Years(first=1990, last=1999)]), "calm", TAGS, CLUSTERS).says_something


def test_the_question_holds_words_tags_and_clusters_and_no_more() -> None:
    told = json.loads(llm_schema.question("x" * 9_000, [f"tag {n}" for n in range(900)], CLUSTERS))
    assert set(told) == {"wish", "tags", "clusters"}
    assert len(told["wish"]) == llm_schema.LONGEST_TEXT
    assert len(told["tags"]) == llm_schema.MOST_TAGS


def test_a_refusal_is_said(wired: Wired) -> None:
    with pytest.raises(ClaudeError, match="declined"):
        ask(wired(), stand_in.REFUSE)
