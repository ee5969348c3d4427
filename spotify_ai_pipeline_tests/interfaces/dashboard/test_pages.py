"""Every page drawn without a browser, over what the first run of the graph leaves."""

from __future__ import annotations

import os
from datetime import timedelta
from html import escape
from pathlib import Path

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.app import covers
from spotify_ai_pipeline.interfaces.dashboard.sections import PAGES, questions
from spotify_ai_pipeline.storage import datasets, exclusions, pins, queue
from spotify_ai_pipeline.storage.workspace import Workspace

NAMES = [page.__module__.rpartition(".")[2] for page, _, _ in PAGES]


def draw(name: str) -> AppTest:
    source = (
        "from spotify_ai_pipeline.interfaces.dashboard import data\n"
        f"from spotify_ai_pipeline.interfaces.dashboard.sections import {name}\ndata.explain_errors({name}.page)()\n"
    )
    return AppTest.from_string(source, default_timeout=120).run()


@pytest.fixture
def workspace(place: Path) -> Workspace:
    os.environ["SPOTIFY_AI_DATA"] = str(place / "home")
    return Workspace.open()


@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_drawn(name: str, workspace: Workspace) -> None:
    page = draw(name)
    assert not page.exception
    assert page.title
    assert not page.info


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("questions", "health", "discovery")])
def test_before_the_first_run_a_page_says_what_to_do(name: str) -> None:
    page = draw(name)
    assert not page.exception
    assert "spotify-ai refresh" in page.info[0].value


def test_what_is_made_anew_shows_up(workspace: Workspace) -> None:
    def listens() -> str:
        return next(metric.value for metric in draw("listening").metric if metric.label == "listens")

    before = workspace.lake.read(datasets.LISTENS)
    assert listens() == f"{before.filter('counts').height:,}"
    workspace.lake.write(before.head(10).with_columns(counts=True), datasets.LISTENS)
    assert listens() == "10"


def test_an_answer_is_taken_once_and_taken_back(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    songs = [
        {"song_id": f"s{n}", "track_id": "t", "title": f"T{n}", "artist": "A", "score": 9.0 - n, "reason": "r"}
        for n in range(2)
    ]
    queue.propose(workspace.state, queue.DISCOVERY, songs, limit=10_000)
    asked = queue.next_question(workspace.state)
    assert asked is not None
    page = draw("questions")
    approve = next(button for button in page.button if button.label == "Approve")
    approve.click().run()
    assert not workspace.state.rows("SELECT 1 FROM verdicts")  # too soon to have been read: half of a double click
    monkeypatch.setattr(questions, "DOUBLE_CLICK_SECONDS", 0.0)
    next(button for button in page.button if button.label == "Approve").click().run()
    (said,) = workspace.state.rows("SELECT item_id, verdict, said_through, nonce FROM verdicts")
    assert (said["item_id"], said["verdict"], said["said_through"]) == (asked.item_id, "approve", "dashboard")
    assert not queue.decide(workspace.state, asked.item_id, "approve", "dashboard", said["nonce"].split(":")[-1])
    assert "T1" in page.subheader[0].value
    next(button for button in page.button if button.label == "Undo").click().run()
    back = queue.item(workspace.state, asked.item_id)
    assert back is not None
    assert back.status == "pending"
    assert "T0" in page.subheader[0].value


def test_what_was_not_the_listener_is_left_out_with_one_click_and_brought_back(workspace: Workspace) -> None:
    begin = clock.utc_now() - timedelta(days=20)
    rows = [("span", "", begin, begin + timedelta(hours=3), 40, "a party?", True)]
    workspace.lake.write(pl.DataFrame(rows, schema=datasets.SUSPECTS.schema, orient="row"), datasets.SUSPECTS)
    page = draw("questions")
    assert not exclusions.in_force(workspace.state)
    next(button for button in page.button if button.label == "Not me").click().run()
    assert len(exclusions.in_force(workspace.state)) == 1
    assert not [button for button in page.button if button.label == "Not me"]
    next(button for button in page.button if button.key == "undo-not-me").click().run()
    assert not page.exception
    assert not exclusions.in_force(workspace.state)


def test_a_dial_shows_what_would_come_and_go_before_it_is_taken_and_goes_back(workspace: Workspace) -> None:
    page = draw("rotation")
    page.selectbox[0].select("playlist.adventurousness").run()
    page.number_input[0].set_value(10).run()
    assert workspace.state.overrides() == {}, "nothing is taken by looking"
    assert any(text.value.startswith(("+ ", "− ", "the next refresh would bring")) for text in page.text)
    next(button for button in page.button if button.label == "Take it").click().run()
    assert workspace.state.overrides() == {"playlist.adventurousness": 10}
    next(button for button in page.button if button.key == "undo-dial").click().run()
    assert not page.exception
    assert workspace.state.overrides() == {}


def test_an_answer_given_elsewhere_meanwhile_is_not_given_again(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(questions, "DOUBLE_CLICK_SECONDS", 0.0)
    asked = queue.next_question(workspace.state)
    assert asked is not None
    page = draw("questions")
    assert queue.decide(workspace.state, asked.item_id, "reject", "cli")
    next(button for button in page.button if button.label == "Approve").click().run()
    assert [row["verdict"] for row in workspace.state.rows("SELECT verdict FROM verdicts")] == ["reject"]
    assert not page.exception


def test_whether_a_song_is_kept_is_asked_without_words_on_versions(workspace: Workspace) -> None:
    with workspace.state.transaction() as connection:
        connection.execute("UPDATE queue SET status = 'expired'")
    song = {"song_id": "s", "track_id": "t", "title": "T", "artist": "A", "score": 0.0, "reason": "keep it?"}
    assert queue.propose(workspace.state, queue.REMOVE, [song], 10) == 1
    assert [button.label for button in draw("questions").button] == [
        "Hear 30 seconds",
        "Approve",
        "Reject",
        "Not now",
    ]


def test_each_song_of_the_mix_says_why_and_can_be_pinned_barred_and_taken_back(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(covers, "find", lambda *_: None)  # no service is there to be asked
    page = draw("mix")
    listed = workspace.lake.read(datasets.MIX).drop_nulls("rank").sort("rank")
    assert len([button for button in page.button if button.label == "More"]) == 25, "a screen or two"
    next(button for button in page.button if button.label == f"All {listed.height} songs").click().run()
    assert len([button for button in page.button if button.label == "More"]) == listed.height
    assert workspace.settings.listener.name in page.title[0].value, "it says whose mix it is"
    song = listed["song_id"][0]

    def press(key: str) -> None:
        next(button for button in page.button if button.key == key).click().run()
        assert not page.exception

    press(f"more-{song}")
    assert any("number 1 of the mix" in text.value for text in page.text)
    press(f"pin-{song}")
    assert song in pins.held_and_barred(workspace.state, clock.now())[0]
    press(f"pin-{song}")
    assert song not in pins.held_and_barred(workspace.state, clock.now())[0]
    press(f"never-{song}")
    assert pins.held_and_barred(workspace.state, clock.now())[1][song] == "reject"
    next(button for button in page.button if button.label == "Undo").click().run()
    assert song not in pins.held_and_barred(workspace.state, clock.now())[1]


def test_the_score_card_is_shown_in_words(workspace: Workspace) -> None:
    page = draw("model")
    assert "Score card" in [heading.value for heading in page.subheader]
    assert any("week of the mix" in text.value for text in page.text)


def test_covers_are_asked_for_by_a_button_alone_and_shown_with_their_names(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = workspace.lake.read(datasets.MIX).drop_nulls("rank").sort("rank").head(25)
    asked: list[str] = []

    def find(place: Workspace, artist: str, title: str, track_id: str) -> None:
        asked.append(track_id)
        if len(asked) <= 3:  # then the services are out of reach
            place.answers.put(covers.KEPT, {track_id: "iVBORw0KGgo=" if len(asked) == 1 else None})

    monkeypatch.setattr(covers, "find", find)
    page = draw("mix")
    assert asked == [], "who only looks asks no service"
    next(button for button in page.button if button.label == "Show covers").click().run()
    assert not page.exception
    assert asked == listed["track_id"][:4].to_list(), "it stops where nobody answers"
    assert any("do not answer now" in caption.value for caption in page.caption)
    drawn = [html.proto.body for html in page.get("html") if "border-radius" in html.proto.body]
    assert len(drawn) == 25
    assert f'alt="Cover of {escape(listed["title"][0])} by' in drawn[0]
    assert not any("<img" in square for square in drawn[1:])
    draw("mix")
    assert len(asked) == 4, "and what is kept is not asked for again"
