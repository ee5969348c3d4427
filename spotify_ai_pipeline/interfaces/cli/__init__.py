"""The command ``spotify-ai``: each command is a few lines over the floors below."""

from __future__ import annotations

import os
import sys
from importlib import import_module

import click

from spotify_ai_pipeline import settings
from spotify_ai_pipeline.interfaces.views.errors import explain
from spotify_ai_pipeline.storage.workspace import Workspace

ABOUT_THE_LISTENER = frozenset({"refresh", "mix", "stats", "status", "next"})
"""Commands after which a sign-in that is about to end is mentioned."""

COMMANDS = {
    "demo": "demo.demo",
    "login": "login.login",
    "import": "import_.import_",
    "refresh": "refresh.refresh",
    "backfill": "refresh.backfill",
    "undo": "undo.undo",
    "log": "log.log",
    "mix": "mix.mix",
    "playlist": "playlist.playlist",
    "pin": "pin.pin",
    "unpin": "pin.unpin",
    "cycling": "cycling.cycling",
    "adventure": "adventure.adventure",
    "snapshot": "snapshot.snapshot",
    "why": "why.why",
    "discover": "discover.discover",
    "model": "model.model",
    "scorecard": "scorecard.scorecard",
    "tune": "tune.tune",
    "next": "next.next_",
    "similar": "similar.similar",
    "find": "similar.find",
    "mood": "mood.mood",
    "queue": "queue.queue",
    "approve": "answer.approve",
    "reject": "answer.reject",
    "later": "answer.later",
    "never": "answer.never",
    "match": "match.match",
    "stats": "mix.stats",
    "clusters": "map.clusters",
    "map": "map.map_",
    "gaps": "gaps.gaps",
    "exclude": "exclude.exclude",
    "status": "status.status",
    "doctor": "doctor.doctor",
    "config": "config.config",
    "sql": "sql.sql",
    "backup": "backup.backup",
    "restore": "backup.restore",
    "export": "export.export",
    "forget": "backup.forget",
    "listener": "listener.listener",
    "bot": "bot.bot",
    "pause": "pause.pause",
    "up": "up.up",
    "dashboard": "dashboard.dashboard",
    "dagster": "up.dagster",
    "backtest": "backtest.backtest",
    "evaluate": "evaluate.evaluate",
    "sandbox": "sandbox.sandbox",
}
"""Each command and where it is, in the order of a first day. A module is imported when its command is asked for."""


class _Group(click.Group):
    """Imports commands when they are asked for, and lets no traceback reach a person."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name].split(".")
        return getattr(import_module(f"{__name__}.{module}"), name)

    def invoke(self, ctx: click.Context) -> object:
        try:
            result = super().invoke(ctx)
            if ctx.invoked_subcommand in ABOUT_THE_LISTENER:
                import_module(f"{__name__}.login").warn(Workspace.open())
            return result
        except Exception as error:
            if (line := explain(error)) is None:
                raise
            click.echo(f"error: {line}", err=True)
            sys.exit(2)


@click.group(
    cls=_Group,
    help=f"""Your music, managed: a playlist, AI Mix, that your listening keeps fresh.

    Until your accounts are named in {settings.ENV_FILE} (see {settings.PROJECT_ROOT / ".env.example"}), the commands work on
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
