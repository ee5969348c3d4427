"""`spotify-ai bot`: the command line on the phone."""

from __future__ import annotations

import asyncio
import json
import logging
import signal

import click

from spotify_ai_pipeline.clients import telegram
from spotify_ai_pipeline.interfaces.cli import sandbox
from spotify_ai_pipeline.interfaces.cli.console import console
from spotify_ai_pipeline.storage.workspace import Workspace


@click.command()
def bot() -> None:
    """Run the Telegram bot until Ctrl-C: /next, /refresh, /mood and the rest on your phone.

    It answers one account, TELEGRAM_USER_ID, and nobody else. On a demo the chat is a page in your browser. The sensors of
    `spotify-ai up` find the news (proactive.* in `spotify-ai config`), and the bot sends it.
    """
    workspace = Workspace.open()
    telegram.credentials(workspace)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
    logging.getLogger("telegram.ext.Updater").setLevel(logging.CRITICAL)  # says each lost poll with a traceback
    with sandbox.beside(workspace):
        asyncio.run(_serve(workspace))


async def _serve(workspace: Workspace) -> None:
    from spotify_ai_pipeline.interfaces.bot.app import Serving

    serving = Serving(workspace)
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, serving.stop)
    await serving.serve(
        lambda name: console.print(f"{name} listens{_where(workspace)}  (Ctrl-C ends it)", soft_wrap=True)
    )


def _where(workspace: Workspace) -> str:
    if not workspace.demo_file.exists():
        return " on Telegram"
    port = json.loads(workspace.demo_file.read_text())["port"]
    return f": open http://127.0.0.1:{port}/telegram and write /help"
