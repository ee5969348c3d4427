"""Jobs that the listener starts. Each is a run in a process of its own; one message shows its progress."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from dataclasses import dataclass, field
from typing import Any

from spotify_ai_pipeline.interfaces.bot import templates
from spotify_ai_pipeline.interfaces.bot.chat import Chat
from spotify_ai_pipeline.storage.workspace import Workspace

EDIT_EVERY = 2.0
"""Seconds between two changes of a message: Telegram allows about one a second in a chat."""
UNDER_WAY = "bot run"
"""The fact that names the message of a run under way, for a bot that was restarted meanwhile."""
CUT = "The bot was restarted in the middle of this; start it again."
MOST_LINE = 2**20


@dataclass
class Progress:
    """A run's words so far."""

    title: str
    done: int = 0
    step: str = ""
    said: str = ""
    warnings: list[str] = field(default_factory=list[str])
    since: float = field(default_factory=time.monotonic)

    def take(self, event: dict[str, Any]) -> None:
        match event["kind"]:
            case "started":
                self.step, self.said = event["step"], ""
            case "said":
                self.said = event["message"]
            case "done":
                self.done += 1
            case "warned":
                self.warnings.append(f"{event['step']}: {event['message']}")

    def html(self) -> str:
        head = f"<b>{templates.text(self.title)}</b> … {self.done} steps done, {time.monotonic() - self.since:.0f} s"
        said = f": <i>{templates.text(self.said[:200])}</i>" if self.said else ""
        return f"{head}\n{templates.text(self.step)}{said}" if self.step else head


@dataclass(frozen=True)
class Ended:
    """A run's end, and the message that told of it."""

    message_id: int
    success: bool
    error: str
    warnings: list[str]


async def run(workspace: Workspace, chat: Chat, job: str, title: str) -> Ended:
    """Runs ``job`` and keeps one message up to date. The caller gives the message its last text."""
    progress = Progress(title)
    message = await chat.send(progress.html())
    workspace.state.set_fact(UNDER_WAY, {"chat": chat.chat_id, "message": message})
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "spotify_ai_pipeline.defs.automation.run_worker",
        job,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={**os.environ, "SPOTIFY_AI_DATA": str(workspace.root)},
        limit=MOST_LINE,
    )
    editing = asyncio.create_task(_keep_edited(chat, message, progress))
    last: dict[str, Any] = {}
    try:
        assert process.stdout is not None
        async for line in process.stdout:
            if not line.startswith(b"{"):
                continue  # a library that prints
            last = json.loads(line)
            if "kind" in last:
                progress.take(last)
        await process.wait()
    finally:
        editing.cancel()
        await asyncio.gather(editing, return_exceptions=True)
        if process.returncode is None:
            process.terminate()
            await process.wait()
        else:
            workspace.state.set_fact(UNDER_WAY, None)
    error = str(last.get("error") or "") if "success" in last else "its process ended in the middle"
    return Ended(message, bool(last.get("success")), error, progress.warnings)


async def tidy(workspace: Workspace, chat: Chat) -> None:
    """Puts the chat in order after a restart: the message of a run that was cut says so."""
    cut = workspace.state.fact(UNDER_WAY)
    if cut and cut["chat"] == chat.chat_id:
        await chat.edit(cut["message"], CUT)
    workspace.state.set_fact(UNDER_WAY, None)


async def _keep_edited(chat: Chat, message_id: int, progress: Progress) -> None:
    before = ""
    while True:
        await asyncio.sleep(EDIT_EVERY)
        if (now := progress.html()) != before:
            await chat.edit(message_id, now)
            before = now
