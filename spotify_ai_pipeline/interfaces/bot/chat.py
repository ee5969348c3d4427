"""The chat with the listener: what is written and changed there, whatever the network does meanwhile."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, InputFile, LinkPreviewOptions, ReplyParameters
from telegram.constants import ParseMode
from telegram.error import BadRequest, NetworkError

Result = TypeVar("Result")
Buttons = Sequence[Sequence[InlineKeyboardButton]]

ATTEMPTS = 5
DATA_BYTES = 64
LONGEST_NAME = 64
"""Characters of an artist or a title below a sound: the phone shows no more."""
SAME = "message is not modified"
NO_PREVIEW = LinkPreviewOptions(is_disabled=True)

log = logging.getLogger(__name__)


class Chat:
    """One private chat. Texts are HTML (see ``templates``)."""

    def __init__(self, bot: Bot, chat_id: int) -> None:
        self.bot, self.chat_id = bot, chat_id

    async def send(self, html: str, buttons: Buttons = ()) -> int:
        """Writes a message and gives its number. Where an answer is lost on the way it may stand there twice."""
        message = await again(
            lambda: self.bot.send_message(
                self.chat_id,
                html,
                parse_mode=ParseMode.HTML,
                link_preview_options=NO_PREVIEW,
                reply_markup=_markup(buttons),
            )
        )
        return message.message_id

    async def send_audio(self, sound: bytes, name: str, artist: str, title: str, answers: int) -> None:
        """Plays ``sound`` below the message ``answers``, without a ring."""
        await again(
            lambda: self.bot.send_audio(
                self.chat_id,
                InputFile(sound, filename=name),
                performer=artist[:LONGEST_NAME],
                title=title[:LONGEST_NAME],
                disable_notification=True,
                reply_parameters=ReplyParameters(answers, allow_sending_without_reply=True),
            )
        )

    async def edit(self, message_id: int, html: str, buttons: Buttons = ()) -> int:
        """Changes a message and gives its number: that of a new one where the old one is gone or too old to be changed."""
        try:
            await again(
                lambda: self.bot.edit_message_text(
                    html,
                    self.chat_id,
                    message_id,
                    parse_mode=ParseMode.HTML,
                    link_preview_options=NO_PREVIEW,
                    reply_markup=_markup(buttons),
                )
            )
        except BadRequest as error:
            if SAME not in str(error).casefold():
                return await self.send(html, buttons)
        return message_id

    async def take_buttons(self, message_id: int) -> None:
        """Leaves the text of a message and takes its buttons away."""
        try:
            await again(lambda: self.bot.edit_message_reply_markup(self.chat_id, message_id))
        except BadRequest as error:  # gone, or without buttons already
            log.debug("buttons of %s: %s", message_id, error)


async def again(call: Callable[[], Awaitable[Result]]) -> Result:
    """Gives what ``call`` gives, tried again where the connection breaks."""
    for remaining in reversed(range(ATTEMPTS)):
        try:
            return await call()
        except BadRequest:  # is a NetworkError to the library, and saying it again does not help
            raise
        except NetworkError:
            if not remaining:
                raise
            await asyncio.sleep(2.0 ** (ATTEMPTS - 1 - remaining) / 2)
    raise AssertionError("unreachable: the last attempt returns or raises")


def button(text: str, *data: object) -> InlineKeyboardButton:
    """A button that sends ``data`` back, joined by colons: numbers and single letters, so that 64 bytes are always enough."""
    joined = ":".join(map(str, data))
    if len(joined.encode()) > DATA_BYTES:
        raise ValueError(f"{joined!r} is longer than a button's {DATA_BYTES} bytes")
    return InlineKeyboardButton(text, callback_data=joined)


def link(text: str, url: str) -> InlineKeyboardButton:
    return InlineKeyboardButton(text, url=url)


def links(text: str, url: str) -> list[InlineKeyboardButton]:
    """A button that leads to ``url``; none where that is no address, such as a file on the listener's machine."""
    return [link(text, url)] if url.startswith("https://") else []


def _markup(buttons: Buttons) -> InlineKeyboardMarkup | None:
    return InlineKeyboardMarkup(buttons) if buttons else None
