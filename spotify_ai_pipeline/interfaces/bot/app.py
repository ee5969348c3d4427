"""The bot as a process: it polls for one listener, hands on what is written and tapped, and ends in order."""

from __future__ import annotations

import asyncio
import fcntl
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine, Generator
from contextlib import contextmanager
from typing import Any

from telegram import BotCommand, Update
from telegram.constants import ChatType
from telegram.error import Conflict, TelegramError
from telegram.ext import (
    Application,
    ApplicationBuilder,
    ApplicationHandlerStop,
    CallbackQueryHandler,
    CommandHandler,
    ContextTypes,
    MessageHandler,
    TypeHandler,
    filters,
)

from spotify_ai_pipeline.clients import telegram
from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.interfaces.bot import jobs, notifications, questions, templates
from spotify_ai_pipeline.interfaces.bot.chat import Chat
from spotify_ai_pipeline.interfaces.bot.commands import Commands
from spotify_ai_pipeline.interfaces.views.errors import explain
from spotify_ai_pipeline.storage.workspace import Workspace

CONFLICT_SECONDS = 60.0
"""How long another reader of the same bot is waited for: an old poll ends within half a minute."""
PEACE_SECONDS = 120.0
"""Without a conflict this long, the next one begins a new row: the library asks again after half a minute at most."""
REFUSED = (
    "Telegram does not take the token (any more): copy the one that @BotFather shows (/mybots, API Token) to "
    "TELEGRAM_BOT_TOKEN in .env, and start the bot again"
)
LOCK = "bot.lock"
SLOW = frozenset({"refresh", "discover"})
"""Commands that run beside the chat."""

log = logging.getLogger("spotify_ai_bot")


class Serving:
    """Serves the listener of ``workspace`` until ``stop`` is called, or until it cannot go on. Raises ``UserError``."""

    def __init__(self, workspace: Workspace) -> None:
        token, self.user = telegram.credentials(workspace)
        self.workspace = workspace
        self.application: Application[Any, Any, Any, Any, Any, Any] = (
            ApplicationBuilder()
            .token(token)
            .base_url(f"{workspace.settings.services.telegram.url}bot")
            .request(telegram.Request(workspace, polls=False))
            .get_updates_request(telegram.Request(workspace, polls=True))
            .build()
        )
        self.chat = Chat(self.application.bot, self.user)
        self.commands = Commands(workspace.root, self.chat)
        self._ended = asyncio.Event()
        self._trouble: UserError | None = None
        self._conflicts: tuple[float, float] | None = None
        """When the first and the latest of a row of conflicts were."""
        self._strangers: set[int] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._wire()

    def stop(self) -> None:
        self._ended.set()

    async def serve(self, ready: Callable[[str], object]) -> None:
        """``ready`` is told the bot's name once it listens."""
        with _refuse_second_bot(self.workspace):
            try:
                await self._connect()
            except telegram.TokenRefused:
                raise UserError(REFUSED) from None
            except TelegramError as error:
                raise UserError(f"Telegram cannot be reached ({error}); try again later") from None
            try:
                await self._converse(ready)
            finally:
                await self.application.shutdown()
        if self._trouble:
            raise self._trouble

    async def _connect(self) -> None:
        await self.application.initialize()
        await self.application.bot.set_my_commands(
            [BotCommand(name, what) for name, what in templates.COMMANDS.items()]
        )
        for tidy in (jobs.tidy, questions.tidy):
            await tidy(self.workspace, self.chat)

    async def _converse(self, ready: Callable[[str], object]) -> None:
        application = self.application
        assert application.updater is not None
        await application.updater.start_polling(
            timeout=telegram.POLL_SECONDS,
            allowed_updates=["message", "callback_query"],
            bootstrap_retries=-1,
            error_callback=self._poll_failed,
        )
        await application.start()
        ready(application.bot.first_name)
        sending = asyncio.create_task(self._send_notifications())
        try:
            await self._ended.wait()
        finally:
            for task in (sending, *self._tasks):
                task.cancel()
            await asyncio.gather(sending, *self._tasks, return_exceptions=True)
            await application.updater.stop()
            await application.stop()

    async def _send_notifications(self) -> None:
        while True:
            try:
                await notifications.send_waiting(self.commands.workspace, self.chat)
            except Exception as error:  # a locked or full disk now must not silence the bot for good
                log.warning("cannot speak up now: %s", explain(error) or repr(error))
            await asyncio.sleep(notifications.EVERY_SECONDS)

    def _poll_failed(self, error: TelegramError) -> None:
        """The library asks again by itself. The bot ends where the token was revoked, and where another process reads its
        messages for long: two readers take them from each other."""
        if isinstance(error, telegram.TokenRefused):
            self._trouble = UserError(REFUSED)
            self.stop()
            return
        if not isinstance(error, Conflict):
            log.warning("Telegram is out of reach, asking again: %s", error)
            return
        now = time.monotonic()
        if self._conflicts is None or now - self._conflicts[1] > PEACE_SECONDS:
            self._conflicts = (now, now)
            log.warning("another process reads this bot's messages; waiting for it to end")
        self._conflicts = (self._conflicts[0], now)
        if now - self._conflicts[0] >= CONFLICT_SECONDS:
            self._trouble = UserError(
                "another process reads this bot's messages (a second `spotify-ai bot`, perhaps on another machine): stop it"
            )
            self.stop()

    def _wire(self) -> None:
        application = self.application
        application.add_handler(TypeHandler(Update, self._only_the_listener), group=-1)
        written = filters.UpdateType.MESSAGE
        for name in (*templates.COMMANDS, "start"):
            application.add_handler(CommandHandler(name, self._command(name), filters=written))
        application.add_handler(MessageHandler(written, self._command("help")))
        application.add_handler(CallbackQueryHandler(self._answer, questions.ANSWER))
        application.add_handler(CallbackQueryHandler(self._press))

    async def _only_the_listener(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        user, chat = update.effective_user, update.effective_chat
        private = chat is None or chat.type == ChatType.PRIVATE
        if user is not None and user.id == self.user and private:
            return
        stranger = user.id if user else 0
        if stranger not in self._strangers:
            self._strangers.add(stranger)
            log.warning("account %s is not the listener, or wrote in a group: no answer", stranger)
        raise ApplicationHandlerStop

    def _command(self, name: str) -> Callable[[Update, ContextTypes.DEFAULT_TYPE], Coroutine[Any, Any, None]]:
        what: Callable[[str], Awaitable[None]] = getattr(self.commands, name)

        async def handle(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
            doing = self._report_errors(what(" ".join(context.args or [])))
            if name in SLOW:
                self._beside(doing)
            else:
                await doing

        return handle

    async def _answer(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """A tap on a question's button, such as Approve."""
        query = update.callback_query
        assert query is not None
        message = query.message
        number, sent_at = (message.message_id, int(message.date.timestamp())) if message else (0, 0)

        async def do() -> None:
            said = await questions.answer(self.commands.workspace, self.chat, number, sent_at, query.data or "")
            await self._pop_up(query.id, said)

        await self._report_errors(do())

    async def _press(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """A tap on any other button."""
        query = update.callback_query
        assert query is not None
        number = query.message.message_id if query.message else 0

        async def do() -> None:
            await self._pop_up(query.id, await self.commands.press(number, query.data or ""))

        if query.data == "r":  # a refresh takes minutes: the wheel on the button must not turn as long
            await self._pop_up(query.id, "")
            self._beside(self._report_errors(self.commands.press(number, "r")))
        else:
            await self._report_errors(do())

    async def _pop_up(self, query: str, text: str) -> None:
        try:
            await self.application.bot.answer_callback_query(query, text[:200] or None)
        except TelegramError as error:  # too old: the message itself tells
            log.debug("tap %s: %s", query, error)

    def _beside(self, doing: Coroutine[Any, Any, None]) -> None:
        """Starts something that takes long. The chat goes on meanwhile."""
        task = asyncio.create_task(doing)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _report_errors(self, doing: Awaitable[object]) -> None:
        """Does something. Where it goes wrong, the chat says so in one line."""
        try:
            await doing
        except asyncio.CancelledError:
            raise
        except telegram.Paused as pause:
            notifications.enqueue_pause_note(self.commands.workspace, pause.until)
        except TelegramError as error:
            log.warning("Telegram: %s", error)
        except Exception as error:
            line = explain(error)
            if line is None:
                log.exception("a command failed")
                line = "something went wrong on my side; the bot's log tells more"
            try:
                await self.chat.send(f"⚠️ {templates.text(line)}")
            except TelegramError as lost:
                log.warning("Telegram: %s (wanted to say: %s)", lost, line)


@contextmanager
def _refuse_second_bot(workspace: Workspace) -> Generator[None]:
    """Allows one bot for each workspace on this machine."""
    with (workspace.root / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError("a bot runs for this listener already; stop it first") from None
        yield
