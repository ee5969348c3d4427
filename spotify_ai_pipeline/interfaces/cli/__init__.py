"""The command ``spotify-ai``. Each command has a module of its name: a few lines over the floors below."""

from __future__ import annotations

import os
import sys
from difflib import get_close_matches
from importlib import import_module

import click

from spotify_ai_pipeline import settings
from spotify_ai_pipeline.interfaces.cli.sections import SECTIONS
from spotify_ai_pipeline.interfaces.views.errors import explain
from spotify_ai_pipeline.storage.workspace import Workspace

ABOUT_THE_LISTENER = frozenset({"refresh", "mix", "stats", "status", "next"})
"""After these commands a sign-in that is about to end is mentioned."""

WHOLE = 400
"""Characters of a first sentence: none is cut."""
COMMANDS = [command for section in SECTIONS.values() for command in section]
"""Each is in the module of its name, which is imported when it is asked for."""

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

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """A command that there is not: those that are written like it."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            near = get_close_matches(args[0], COMMANDS, 3, 0.6)
            hint = f"did you mean {' or '.join(near)}?" if near else "`spotify-ai --help` lists them"
            ctx.fail(f"no command {args[0]!r}; {hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands in their sections, each with what it does in a line, and how it is typed."""
        for title, section in SECTIONS.items():
            rows = list[tuple[str, str]]()
            for name, example in section.items():
                command = self.get_command(ctx, name)
                rows.append((name, command.get_short_help_str(WHOLE) if command else ""))
                if example != name:
                    rows.append(("", f"$ spotify-ai {example}"))
            with formatter.section(title):
                formatter.write_dl(rows, col_max=12)

    def invoke(self, ctx: click.Context) -> object:
        try:
            result = super().invoke(ctx)
            if ctx.invoked_subcommand in ABOUT_THE_LISTENER:
                import_module(f"{__name__}.login").warn_of_sign_in(Workspace.open())
            return result
        except (KeyboardInterrupt, EOFError):
            click.echo("\nended", err=True)
            sys.exit(130)
        except Exception as error:
            if (line := explain(error)) is None:
                raise
            click.echo(f"error: {line}", err=True)
            sys.exit(2)


@click.group(
    cls=_Group,
    invoke_without_command=True,
    help=f"""Your music, managed: a playlist, AI Mix, that your listening keeps fresh.

    Until your accounts are named in {settings.ENV_FILE} (see {settings.PROJECT_ROOT / ".env.example"}), the commands work on
    the last demo. Without a command: the day at a glance.
    """,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(package_name="spotify-ai")
@click.option(
    "--listener", metavar="NAME", help="The listener, if several share this machine: see `spotify-ai listener`."
)
@click.pass_context
def main(ctx: click.Context, listener: str | None) -> None:
    if listener:
        from spotify_ai_pipeline.storage.listeners import root_of

        os.environ["SPOTIFY_AI_DATA"] = str(root_of(listener))
    if ctx.invoked_subcommand is None:
        import_module(f"{__name__}.today").print_today(Workspace.open())
