"""What the pipeline laid down to be said unasked, sent to the listener."""

from __future__ import annotations

import logging

from telegram.error import TelegramError

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.interfaces import words
from spotify_ai_pipeline.interfaces.bot import asking, texts
from spotify_ai_pipeline.interfaces.bot.chat import Buttons, Chat, button, link
from spotify_ai_pipeline.services import speaking
from spotify_ai_pipeline.storage import messages, queue, shown
from spotify_ai_pipeline.storage.home import Home
from spotify_ai_pipeline.storage.messages import Message

EVERY_SECONDS = 5.0
DAY = 86_400.0

log = logging.getLogger(__name__)


async def speak(home: Home, chat: Chat) -> int:
    """Sends what waits, oldest first, unless the listener wants quiet now; gives the number sent.

    A message is marked after it was sent: one whose sending was cut may come twice, none gets lost.
    """
    now, count = clock.now(), 0
    waiting = messages.waiting(home.state, now)
    if not waiting or speaking.silent_because(home, now):
        return 0
    for message in waiting:
        try:
            if await _send(home, chat, message):
                count += 1
        except TelegramError as error:  # the next round tries again
            log.warning("a message waits: %s", error)
            break
        messages.sent(home.state, message.message_id, clock.now())
    return count


def tell_of_pause(home: Home, until: float) -> None:
    """Lays down what to say after a pause until ``until`` (UTC seconds) that left the listener without an answer."""
    text = f"I had to be silent until {words.when(home, until)}. A command may have got no answer: ask again."
    messages.lay_down(home.state, "pause", f"pause until {until:.0f}", {"text": text}, clock.now(), until + DAY)


async def _send(home: Home, chat: Chat, message: Message) -> bool:
    body = message.body
    if "item_id" in body:
        found = queue.item(home.state, body["item_id"])
        asked = {one.item_id for one in shown.on_screen(home.state, chat.chat_id)}
        if found is None or found.status not in queue.OPEN or found.item_id in asked:
            return False  # answered meanwhile, or on the screen already
        await asking.ask(home, chat, found)
        return True
    await chat.send(_text(message), _buttons(message))
    return True


def _text(message: Message) -> str:
    body = message.body
    if "song" in body:
        song = body["song"]
        return f"{texts.text(body['text'])}\n{texts.song(song['artist'], song['title'])}\n<i>{texts.text(song['reason'])}</i>"
    return texts.fitted(map(texts.text, str(body["text"]).splitlines()))


def _buttons(message: Message) -> Buttons:
    body = message.body
    if "song" in body:
        listen = link("▶ listen", f"https://open.spotify.com/track/{body['song']['track_id']}")
        return [[button("+ queue it", "q", message.message_id), listen]]
    if message.kind == speaking.MOOD_SHIFT:
        return [[button("↻ refresh now", "r")]]
    return ()
