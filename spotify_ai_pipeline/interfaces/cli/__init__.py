"""The command ``spotify-ai``. Each command has a module of its name: a few lines over the floors below."""

from __future__ import annotations

import os
import sys
from importlib import import_module

import click

from spotify_ai_pipeline import settings
from spotify_ai_pipeline.interfaces.views.errors import explain
from spotify_ai_pipeline.storage.workspace import Workspace

ABOUT_THE_LISTENER = frozenset({"refresh", "mix", "stats", "status", "next"})
"""After these commands a sign-in that is about to end is mentioned."""

COMMANDS = [
    "demo", "login", "import", "refresh", "backfill", "undo", "log", "mix", "playlist", "pin", "unpin", "cycling",
    "adventure", "snapshot", "why", "discover", "model", "scorecard", "tune", "next", "similar", "find", "mood",
    "taste", "queue", "approve", "reject", "later", "never", "match", "stats", "clusters", "map", "gaps", "exclude",
    "status", "doctor", "config", "sql", "backup", "restore", "export", "forget", "listener", "bot", "pause", "up",
    "dashboard", "dagster", "backtest", "evaluate", "sandbox",
]  # fmt: skip
"""The commands, in the order of a first day. Each is in the module of its name, which is imported when it is asked for."""

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
    """Imports commands when they are asked for, and lets no traceback reach a person."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return COMMANDS

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"{__name__}.{ELSEWHERE.get(cmd_name, cmd_name)}")
        return getattr(module, cmd_name, None) or getattr(module, f"{cmd_name}_")  # `next_`, where Python has the name

    def invoke(self, ctx: click.Context) -> object:
        try:
            result = super().invoke(ctx)
            if ctx.invoked_subcommand in ABOUT_THE_LISTENER:
                import_module(f"{__name__}.login").warn_of_sign_in(Workspace.open())
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
