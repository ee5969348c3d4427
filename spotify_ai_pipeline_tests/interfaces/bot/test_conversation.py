"""Questions and answers on the phone, and everything that gets in between."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from datetime import timedelta

import polars as pl
import pytest
import requests

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.clients import telegram
from spotify_ai_pipeline.clients.transport import Transport
from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.interfaces.bot import app, chat, jobs, questions, templates
from spotify_ai_pipeline.interfaces.cli.demo import TELEGRAM_USER
from spotify_ai_pipeline.settings import PROJECT_ROOT
from spotify_ai_pipeline.storage import datasets, exclusions, notification_outbox, queue, telegram_prompts
from spotify_ai_pipeline.storage.workspace import Workspace

from .conftest import NASTY, PATIENCE_S, Phone, connect, data, listening

ENTRY = [sys.executable, "-c", "from spotify_ai_pipeline.interfaces.cli import main; main()", "bot"]


def verdicts(workspace: Workspace) -> list[tuple[int, str]]:
    return [
        tuple(row)
        for row in workspace.state.rows("SELECT item_id, verdict FROM verdicts WHERE undone_at IS NULL ORDER BY 1")
    ]


def test_an_answer_is_taken_in_place_and_the_next_song_follows(workspace: Workspace, phone: Phone) -> None:
    with listening(workspace):
        assert [one["command"] for one in phone.chat()["commands"]] == list(templates.COMMANDS)
        phone.say("/next")
        first = phone.reads("predicted match 90%")
        assert first["text"].startswith(f"{NASTY} — Artist 0\nnew to you: fans of <b>you</b> & me")
        assert [[one["text"] for one in row] for row in first["buttons"]] == [
            ["✓ approve", "✗ reject", "↷ not now"],
            ["+ more like this", "− less of the artist"],
            ["wrong version", "🎧 hear it", "▶ listen"],
        ]
        query = phone.tap(first["message_id"], data(first, ":a"))
        second = phone.reads("Second — Artist 1")
        assert phone.answered(query) == "approve"
        settled = phone.messages()[0]
        assert (settled["edits"], settled["buttons"]) == (1, [])
        assert settled["text"].endswith("it goes into your library and stays on the mix")
        for place, letter in enumerate("rsw"):
            phone.tap(second["message_id"], data(second, f":{letter}"))
            second = phone.reads(["Third", "Fourth", "No questions wait"][place])
    assert [verdict for _, verdict in verdicts(workspace)] == ["approve", "reject", "later", "wrong_version"]


def test_listening_that_was_not_the_listener_is_left_out_with_one_tap_and_never_unasked(
    workspace: Workspace, phone: Phone
) -> None:
    begin = clock.utc_now() - timedelta(days=20)
    rows = [
        ("span", "", begin, begin + timedelta(hours=3), 40, NASTY, True),
        ("artist", "Fan", begin, begin, 9, "sleep", True),
    ]
    workspace.lake.write(pl.DataFrame(rows, schema=datasets.SUSPECTS.schema, orient="row"), datasets.SUSPECTS)
    with listening(workspace):
        phone.say("/notme")
        party, fan = phone.reads(NASTY), phone.reads("Fan")
        assert not exclusions.in_force(workspace.state)
        assert phone.answered(phone.tap(party["message_id"], data(party))) == "left out"
        assert (
            phone.answered(phone.tap(party["message_id"], data(party))) == "this is settled, or looks like you by now"
        )
        (rule,) = exclusions.in_force(workspace.state)
        undo = f"xu:{rule.exclusion_id}"
        for said in ("taken back", "it was taken back already"):
            assert phone.answered(phone.tap(party["message_id"], undo)) == said
        assert phone.answered(phone.tap(fan["message_id"], data(fan).replace("xn", "xm"))) == "kept"
        phone.say("/notme")
        phone.reads("Nothing of late looks as if it was not you")
    assert not exclusions.in_force(workspace.state)


def test_double_and_stale_taps_change_nothing(workspace: Workspace, phone: Phone) -> None:
    with listening(workspace):
        phone.say("/next")
        first = phone.reads("predicted match 90%")
        for letter in "arar":
            phone.tap(first["message_id"], data(first, f":{letter}"))
        second = phone.reads("Second")
        item = int(data(first).split(":")[1])
        assert queue.undo(workspace.state, item, "cli")
        assert phone.answered(phone.tap(first["message_id"], data(first, ":a"))) == "pending already"
        other = int(data(second).split(":")[1])
        assert queue.decide(workspace.state, other, "reject", "cli")  # answered elsewhere meanwhile
        assert phone.answered(phone.tap(second["message_id"], data(second, ":a"))) == "rejected already"
        assert phone.answered(phone.tap(second["message_id"], "v:999:a")) == "this question is gone"
        assert phone.answered(phone.tap(second["message_id"], "of another time")) == "this button is of another time"
        assert phone.answered(phone.tap(777, data(first, ":r"))) != ""  # the message is gone
    assert verdicts(workspace)[-1] == (other, "reject")
    assert len([one for one in phone.messages() if "Second" in one["text"]]) == 1


def test_a_restart_in_mid_question_forgets_nothing(workspace: Workspace, phone: Phone) -> None:
    with listening(workspace):
        phone.say("/next")
        first = phone.reads("predicted match 90%")
    phone.tap(first["message_id"], data(first, ":r"))  # while nobody listens
    workspace.state.set_fact(jobs.UNDER_WAY, {"chat": TELEGRAM_USER, "message": first["message_id"] + 50})
    with listening(Workspace.open(workspace.root)):
        second = phone.reads("Second")
        assert verdicts(workspace) == [(int(data(first).split(":")[1]), "reject")]
        assert phone.reads(jobs.CUT)  # the run that was under way
    queue.decide(workspace.state, int(data(second).split(":")[1]), "approve", "cli")
    with listening(Workspace.open(workspace.root)):
        phone.until(lambda messages: any("approved already" in one["text"] for one in messages))
    assert not telegram_prompts.on_screen(workspace.state, TELEGRAM_USER)


def test_a_second_next_takes_the_buttons_of_the_first(workspace: Workspace, phone: Phone) -> None:
    with listening(workspace):
        phone.say("/next")
        first = phone.reads("predicted match 90%")
        phone.say("/next")
        second = phone.reads("predicted match 90%", 2)
        phone.until(lambda messages: not messages[0]["buttons"])
        phone.tap(first["message_id"], data(first, ":a"))  # from before the buttons went
        phone.until(lambda messages: "it goes into" in messages[0]["text"])
        assert phone.answered(phone.tap(second["message_id"], data(second, ":r"))) == "approved already"
        phone.reads("Second")
    assert len(verdicts(workspace)) == 1


def test_strangers_get_silence_and_one_line(
    workspace: Workspace, phone: Phone, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING), listening(workspace):
        for text in ("/next", "/help", "hello"):
            phone.say(text, user=666)
        phone.say("/next")
        first = phone.reads("predicted match 90%")
        phone.tap(first["message_id"], data(first, ":a"), user=666)
        phone.say("/pause x")
        phone.reads("give a time")
    assert len(phone.messages()) == 2
    assert not verdicts(workspace)
    assert len([record for record in caplog.records if "666" in record.getMessage()]) == 1


def test_a_pause_that_telegram_asks_for_is_kept(workspace: Workspace, phone: Phone) -> None:
    with listening(workspace):
        phone.flood(seconds=1, calls=2, method="sendMessage")
        phone.say("/next")
        phone.reads("predicted match 90%")
    assert len(phone.messages()) == 1


def test_a_long_pause_is_kept_by_all_processes_and_nothing_is_lost(workspace: Workspace, phone: Phone) -> None:
    def calls() -> int:
        return len(phone.chat()["calls"])

    workspace.state.set_override("proactive.quiet_from", 0)
    workspace.state.set_override("proactive.quiet_until", 0)
    with listening(workspace) as thread:
        phone.flood(seconds=7_200, calls=1, method="sendMessage")
        phone.say("/next")
        phone.until(lambda _: workspace.state.rows("SELECT * FROM cooldowns"))
        now = clock.now()
        (pause,) = workspace.state.rows("SELECT service, until FROM cooldowns")
        assert pause["service"] == "telegram" and pause["until"] == pytest.approx(now + 7_200, abs=60)
        before = calls()
        notification_outbox.enqueue(
            workspace.state, "mood_shift", "m", {"text": "What you play has changed"}, now, now + 9_000
        )
        time.sleep(2)
        assert calls() <= before + 1, "one poll may have been on its way"
        assert thread.is_alive() and phone.messages() == []
        with workspace.state.transaction() as connection:
            connection.execute("UPDATE cooldowns SET until = ?", (clock.now(),))
        phone.reads("What you play has changed")
        phone.reads("ask again")
        phone.say("/next")
        phone.reads("predicted match 90%")


def test_a_bot_that_starts_in_a_pause_makes_no_call_and_says_so(workspace: Workspace, phone: Phone) -> None:
    Transport("telegram", workspace.settings.services.telegram, workspace.state).cool_down(7_200)
    with listening(workspace) as thread:
        thread.join(PATIENCE_S)
    assert isinstance(thread.trouble, UserError) and "deferred until" in str(thread.trouble)
    assert phone.chat()["calls"] == []


@pytest.mark.parametrize("kind", ["502", "reset", "malformed"])
def test_a_lost_connection_is_outlived(workspace: Workspace, phone: Phone, sandbox: str, kind: str) -> None:
    with listening(workspace):
        plan = {"rate": 1.0, "most": 2, "kinds": [kind], "path": "/telegram/"}
        requests.put(f"{sandbox}/sandbox/faults", json=plan, timeout=120).raise_for_status()
        phone.say("/next")
        first = phone.reads("predicted match 90%")
        phone.tap(first["message_id"], data(first, ":a"))
        phone.until(lambda messages: any("it goes into" in one["text"] for one in messages))
    assert len(verdicts(workspace)) == 1


def test_of_two_readers_one_gives_way_and_says_so(
    workspace: Workspace, sandbox: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "CONFLICT_SECONDS", 0.2)
    with listening(workspace) as thread:
        until = time.monotonic() + PATIENCE_S
        while thread.is_alive() and time.monotonic() < until:
            requests.get(f"{sandbox}/telegram/bot1001:sandbox/getUpdates", timeout=120)
            time.sleep(0.05)
    assert isinstance(thread.trouble, UserError)
    assert "another process reads this bot's messages" in str(thread.trouble)


def test_a_token_that_is_revoked_ends_the_bot_with_what_to_do(workspace: Workspace, phone: Phone) -> None:
    environment = {**os.environ, "SPOTIFY_AI_DATA": str(workspace.root), "PYTHONPATH": str(PROJECT_ROOT)}
    bot = subprocess.Popen(ENTRY, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        phone.say("/next")
        phone.reads("predicted match 90%")
        phone.revoke()
        phone.say("/next")
        _, said = bot.communicate(timeout=PATIENCE_S)
    finally:
        bot.kill()
    assert bot.returncode == 2
    assert "@BotFather" in said and "TELEGRAM_BOT_TOKEN" in said and "Traceback" not in said


def test_one_bot_a_home(workspace: Workspace) -> None:
    with listening(workspace), listening(Workspace.open(workspace.root)) as second:
        second.join(PATIENCE_S)
    assert "runs for this listener already" in str(second.trouble)


@pytest.mark.parametrize(
    ("secrets", "said"),
    [
        ("", "TELEGRAM_BOT_TOKEN and TELEGRAM_USER_ID"),
        ("TELEGRAM_BOT_TOKEN=1:x\nTELEGRAM_USER_ID=@me\n", "must be your number"),
        ("TELEGRAM_BOT_TOKEN=1:wrong\nTELEGRAM_USER_ID=7\n", "does not take the token"),
    ],
)
def test_what_is_missing_is_said(workspace: Workspace, secrets: str, said: str) -> None:
    (workspace.root / ".env").write_text(secrets)
    other = Workspace.open(workspace.root)
    if "1:wrong" not in secrets:
        with pytest.raises(telegram.NotConnected, match=said):
            telegram.credentials(other)
        return
    with listening(other) as thread:
        thread.join(PATIENCE_S)
    assert said in str(thread.trouble)


def test_its_calls_are_in_the_ledger_and_a_used_up_budget_stops_them(
    workspace: Workspace, phone: Phone, sandbox: str
) -> None:
    with listening(workspace):
        phone.say("/next")
        phone.reads("predicted match 90%")
    calls = {
        row["kind"]: row["calls"]
        for row in workspace.state.rows("SELECT kind, calls FROM api_calls WHERE service = 'telegram'")
    }
    assert calls["read"] >= 2
    assert calls["write"] >= 3
    connect(workspace, sandbox, services={"telegram": {"url": f"{sandbox}/telegram/", "calls_per_day": 1}})
    with listening(Workspace.open(workspace.root)) as thread:
        thread.join(PATIENCE_S)
    assert "budget" in str(thread.trouble)


def test_long_texts_are_cut_between_lines() -> None:
    whole = templates.fitted(f"<b>{templates.text('&' * 300)}</b> {number}" for number in range(100))
    assert len(whole) <= 4_096
    assert whole.count("<b>") == whole.count("</b>") > 1
    assert "more" in whole.splitlines()[-1]


def test_no_button_is_longer_than_telegram_takes() -> None:
    found = queue.Question(2**63, queue.DISCOVERY, "s", "t", NASTY, NASTY, 1.0, "why")
    for row in questions.buttons(found):
        for one in row:
            assert one.url or 1 <= len(str(one.callback_data).encode()) <= 64
    with pytest.raises(ValueError, match="64 bytes"):
        chat.button("x", "é" * 33)
