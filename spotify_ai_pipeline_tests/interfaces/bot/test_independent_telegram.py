"""The bot against an emulator of the Bot API that somebody else wrote: ``make telegram-server`` brings it, it needs Node.js.

The emulator lacks a few answers that python-telegram-bot relies on: the script beside it adds them.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.app import previews
from spotify_ai_pipeline.app.previews import Preview
from spotify_ai_pipeline.interfaces.cli.demo import TELEGRAM_TOKEN, TELEGRAM_USER
from spotify_ai_pipeline.settings import PROJECT_ROOT
from spotify_ai_pipeline.storage import queue
from spotify_ai_pipeline.storage.workspace import Workspace
from spotify_ai_pipeline_tests.conftest import Pipeline
from spotify_ai_pipeline_tests.ports import free_port

from .conftest import PATIENCE_S, listening

PACKAGE = PROJECT_ROOT / ".venv" / "node" / "node_modules" / "telegram-test-api"
SERVER = """
const { routes } = require('PACKAGE/lib/routes/index');
const { TelegramServer } = require('PACKAGE/lib/telegramServer');
const size = (req) => new Promise((done) => {
  let bytes = 0;
  req.on('data', (part) => { bytes += part.length; }).on('end', () => done(bytes));
});
const inSeconds = ({ message_id, date, chat, text }) => ({ message_id, date: Math.floor(date / 1000), chat, text });
const format = TelegramServer.formatUpdate;
TelegramServer.formatUpdate = (update) => {
  const told = format(update);
  if (told.callback_query) told.callback_query.chat_instance = '1';
  return told;
};
routes.unshift((app, server) => {
  const me = { id: 666, is_bot: true, first_name: 'Emulated', username: 'EmulatedBot' };
  app.all('/bot:token/getMe', (_, res) => res.json({ ok: true, result: me }));
  app.all('/bot:token/setMyCommands', (_, res) => res.json({ ok: true, result: true }));
  for (const edit of ['editMessageText', 'editMessageReplyMarkup']) {
    app.all(`/bot:token/${edit}`, (req, res) => { server[edit](req.body); res.json({ ok: true, result: true }); });
  }
  app.all('/bot:token/sendMessage', (req, res) => {
    res.json({ ok: true, result: inSeconds(server.addBotMessage(req.body, req.params.token)) });
  });
  app.all('/bot:token/sendAudio', async (req, res) => {
    const text = `sound of ${await size(req)} bytes`;
    res.json({ ok: true, result: inSeconds(server.addBotMessage({ chat_id: 'USER', text }, req.params.token)) });
  });
});
const server = new TelegramServer({ port: Number(process.argv[2]), host: '127.0.0.1', storeTimeout: 600 });
server.start().then(() => console.log('ready'));
"""


class Listener:
    """The listener's hand on the emulator."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.person = {"id": TELEGRAM_USER, "is_bot": False, "first_name": "Listener"}
        self.chat = {"id": TELEGRAM_USER, "type": "private", "first_name": "Listener"}

    def say(self, text: str) -> None:
        entities = [{"type": "bot_command", "offset": 0, "length": len(text.split()[0])}]
        told = {"botToken": TELEGRAM_TOKEN, "text": text, "from": self.person, "chat": self.chat, "entities": entities}
        requests.post(f"{self.url}/sendCommand", json=told | {"date": int(clock.now())}, timeout=120).raise_for_status()

    def tap(self, message: dict[str, Any], data: str) -> None:
        about = {"message_id": message["messageId"], "date": int(clock.now()), "chat": self.chat, "text": "x"}
        told = {"botToken": TELEGRAM_TOKEN, "from": self.person, "message": about, "data": data}
        requests.post(f"{self.url}/sendCallback", json=told, timeout=120).raise_for_status()

    def reads(self, words: str) -> dict[str, Any]:
        """The last message of the bot that holds ``words``."""
        end, texts = time.monotonic() + PATIENCE_S, list[dict[str, Any]]()
        while time.monotonic() < end:
            told = requests.post(f"{self.url}/getUpdatesHistory", json={"token": TELEGRAM_TOKEN}, timeout=120).json()
            texts = [one for one in told["result"] if "chat_id" in one.get("message", {})]
            found = [one for one in texts if words in one["message"]["text"]]
            if found:
                return found[-1]
            time.sleep(0.1)
        raise AssertionError(f"waited in vain for {words!r}; the chat: {[one['message']['text'] for one in texts]}")


def buttons(message: dict[str, Any]) -> list[str]:
    rows = message["message"].get("reply_markup", {}).get("inline_keyboard", [])
    return [one["callback_data"] for row in rows for one in row if "callback_data" in one]


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[str]:
    node = shutil.which("node")
    if node is None or not PACKAGE.is_dir():
        pytest.skip("needs Node.js and `make telegram-server`")
    port = free_port()
    script = tmp_path / "server.cjs"
    script.write_text(SERVER.replace("PACKAGE", str(PACKAGE)).replace("USER", str(TELEGRAM_USER)))
    with subprocess.Popen([node, str(script), str(port)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield f"http://127.0.0.1:{port}"
        process.kill()


def connect(workspace: Workspace, url: str) -> Workspace:
    file = workspace.root / "config.yaml"
    tree = yaml.safe_load(file.read_text())
    tree["services"]["telegram"] = {"url": f"{url}/", "calls_per_second": 20}
    file.write_text(yaml.safe_dump(tree))
    with (workspace.root / ".env").open("a") as secrets:
        secrets.write(f"TELEGRAM_BOT_TOKEN={TELEGRAM_TOKEN}\nTELEGRAM_USER_ID={TELEGRAM_USER}\n")
    return Workspace.open(workspace.root)


def test_start_a_question_with_sound_approve_undo_mood_and_taste(
    pipeline: Pipeline, emulator: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(previews, "find", lambda *_: Preview(b"ID3" + bytes(50_000), "mp3"))
    workspace, listener = connect(pipeline.workspace, emulator), Listener(emulator)
    with listening(workspace):
        listener.say("/start")
        listener.reads("I keep your AI Mix fresh")
        listener.say("/next")
        asked = listener.reads("predicted match")
        listener.tap(asked, next(one for one in buttons(asked) if one.startswith("h:")))
        assert int(listener.reads("sound of")["message"]["text"].split()[2]) > 50_000
        listener.tap(asked, next(one for one in buttons(asked) if one.endswith(":a")))
        listener.reads("✓")
        item = int(next(one for one in buttons(asked) if one.startswith("h:")).split(":")[1])
        approved = queue.item(workspace.state, item)
        assert approved is not None and approved.status == "approved"
        listener.say("/undo")
        listener.tap(listener.reads("Take back:"), f"u:{item}")
        listener.reads("taken back; it is")
        listener.say("/mood calm and sad")
        assert "c:e" in buttons(listener.reads("understood by"))
        listener.say("/taste less loud music until march")
        wish = listener.reads("less of what is that sounds")
        listener.tap(wish, next(one for one in buttons(wish) if one.startswith("ty:")))
        listener.reads("it counts from the next refresh on")
        listener.say("/taste")
        listener.reads("less loud music until march: ")
        listener.reads("what I believe about you")
