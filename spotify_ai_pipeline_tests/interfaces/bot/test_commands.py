"""Every command on a pipeline that ran, and a refresh from the phone to the playlist and back."""

from __future__ import annotations

import pytest

from spotify_ai_pipeline.interfaces.bot import jobs
from spotify_ai_pipeline.storage import datasets, notification_outbox, playlists, queue
from spotify_ai_pipeline.storage.playlists import MIX
from spotify_ai_pipeline.storage.workspace import Workspace
from spotify_ai_pipeline_tests.conftest import Pipeline

from .conftest import Phone, connect, data, listening


def test_a_day_on_the_phone(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "EDIT_EVERY", 0.2)
    workspace, phone = connect(pipeline.workspace, pipeline.url), Phone(pipeline.url)
    listed = workspace.lake.read(datasets.MIX).drop_nulls("score")
    before, song = len(workspace.lake.read(datasets.MIX)), listed.row(0, named=True)
    assert before
    with listening(workspace):
        for text, said in (
            ("/help", "/cycling – how fast"),
            ("what?", "I keep your AI Mix fresh"),
            ("/stats", "listens of"),
            ("/playlist", "AI Mix: "),
            (f"/why {song['artist']} - {song['title']}", "an average song"),
            ("/why a", "songs have this name, such as"),
            ("/why zzzz", "no such song"),
            ("/why", "say which song"),
            ("/cycling", "cycling 5 of 10"),
            ("/cycling 8", "cycling at 8 would do this"),
            ("/cycling 11", "give a number from 1"),
            ("/mood", "mood: "),
            ("/mood rainy sunday, nothing too loud", "calm"),
            ("/mood zzyzx", "Did you mean one of these?"),
            ("/taste", "what I believe about you"),
            ("/taste zzyzx", "I understand no artist"),
            ("/taste less loud music until march", "less of what is that sounds"),
            ("/snapshot", "❄ AI Snapshot"),
            ("/pause 2d", "Quiet until"),
            ("/pause off", "I speak up again"),
        ):
            phone.say(text)
            phone.reads(said)
        assert pipeline.workspace.settings.cycling.aggressiveness == 5
        offered = phone.reads("cycling at 8 would do this")
        assert phone.answered(phone.tap(offered["message_id"], data(offered, "d:8"))) == "taken"
        phone.reads("cycling 8 of 10 (was 5)")
        assert Workspace.open(pipeline.workspace.root).settings.cycling.aggressiveness == 8
        phone.tap(phone.reads("Quiet until")["message_id"], "x")
        asked = phone.reads("less of what is that sounds")
        rule = data(asked).split(":")[1]
        assert phone.answered(phone.tap(asked["message_id"], f"ty:{rule}")) == "agreed"
        assert phone.answered(phone.tap(asked["message_id"], f"ty:{rule}")) == "settled already"
        phone.say("/taste")
        page = phone.reads("1. less loud music until march")
        assert phone.answered(phone.tap(page["message_id"], f"to:{rule}")) == "switched off"
        mood = phone.reads("understood by")
        assert phone.answered(phone.tap(mood["message_id"], data(mood, "c:c"))) == "more calm"
        assert "█" in phone.reads("with your correction")["text"]
        phone.tap(mood["message_id"], data(mood, "r"))
        phone.reads("Refreshing")
        phone.say("/refresh")
        phone.reads("is under way; wait for it")
        done = phone.reads("refreshed for your mood: +")
        assert done["edits"] >= 2  # progress, then the result, in one message
        last = playlists.refreshes(pipeline.workspace.state, MIX, 1)[0]
        assert f"+{last.added} −{last.removed}" in done["text"]
        assert len(done["text"].splitlines()) > 2  # each song with why
        phone.say("/undo")
        offered = phone.reads("Take back:")
        phone.tap(offered["message_id"], f"b:{last.refresh_id}")
        phone.reads("is taken back: +")
        assert phone.answered(phone.tap(offered["message_id"], f"b:{last.refresh_id}"))
        phone.say("/next")
        asked = phone.until(lambda all_: [one for one in all_ if one["buttons"] and data(one).startswith("v:")])[0]
        song = queue.item(workspace.state, int(data(asked).split(":")[1]))
        assert song is not None
        if phone.answered(phone.tap(asked["message_id"], f"h:{song.item_id}")) == "here it is":  # some publish none
            sound = phone.reads(f"🎧 {song.title}")["audio"]
            assert sound["file_size"] > 10_000
            assert sound["title"] == song.title
        phone.tap(asked["message_id"], data(asked, ":r"))
        phone.until(lambda all_: any("will not be proposed" in one["text"] for one in all_))
        phone.say("/undo")
        offered = phone.reads("answer: ")
        item = int(data(asked).split(":")[1])
        for said in ("taken back", "it was taken back already"):
            assert phone.answered(phone.tap(offered["message_id"], f"u:{item}")) == said
    found = queue.item(pipeline.workspace.state, item)
    assert found is not None
    assert found.status in queue.OPEN
    moods = pipeline.read(datasets.MOOD).to_dicts()
    assert moods[0]["said"] == "rainy sunday, nothing too loud, more calm"


def test_what_waits_is_said_and_can_be_acted_on(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace, phone = (
        connect(pipeline.workspace, pipeline.url, proactive={"quiet_from": 0, "quiet_until": 0}),
        Phone(pipeline.url),
    )
    song = {"song_id": "new", "track_id": "x" * 22, "artist": "A & B", "title": "<i>", "artist_key": "a", "score": 0.8,
            "chance": 0.8, "reason": "tram played it", "source": "lastfm_friends"}  # fmt: skip
    item = queue.items(workspace.state, kind=queue.DISCOVERY)[0]
    for kind, body in (
        ("friend", {"text": "tram plays something for you:", "song": song}),
        ("candidate", {"item_id": item.item_id}),
        ("silent_source", {"text": "a <source> is silent"}),
    ):
        assert notification_outbox.enqueue(workspace.state, kind, kind, body, 0.0, 1e12)
    notification_outbox.enqueue(workspace.state, "friend", "stale", {"text": "too late"}, 0.0, 1.0)
    with listening(workspace):
        phone.reads("a <source> is silent")
        friend = phone.reads("tram plays something")
        for word in ("queued", "known"):
            assert phone.answered(phone.tap(friend["message_id"], data(friend))) == word
        asked = phone.reads(item.title)
        phone.tap(asked["message_id"], data(asked, ":s"))
        phone.reads("not now")
    assert not any("too late" in one["text"] for one in phone.messages())
    assert queue.items(workspace.state, ("pending",), queue.DISCOVERY)
    assert not notification_outbox.waiting(workspace.state, 2.0)
