"""One song at a time: a question with its buttons, the answer in the same message, and the next question."""

from __future__ import annotations

from spotify_ai_pipeline.interfaces.bot import templates
from spotify_ai_pipeline.interfaces.bot.chat import Buttons, Chat, button, links
from spotify_ai_pipeline.interfaces.views.wording import LETTERS
from spotify_ai_pipeline.storage import queue, telegram_prompts
from spotify_ai_pipeline.storage.workspace import Workspace

THROUGH = "bot"
ANSWER = r"^v:[0-9]+:[^:]*$"
"""The data of a button that answers a question: its number and a letter of ``LETTERS``."""
NONE_WAITS = "No questions wait. /discover looks for new songs, /refresh asks about old ones."


def buttons(found: queue.Question) -> Buttons:
    """The buttons below a question. ``answer`` takes a tap on one."""
    item = found.item_id
    rows = [
        [
            button("✓ approve", "v", item, "a"),
            button("✗ reject", "v", item, "r"),
            button("↷ not now", "v", item, "s"),
        ],
        [
            *([button("+ more like this", "v", item, "m")] if "more" in found.answers else []),
            *([button("− less of the artist", "v", item, "f")] if "fewer" in found.answers else []),
        ],
        [
            *([button("wrong version", "v", item, "w")] if "wrong_version" in found.answers else []),
            button("🎧 hear it", "h", item),
            *links("▶ listen", found.link),
        ],
    ]
    return [row for row in rows if row]


async def ask_next(workspace: Workspace, chat: Chat) -> None:
    """Asks the next question at the end of the chat. A question further up that has no answer loses its buttons."""
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


async def answer(workspace: Workspace, chat: Chat, message_id: int, sent_at: int, data: str) -> str:
    """Takes a tap on a question's button (its ``data`` matches ``ANSWER``), and gives the word that pops up.

    The queue keeps the verdict, and ``app.verdict_effects`` later does on Spotify what it means. The same tap twice changes
    nothing, nor does a tap on a question that was answered elsewhere: the message then says how things stand. The next
    question follows where this one was on the screen.
    """
    _, number, letter = data.split(":")
    state, item_id, verdict = workspace.state, int(number), LETTERS.get(letter)
    found = queue.item(state, item_id)
    if found is None or verdict not in found.answers:
        await chat.take_buttons(message_id)
        return "this question is gone"
    nonce = f"telegram:{chat.chat_id}:{message_id}:{sent_at}"
    taken = queue.decide(state, item_id, verdict, THROUGH, nonce)
    standing = [one.message_id for one in telegram_prompts.on_screen(state, chat.chat_id)]
    now = queue.item(state, item_id) or found
    same = now.status == queue.STATUS[verdict]
    await chat.edit(
        message_id,
        templates.answered(found, verdict) if taken or same else templates.settled(now, _last_step(workspace, now)),
    )
    telegram_prompts.close(state, chat.chat_id, message_id)
    if message_id in standing and len(standing) == 1:
        await ask_next(workspace, chat)
    return verdict.replace("_", " ") if taken else f"{now.status} already"


async def tidy(workspace: Workspace, chat: Chat) -> None:
    """Puts the chat in order after a restart: a question that was answered meanwhile says so. The others keep their buttons."""
    for one in telegram_prompts.on_screen(workspace.state, chat.chat_id):
        found = queue.item(workspace.state, one.item_id)
        if found is None or found.status not in queue.OPEN:
            if found is not None:
                await chat.edit(one.message_id, templates.settled(found, _last_step(workspace, found)))
            telegram_prompts.close(workspace.state, chat.chat_id, one.message_id)


def _last_step(workspace: Workspace, found: queue.Question) -> str:
    """Says why a question stands where it does."""
    steps = queue.steps(workspace.state, found.item_id)
    return steps[-1][2] if steps else ""
