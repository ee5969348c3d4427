"""Telegram, for python-telegram-bot: its requests pass the ledger, the pace and the budget of all services."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from telegram.error import TelegramError
from telegram.request import HTTPXRequest

from spotify_ai_pipeline.clients.transport import ATTEMPTS, LONGEST_WAIT, Deferred, Transport
from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.storage.workspace import Workspace

POLL_SECONDS = 25
"""How long Telegram may hold a question for news."""
TOKEN_REFUSED, TOO_MANY_REQUESTS = (401, 404), 429
UNSAID_PAUSE = 5.0
"""Seconds to wait where Telegram does not say how long."""


class Paused(TelegramError):
    """Telegram may not be called before ``until`` (UTC seconds): nothing was sent."""

    def __init__(self, why: Deferred) -> None:
        super().__init__(str(why))
        self.until = why.until or 0.0


class TokenRefused(TelegramError):
    """Telegram does not take the token. The library's own error for it ends its polling without a word to anybody."""


class NotConnected(UserError):
    """No bot, or nobody whom it may answer."""


def credentials(workspace: Workspace) -> tuple[str, int]:
    """(token, the listener's number at Telegram). Raises ``NotConnected``."""
    token, user = workspace.secrets.telegram_bot_token.get_secret_value(), workspace.secrets.telegram_user_id.strip()
    if not token or not user:
        raise NotConnected(
            "the bot is not connected: set TELEGRAM_BOT_TOKEN and TELEGRAM_USER_ID in .env (see .env.example), or run "
            "`make demo` to try it without an account"
        )
    if not user.isdecimal():
        raise NotConnected(
            f"TELEGRAM_USER_ID in .env is {user!r}: it must be your number (@userinfobot tells it), not a name"
        )
    return token, int(user)


class Request(HTTPXRequest):
    """python-telegram-bot's own requests, counted and paced. Polls count as reading, everything else as writing.

    A short pause that Telegram asks for is waited out, a long one is kept: until it is over every call raises ``Paused``.
    """

    def __init__(self, workspace: Workspace, polls: bool) -> None:
        service = workspace.settings.services.telegram
        wait = service.timeout_seconds
        super().__init__(
            read_timeout=wait + (POLL_SECONDS if polls else 0),
            connect_timeout=wait,
            write_timeout=wait,
            pool_timeout=wait,
        )
        self._transport = Transport("telegram", service, workspace.state)
        self._kind = "read" if polls else "write"

    async def do_request(self, *args: Any, **options: Any) -> tuple[int, bytes]:
        for remaining in reversed(range(ATTEMPTS)):
            status, body = await self._attempt(*args, **options)
            if status in TOKEN_REFUSED:
                raise TokenRefused("the token is refused")
            if status != TOO_MANY_REQUESTS:
                return status, body
            pause = _pause(body)
            if pause > LONGEST_WAIT or not remaining:
                raise Paused(self._transport.cool_down(pause))
            await asyncio.sleep(pause)
        raise AssertionError("unreachable: the last attempt returns or raises")

    async def _attempt(self, *args: Any, **options: Any) -> tuple[int, bytes]:
        try:
            wait = self._transport.take_turn(self._kind)
        except Deferred as error:
            raise Paused(error) from None
        if wait > 0:
            await asyncio.sleep(wait)
        try:
            status, body = await super().do_request(*args, **options)
        except TelegramError:
            self._transport.failed(self._kind)
            raise
        if status >= 400:
            self._transport.failed(self._kind)
        return status, body


def _pause(body: bytes) -> float:
    try:
        return float(json.loads(body)["parameters"]["retry_after"])
    except (ValueError, KeyError, TypeError):
        return UNSAID_PAUSE
