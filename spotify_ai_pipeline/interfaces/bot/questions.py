"""One song at a time: a question with its buttons, the answer in its place, and the next one after it."""

from __future__ import annotations

from spotify_ai_pipeline.interfaces.bot import templates
from spotify_ai_pipeline.interfaces.bot.chat import Buttons, Chat, button, link
from spotify_ai_pipeline.interfaces.views.wording import LETTERS
from spotify_ai_pipeline.storage import queue, telegram_prompts
from spotify_ai_pipeline.storage.workspace import Workspace

THROUGH = "bot"
NONE_WAITS = "No questions wait. /discover looks for new songs, /refresh asks about old ones."


def buttons(found: queue.Question) -> Buttons:
    item = found.item_id
    return [
        [
            button("✓ approve", "v", item, "a"),
            button("✗ reject", "v", item, "r"),
            button("↷ not now", "v", item, "s"),
        ],
        [
            *([button("wrong version", "v", item, "w")] if "wrong_version" in found.answers else []),
            link("▶ listen", found.link),
        ],
    ]


async def ask_next(workspace: Workspace, chat: Chat) -> None:
    """Asks the next question at the end of the chat. One that stands further up unanswered gives its buttons up."""
    state = workspace.state
    for old in telegram_prompts.on_screen(state, chat.chat_id):
        await chat.take_buttons(old.message_id)
        telegram_prompts.close(state, chat.chat_id, old.message_id)
    found = queue.next_question(state)
    if found is None:
        await chat.send(NONE_WAITS)
        return
    await ask(workspace, chat, found)


async def ask(workspace: Workspace, chat: Chat, found: queue.Question) -> None:
    message = await chat.send(templates.question(found, queue.pending(workspace.state)), buttons(found))
    telegram_prompts.show(workspace.state, chat.chat_id, message, found.item_id)


async def answer(workspace: Workspace, chat: Chat, message_id: int, sent_at: int, item_id: int, letter: str) -> str:
    """Takes a tap on a question's button; gives the word that pops up.

    The same tap twice, or a tap on a question that was answered elsewhere, changes nothing: the message then says how things
    stand. The next question follows where this one was on the screen.
    """
    state, verdict = workspace.state, LETTERS.get(letter)
    found = queue.item(state, item_id)
    if found is None or verdict not in found.answers:
        await chat.take_buttons(message_id)
        return "this question is gone"
    nonce = f"telegram:{chat.chat_id}:{message_id}:{sent_at}"
    taken = queue.decide(state, item_id, verdict, THROUGH, nonce)
    standing = [one.message_id for one in telegram_prompts.on_screen(state, chat.chat_id)]
    now = queue.item(state, item_id) or found
    same = now.status == queue.STATUS[verdict]
    await chat.edit(message_id, templates.answered(found, verdict) if taken or same else templates.settled(now))
    telegram_prompts.close(state, chat.chat_id, message_id)
    if message_id in standing and len(standing) == 1:
        await ask_next(workspace, chat)
    return verdict.replace("_", " ") if taken else f"{now.status} already"


async def tidy(workspace: Workspace, chat: Chat) -> None:
    """After a restart: questions on the screen that were answered meanwhile say so; the others still wait, with their buttons."""
    for one in telegram_prompts.on_screen(workspace.state, chat.chat_id):
        found = queue.item(workspace.state, one.item_id)
        if found is None or found.status not in queue.OPEN:
            if found is not None:
                await chat.edit(one.message_id, templates.settled(found))
            telegram_prompts.close(workspace.state, chat.chat_id, one.message_id)
