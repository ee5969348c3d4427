"""One private chat between the listener and the bot: messages, what waits to be fetched, and troubles on purpose."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import Any

from .. import clock
from .markup import page, plain

TOKEN, USER = "1001:sandbox", 2002
BOT = {"id": 1001, "is_bot": True, "first_name": "Spotify AI", "username": "spotify_ai_sandbox_bot"}
ME = {
    **BOT,
    "can_join_groups": False,
    "can_read_all_group_messages": False,
    "supports_inline_queries": False,
    "can_connect_to_business": False,
    "has_main_web_app": False,
    "has_topics_enabled": False,
    "allows_users_to_create_topics": False,
    "can_manage_bots": False,
}


_LOOK_EVERY = 1.0


class Chat:
    """The service's knowledge; all of it is gone when the sandbox ends."""

    def __init__(self) -> None:
        self.messages: dict[int, dict[str, Any]] = {}
        self.updates: list[dict[str, Any]] = []
        self.commands: list[dict[str, str]] = []
        self.callbacks: dict[str, str | None] = {}
        """Taps by id, and what was answered: None before that."""
        self.flood: dict[str, Any] = {}
        self.revoked = False
        self.calls: list[str] = []
        self._next_message = 1
        self._next_update = int(clock.now())
        self._news = asyncio.Event()
        self._polls = 0

    def say(self, text: str, user: int = USER) -> dict[str, Any]:
        """The listener (or a stranger) writes."""
        entities = []
        if text.startswith("/"):
            entities = [{"type": "bot_command", "offset": 0, "length": len(text.split()[0])}]
        message = self._message(text, user, entities=entities)
        self._update("message", message["told"])
        return message["told"]

    def tap(self, message_id: int, data: str, user: int = USER) -> str:
        """The listener taps a button, be it there or gone from the screen by now."""
        query = str(len(self.callbacks) + 10_000)
        self.callbacks[query] = None
        told = self.messages[message_id]["told"] if message_id in self.messages else None
        about = {"id": query, "from": _person(user), "chat_instance": "1", "data": data}
        self._update("callback_query", about | ({"message": told} if told else {}))
        return query

    def send(self, text: str, markup: dict[str, Any] | None, html: bool) -> dict[str, Any]:
        """The bot writes."""
        message = self._message(text, None, markup=markup, html=html)
        return message["told"]

    def play(self, values: dict[str, Any]) -> dict[str, Any]:
        """The bot sends a sound; its bytes are not kept."""
        performer, title, size = values.get("performer", ""), values.get("title", ""), len(values["audio"])
        message = self._message(f"🎧 {title} — {performer}", None)
        message["told"]["audio"] = {
            "file_id": f"audio-{message['key']}", "file_unique_id": f"{message['key']}", "duration": 30,
            "performer": performer, "title": title, "file_size": size,
        }  # fmt: skip
        return message["told"]

    def edit(self, message_id: int, changes: dict[str, Any]) -> str | dict[str, Any]:
        """The bot changes a message; a string says why it cannot."""
        message = self.messages.get(message_id)
        if message is None or message["by"] is not None:
            return (
                "Bad Request: message to edit not found" if message is None else "Bad Request: message can't be edited"
            )
        after = {**{name: message[name] for name in ("source", "markup", "html")}, **changes}
        if all(message[name] == value for name, value in after.items()):
            return (
                "Bad Request: message is not modified: specified new message content and reply markup are exactly the same "
                "as a current content and reply markup of the message"
            )
        message |= after
        message["edits"] += 1
        message["told"] = self._told(message)
        return message["told"]

    async def fetch(
        self, offset: int | None, limit: int, timeout: float, gone: Callable[[], Awaitable[bool]]
    ) -> list[dict[str, Any]] | None:
        """Updates from ``offset`` on, those before it forgotten; None where another poll takes this one's place, or where
        nobody waits for the answer any more."""
        self._polls += 1
        mine = self._polls
        self._news.set()  # whoever waits sees that it is not the last one any more
        if offset is not None:
            self.updates = [update for update in self.updates if update["update_id"] >= offset]
        until = time.monotonic() + timeout
        while not self.updates and (left := until - time.monotonic()) > 0:
            self._news = asyncio.Event() if self._news.is_set() else self._news
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), min(left, _LOOK_EVERY))
            if self._polls != mine or await gone():
                return None
        return self.updates[:limit]

    def shown(self) -> list[dict[str, Any]]:
        """The chat as a page needs it."""
        return [
            {
                "message_id": key,
                "mine": message["by"] is not None,
                "text": message["told"]["text"],
                "html": page(message["source"]) if message["html"] else None,
                "buttons": (message["markup"] or {}).get("inline_keyboard", []),
                "date": message["date"],
                "edits": message["edits"],
                "audio": message["told"].get("audio"),
            }
            for key, message in self.messages.items()
            if message["by"] in (None, USER)
        ]

    def _message(
        self, source: str, by: int | None, *, markup: Any = None, html: bool = False, entities: Any = ()
    ) -> dict[str, Any]:
        key = self._next_message
        self._next_message += 1
        message = {
            "key": key, "source": source, "by": by, "markup": markup, "html": html, "edits": 0, "date": int(clock.now()),
            "entities": list(entities),
        }  # fmt: skip
        message["told"] = self._told(message)
        self.messages[key] = message
        return message

    def _told(self, message: dict[str, Any]) -> dict[str, Any]:
        """A Message as the API gives it."""
        user = message["by"] if message["by"] is not None else USER
        told = {
            "message_id": message["key"],
            "date": message["date"],
            "chat": {"id": user, "type": "private", "first_name": "Listener"},
            "from": BOT if message["by"] is None else _person(user),
            "text": plain(message["source"]) if message["html"] else message["source"],
        }
        if message["entities"]:
            told["entities"] = message["entities"]
        if message["markup"]:
            told["reply_markup"] = message["markup"]
        if message["edits"]:
            told["edit_date"] = int(clock.now())
        return told

    def _update(self, kind: str, content: dict[str, Any]) -> None:
        self.updates.append({"update_id": self._next_update, kind: content})
        self._next_update += 1
        self._news.set()


def _person(user: int) -> dict[str, Any]:
    return {"id": user, "is_bot": False, "first_name": "Listener"}
