"""A question offers the answers that mean something to it, wherever it is asked."""

import pytest
from click.testing import CliRunner

from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.interfaces.bot import questions
from spotify_ai_pipeline.interfaces.cli.approve import later, reject
from spotify_ai_pipeline.interfaces.cli.next import next_
from spotify_ai_pipeline.storage import queue
from spotify_ai_pipeline.storage.workspace import Workspace


@pytest.fixture
def workspace() -> Workspace:
    """A home that asks whether a song is to be kept, and about a new one."""
    workspace = Workspace.open()
    for kind, name in ((queue.REMOVE, "old"), (queue.DISCOVERY, "new")):
        song = {
            "song_id": name,
            "track_id": name.ljust(22, "x"),
            "title": name,
            "artist": "A",
            "score": 1.0,
            "reason": "why",
        }
        queue.propose(workspace.state, kind, [song], 10)
    return workspace


def test_keys_of_no_meaning_are_not_offered_and_not_taken(workspace: Workspace) -> None:
    asked = CliRunner().invoke(next_, input="w\nw\nm\nf\ns\n").output
    new, old = asked.split("old — A")
    assert "(m)ore like this" in new and "(w)rong version" in new and "another recording" in new
    assert "(a)pprove · (r)eject · (s)kip for now\n" in old
    assert not any(words in old for words in ("more", "wrong", "fewer"))
    assert [tuple(row) for row in workspace.state.rows("SELECT item_id, verdict FROM verdicts ORDER BY 1")] == [
        (1, "later"),
        (2, "wrong_version"),
    ]


def test_by_number_they_are_refused(workspace: Workspace) -> None:
    for command, flag in ((reject, "--wrong-version"), (later, "--fewer")):
        refused = CliRunner().invoke(command, ["1", flag])
        assert isinstance(refused.exception, UserError) and "approve, reject, later" in str(refused.exception)
    assert workspace.state.rows("SELECT * FROM verdicts") == []


def test_the_bot_has_buttons_for_what_means_something(workspace: Workspace) -> None:
    asked = [queue.item(workspace.state, number) for number in (1, 2)]
    old, new = ([one.text for row in questions.buttons(found) for one in row] for found in asked if found)
    assert old == ["✓ approve", "✗ reject", "↷ not now", "🎧 hear it", "▶ listen"]
    likes = ["+ more like this", "− less of the artist"]
    assert new == ["✓ approve", "✗ reject", "↷ not now", *likes, "wrong version", "🎧 hear it", "▶ listen"]
