"""The bot over real HTTP: the real client library, the sandbox's Bot API at the other end, and a thumb that writes and taps."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from spotify_ai_pipeline.interfaces.bot import notifications
from spotify_ai_pipeline.interfaces.bot.app import Serving
from spotify_ai_pipeline.interfaces.cli.demo import TELEGRAM_TOKEN, TELEGRAM_USER, UNHURRIED
from spotify_ai_pipeline.sandbox import testing
from spotify_ai_pipeline.storage import queue
from spotify_ai_pipeline.storage.workspace import Workspace

PATIENCE_S = 600.0
NASTY = '</b> <script>&amp; "x" [y](z) _*`~|\\ 🎧 مرحبا \u202e'
"""A title with every sign that some markup means something by."""


class Phone:
    """The listener's hand on the sandbox at ``url``."""

    def __init__(self, url: str) -> None:
        self.url = f"{url}/sandbox/telegram"

    def chat(self) -> dict[str, Any]:
        return requests.get(f"{self.url}/chat", timeout=120).json()

    def messages(self) -> list[dict[str, Any]]:
        """The bot's words."""
        return [message for message in self.chat()["messages"] if not message["mine"]]

    def say(self, text: str, user: int = TELEGRAM_USER) -> None:
        requests.post(f"{self.url}/say", json={"text": text, "user": user}, timeout=120).raise_for_status()

    def tap(self, message_id: int, data: str, user: int = TELEGRAM_USER) -> str:
        told = {"message_id": message_id, "data": data, "user": user}
        return requests.post(f"{self.url}/tap", json=told, timeout=120).json()["query"]

    def flood(self, **plan: Any) -> None:
        requests.put(f"{self.url}/flood", json=plan, timeout=120).raise_for_status()

    def revoke(self) -> None:
        requests.post(f"{self.url}/revoke", timeout=120).raise_for_status()

    def until(self, what: Callable[[list[dict[str, Any]]], Any], patience: float = PATIENCE_S) -> Any:
        """The first true value of ``what`` on the bot's messages."""
        end = time.monotonic() + patience
        while not (found := what(self.messages())):
            if time.monotonic() > end:
                raise AssertionError(f"waited in vain; the chat: {[one['text'] for one in self.messages()]}")
            time.sleep(0.03)
        return found

    def reads(self, words: str, count: int = 1) -> dict[str, Any]:
        """The last message that holds ``words``, once there are ``count``."""

        def found(messages: list[dict[str, Any]]) -> dict[str, Any] | None:
            holding = [one for one in messages if words in one["text"]]
            return holding[-1] if len(holding) >= count else None

        return self.until(found)

    def answered(self, query: str) -> str:
        return self.until(lambda _: self.chat()["taps"][query] is not None and [self.chat()["taps"][query]])[0]


def data(message: dict[str, Any], ends: str = "") -> str:
    """Gives what the button of a message sends whose data ends so; empty where there is none."""
    found = [one["callback_data"] for row in message["buttons"] for one in row if "callback_data" in one]
    return next((one for one in found if one.endswith(ends)), "")


def connect(workspace: Workspace, url: str, **settings: object) -> Workspace:
    """Points the bot of ``workspace`` at the sandbox, beside what its configuration says already."""
    file = workspace.root / "config.yaml"
    tree = yaml.safe_load(file.read_text()) if file.exists() else {"services": {}}
    tree["services"]["telegram"] = {"url": f"{url}/telegram/", "calls_per_second": UNHURRIED}
    file.write_text(yaml.safe_dump(tree | settings))
    secrets = workspace.root / ".env"
    before = secrets.read_text() if secrets.exists() else ""
    secrets.write_text(f"{before}TELEGRAM_BOT_TOKEN={TELEGRAM_TOKEN}\nTELEGRAM_USER_ID={TELEGRAM_USER}\n")
    return Workspace.open(workspace.root)


class BotThread(threading.Thread):
    trouble: BaseException | None = None
    """What the bot ended with by itself."""


@contextmanager
def listening(workspace: Workspace) -> Iterator[BotThread]:
    """The bot of ``workspace`` in a thread, for the length of the block."""
    ready, loop, serving = threading.Event(), asyncio.new_event_loop(), list[Serving]()

    async def serve() -> None:
        serving.append(Serving(workspace))
        await serving[0].serve(lambda _name: ready.set())

    def run() -> None:
        try:
            loop.run_until_complete(serve())
        except BaseException as error:
            thread.trouble = error
            ready.set()

    thread = BotThread(target=run, daemon=True)
    thread.start()
    try:
        assert ready.wait(PATIENCE_S)
        yield thread
    finally:
        if thread.is_alive():
            loop.call_soon_threadsafe(serving[0].stop)
        thread.join(PATIENCE_S)
        assert not thread.is_alive()
        loop.close()


@pytest.fixture
def sandbox(small_world: Path) -> Iterator[str]:
    """A chat that is empty yet."""
    with testing.running(small_world) as url:
        yield url


@pytest.fixture
def phone(sandbox: str) -> Phone:
    return Phone(sandbox)


@pytest.fixture
def workspace(sandbox: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A home with four questions, the first of a song with a name that is hard to print."""
    monkeypatch.setattr(notifications, "EVERY_SECONDS", 0.05)
    workspace = connect(Workspace.open(tmp_path / "home"), sandbox)
    songs = [
        {"song_id": f"s{number}", "track_id": f"{number:022d}", "title": title, "artist": f"Artist {number}", "score": 9 - number,
         "reason": "fans of <b>you</b> & me", "chance": 0.9 - number / 10}
        for number, title in enumerate([NASTY, "Second", "Third", "Fourth"])
    ]  # fmt: skip
    assert queue.propose(workspace.state, queue.DISCOVERY, songs, 10) == 4
    return workspace
