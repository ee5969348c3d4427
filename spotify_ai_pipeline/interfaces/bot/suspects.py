"""Listening that may not have been the listener: a message each, one tap leaves it out, one keeps it, one takes it back."""

from __future__ import annotations

import asyncio

from spotify_ai_pipeline.app import not_me
from spotify_ai_pipeline.app.not_me import Proposal
from spotify_ai_pipeline.interfaces.bot import templates
from spotify_ai_pipeline.interfaces.bot.chat import Buttons, Chat, button
from spotify_ai_pipeline.storage import exclusions
from spotify_ai_pipeline.storage.workspace import Workspace

NOTHING = "Nothing of late looks as if it was not you. `spotify-ai exclude` leaves out what you name."


def buttons(found: Proposal) -> Buttons:
    """The buttons below a proposal."""
    return [[button("✗ not me", "xn", found.key), button("✓ it was me", "xm", found.key)]]


async def ask_all(workspace: Workspace, chat: Chat) -> None:
    """Asks about each proposal in a message of its own."""
    found = await asyncio.to_thread(not_me.proposals, workspace)
    for one in found:
        await chat.send(templates.suspect(one), buttons(one))
    if not found:
        await chat.send(templates.text(NOTHING))


async def settle(workspace: Workspace, chat: Chat, message_id: int, key: str, mine: bool) -> str:
    """Takes the answer to a proposal, and gives the word that pops up. A second tap finds it settled."""
    found = await asyncio.to_thread(not_me.find, workspace, key)
    if found is None:
        await chat.take_buttons(message_id)
        return "this is settled, or looks like you by now"
    name = f"<b>{templates.text(found.label)}</b>"
    if mine:
        not_me.keep(workspace, found)
        await chat.edit(message_id, f"✓ {name}\nyours, then: it counts on, and I do not ask again")
        return "kept"
    number = not_me.leave_out(workspace, found)
    told = f"✗ {name}\n{found.plays:,} plays count for nothing from the next refresh on"
    await chat.edit(message_id, told, [[button("↩ undo", "xu", number), button("↻ refresh now", "r")]])
    return "left out"


async def take_back(workspace: Workspace, chat: Chat, message_id: int, number: int) -> str:
    """Brings back what was left out under ``number``."""
    taken = exclusions.undo(workspace.state, number)
    await chat.edit(message_id, "↩ taken back: it counts again from the next refresh on")
    return "taken back" if taken else "it was taken back already"
