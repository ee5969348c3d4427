"""The command ``spotify-ai``. Each command has a module of its name: a few lines over the floors below.

A command is added in two steps: its module beside this one, and a line in ``COMMANDS`` with the first sentence of its help.
``--help`` prints that line, and the module is imported when the command is asked for: whoever asks for one command waits for
no other. For the same reason this module imports nothing at its head that takes time; a test counts what it brings along.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module

import click

from spotify_ai_pipeline.paths import ENV_FILE, PROJECT_ROOT

ABOUT_THE_LISTENER = frozenset({"refresh", "mix", "stats", "status", "next"})
"""After these commands a sign-in that is about to end is mentioned."""

COMMANDS = {
    "demo": "Run the whole pipeline on a sandbox of the web services and show the mix.",
    "login": "Connect your Spotify account: agree in the browser, then come back here.",
    "import": "Import exports: FILES are files, zip archives or folders.",
    "refresh": "Update the AI Mix: read what is new, decide, write, read back.",
    "backfill": "Read the scrobbles of the months FIRST to LAST (2019-01 2023-12) in one run.",
    "undo": "Take the last refresh of the AI Mix back, or the answer to question ID.",
    "log": "Show the history of refreshes: the time, the songs that came and left, and the reason of each change.",
    "mix": "Show the AI Mix as last decided, with the slot, score parts and reason of each song.",
    "playlist": "Show the link to the AI Mix on Spotify, and the last write to it.",
    "pin": 'Pin SONG (a part of its title, of "artist title", or its id): it comes to the mix and stays until '
    "you unpin it.",
    "unpin": "Unpin SONG: from now on it competes for the mix like every other song.",
    "cycling": "Show or set how fast the list turns over: 1 keeps songs long, 5 weighs old and new alike, 10 "
    "replaces songs soon.",
    "adventure": "Keep a second, novel playlist: songs on trial, and songs of yours that you hardly ever heard.",
    "snapshot": "Keep dated copies of the AI Mix, each a playlist on Spotify: every playlist.snapshot_interval_days, "
    "and on demand.",
    "why": 'Show why SONG (a part of its title, of "artist title", or its id) has its rank.',
    "discover": "Ask every source for new songs, and queue the songs that fit best.",
    "model": "Show the training data of the taste model, how far your own weeks moved it, and how well it does.",
    "scorecard": "Show how the lists did: plays on the mix, songs brought back and kept, new songs that stayed.",
    "tune": "Find the weights of taste, mood, freshness and exploration that fit your past year best.",
    "next": "Answer the waiting questions, one song at a time, with single keys.",
    "similar": "Show the songs of your library that are most like SONG, and why.",
    "find": 'Find songs of your library by WORDS such as "rainy late-night piano" or "fast happy punk, not loud".',
    "mood": 'Show the mood that the mix follows, or ask for one in WORDS: "rainy sunday, nothing too loud", '
    '"nineties for two hours".',
    "queue": "List the songs that you are or will be asked about; with ID, show every step of one of them.",
    "approve": "Say yes to question ID (see `spotify-ai queue`): a new song goes into your library, an old one back "
    "on the mix.",
    "reject": "Say no to question ID for good: no recording of the song is proposed again.",
    "later": "Put question ID off: it may come up again after 60 days.",
    "never": 'Never hear SONG again on any list (a part of its title, of "artist title", or its id).',
    "match": "Show which Spotify ids and spellings count as one song, and correct it.",
    "stats": "Show your listening in figures: how much, which artists and songs lately, at which hours.",
    "clusters": "List the clusters of your library, or the songs of CLUSTER (its number, or a part of its name).",
    "map": "Write the map of your library: a page to search and listen, and a picture to hang up.",
    "gaps": "Show how much each source knows of your listening, month by month: a line for each year, a column "
    "for each source.",
    "exclude": 'Say "that wasn\'t me": listens of a time, an artist, a playlist or a device count for nothing.',
    "status": "Show the health of the pipeline: last refresh, calls and budgets, waiting songs, and faults.",
    "doctor": "Check accounts, permissions, quotas, files, clock, versions, daemon and disk, and say what to do.",
    "config": "Show the settings in force and where each comes from; `set` and `unset` change them for this machine.",
    "sql": "Run a DuckDB QUERY over all assets and the state; without a query, list the tables.",
    "backup": "Write a backup to FILE (default: a dated file here).",
    "restore": "Restore a backup into the data root.",
    "export": "Take your music elsewhere: the mix, the clusters, or everything that is kept about you.",
    "forget": "Remove all that this machine keeps about you: history, answers, models, settings, sign-in.",
    "listener": "Manage several listeners on one machine, each with their own data, settings and keys.",
    "bot": "Run the Telegram bot until Ctrl-C: /next, /refresh, /mood and the rest on your phone.",
    "pause": "Stop the notifications of the bot for SPAN (3h, 2d, 30d at most; default 1d); `off` ends the pause.",
    "up": "Start the Dagster UI and the daemon (and a demo's sandbox); Ctrl-C ends all of them.",
    "dashboard": "Open your music in the browser: the mix and its reasons, questions, map, trends, models, health.",
    "dagster": "Run Dagster's own command line on this instance (and a demo's sandbox beside it).",
    "backtest": "Make the mix of each refresh over the second half of a history, from nothing but the past.",
    "evaluate": "Measure a part of the pipeline, on your own history or on made-up listeners whose truth is known.",
    "sandbox": "Build and serve worlds for the sandbox, the stand-in of the web services.",
}
"""The commands in the order of a first day, each with the first sentence of its help: a test holds the two together."""

ELSEWHERE = {
    "reject": "approve",
    "later": "approve",
    "unpin": "pin",
    "find": "similar",
    "dagster": "up",
    "import": "import_",
}
"""Commands that share a module with another, and the one whose name Python has taken."""


class _Group(click.Group):
    """Imports a command when it is asked for, and lets no traceback reach a person."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"{__name__}.{ELSEWHERE.get(cmd_name, cmd_name)}")
        return getattr(module, cmd_name, None) or getattr(module, f"{cmd_name}_")  # `next_`, where Python has the name

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        room = formatter.width - 6 - max(len(name) for name in COMMANDS)
        with formatter.section("Commands"):
            listed = [click.Command(name, help=said) for name, said in COMMANDS.items()]
            formatter.write_dl([(str(one.name), one.get_short_help_str(room)) for one in listed])

    def invoke(self, ctx: click.Context) -> object:
        try:
            result = super().invoke(ctx)
            if ctx.invoked_subcommand in ABOUT_THE_LISTENER:
                _mention_sign_in()
            return result
        except Exception as error:
            from spotify_ai_pipeline.interfaces.views.errors import explain

            if (line := explain(error)) is None:
                raise
            click.echo(f"error: {line}", err=True)
            sys.exit(2)


def _mention_sign_in() -> None:
    """Prints one line on stderr where the sign-in to Spotify is about to end, or has ended."""
    from spotify_ai_pipeline.clients.sign_in import sign_in_warning
    from spotify_ai_pipeline.storage.workspace import Workspace

    if warning := sign_in_warning(Workspace.open()):
        click.echo(f"note: {warning}", err=True)


@click.group(
    cls=_Group,
    help=f"""Your music, managed: a playlist, AI Mix, that your listening keeps fresh.

    Until your accounts are named in {ENV_FILE} (see {PROJECT_ROOT / ".env.example"}), the commands work on
    the last demo.
    """,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(package_name="spotify-ai")
@click.option(
    "--listener", metavar="NAME", help="The listener, if several share this machine: see `spotify-ai listener`."
)
def main(listener: str | None) -> None:
    if listener:
        from spotify_ai_pipeline.storage.listeners import root_of

        os.environ["SPOTIFY_AI_DATA"] = str(root_of(listener))
