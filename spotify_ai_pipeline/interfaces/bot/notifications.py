"""Notifications: the bot sends what the pipeline put into the outbox."""

from __future__ import annotations

import logging

from telegram.error import TelegramError

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.app import not_me, notification_policy
from spotify_ai_pipeline.durations import DAY
from spotify_ai_pipeline.interfaces.bot import questions, suspects, templates
from spotify_ai_pipeline.interfaces.bot.chat import Buttons, Chat, button, links
from spotify_ai_pipeline.interfaces.views import wording
from spotify_ai_pipeline.music.mix.target_ids import link_of
from spotify_ai_pipeline.storage import notification_outbox, queue, telegram_prompts
from spotify_ai_pipeline.storage.notification_outbox import Notification
from spotify_ai_pipeline.storage.workspace import Workspace

EVERY_SECONDS = 5.0

log = logging.getLogger(__name__)


async def send_waiting(workspace: Workspace, chat: Chat) -> int:
    """Sends what waits, oldest first, unless the listener wants quiet now; gives the number sent.

    A message is marked after it was sent: one whose sending was cut may come twice, none gets lost.
    """
    now, count = clock.now(), 0
    waiting = notification_outbox.waiting(workspace.state, now)
    if not waiting or notification_policy.silent_because(workspace, now):
        return 0
    for message in waiting:
        try:
            if await _send(workspace, chat, message):
                count += 1
        except TelegramError as error:  # the next round tries again
            log.warning("a message waits: %s", error)
            break
        notification_outbox.sent(workspace.state, message.message_id, clock.now())
    return count


def enqueue_pause_note(workspace: Workspace, until: float) -> None:
    """Puts a notification into the outbox for after a pause until ``until`` (UTC seconds): an answer may have got lost."""
    text = f"I had to be silent until {wording.when(workspace, until)}. A command may have got no answer: ask again."
    notification_outbox.enqueue(
        workspace.state, "pause", f"pause until {until:.0f}", {"text": text}, clock.now(), until + DAY
    )


async def _send(workspace: Workspace, chat: Chat, message: Notification) -> bool:
    body = message.body
    if "item_id" in body:
        found = queue.item(workspace.state, body["item_id"])
        asked = {one.item_id for one in telegram_prompts.on_screen(workspace.state, chat.chat_id)}
        if found is None or found.status not in queue.OPEN or found.item_id in asked:
            return False  # answered meanwhile, or on the screen already
        await questions.ask(workspace, chat, found)
        return True
    if "not_me" in body:
        suspect = not_me.find(workspace, body["not_me"])
        if suspect is None:
            return False  # answered meanwhile
        await chat.send(templates.suspect(suspect), suspects.buttons(suspect))
        return True
    await chat.send(_text(message), _buttons(message))
    return True


def _text(message: Notification) -> str:
    body = message.body
    if "song" in body:
        song = body["song"]
        named = templates.song(song["artist"], song["title"])
        return f"{templates.text(body['text'])}\n{named}\n<i>{templates.text(song['reason'])}</i>"
    return templates.fitted(map(templates.text, str(body["text"]).splitlines()))


def _buttons(message: Notification) -> Buttons:
    body = message.body
    if "song" in body:
        listen = links("▶ listen", link_of(body["song"]["track_id"]))
        hear = button("🎧 hear it", "hs", message.message_id)
        return [[button("+ queue it", "q", message.message_id)], [hear, *listen]]
    if message.kind == notification_policy.MOOD_SHIFT:
        return [[button("↻ refresh now", "r")]]
    return ()
