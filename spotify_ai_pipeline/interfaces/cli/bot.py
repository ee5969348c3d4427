"""`spotify-ai bot`: the command line on the phone."""

from __future__ import annotations

import asyncio
import json
import logging
import signal

import click

from spotify_ai_pipeline.interfaces.cli import sandboxes
from spotify_ai_pipeline.interfaces.cli.console import console
from spotify_ai_pipeline.services import telegram
from spotify_ai_pipeline.storage.home import Home


@click.command()
def bot() -> None:
    """Run the Telegram bot until Ctrl-C: /next, /refresh, /mood and the rest on your phone.

    It answers one account, TELEGRAM_USER_ID, and nobody else. On a demo the chat is a page in your browser. The sensors of
    `spotify-ai up` find the news (proactive.* in `spotify-ai config`), and the bot sends it.
    """
    home = Home.open()
    telegram.credentials(home)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
    logging.getLogger("telegram.ext.Updater").setLevel(logging.CRITICAL)  # says each lost poll with a traceback
    with sandboxes.beside(home):
        asyncio.run(_serve(home))


async def _serve(home: Home) -> None:
    from spotify_ai_pipeline.interfaces.bot.serving import Serving

    serving = Serving(home)
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, serving.stop)
    await serving.serve(lambda name: console.print(f"{name} listens{_where(home)}  (Ctrl-C ends it)", soft_wrap=True))


def _where(home: Home) -> str:
    if not home.demo_file.exists():
        return " on Telegram"
    port = json.loads(home.demo_file.read_text())["port"]
    return f": open http://127.0.0.1:{port}/telegram and write /help"
