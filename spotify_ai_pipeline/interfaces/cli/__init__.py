"""The command ``spotify-ai``. Each command has a module of its name: a few lines over the floors below.

A command is added in two steps: its module beside this one, and a line in ``sections`` with an example and the first
sentence of its help. ``--help`` prints that line, and the module is imported when the command is asked for: whoever asks for
one command waits for no other. For the same reason this module imports nothing at its head that takes time; a test counts
what it brings along.
"""

from __future__ import annotations

import os
import signal
import sys
from importlib import import_module

import click

from spotify_ai_pipeline import collector
from spotify_ai_pipeline.interfaces.cli.sections import SECTIONS
from spotify_ai_pipeline.interfaces.cli.suggesting import Suggesting
from spotify_ai_pipeline.paths import ENV_FILE, PROJECT_ROOT

ABOUT_THE_LISTENER = frozenset({"refresh", "mix", "stats", "status", "next"})
"""After these commands a sign-in that is about to end is mentioned."""

COMMANDS = {name: says for section in SECTIONS.values() for name, (_, says) in section.items()}
"""The first sentence of each command's help. A command is in the module of its name, which is imported when it is asked for."""

ELSEWHERE = {
    "reject": "approve",
    "later": "approve",
    "unpin": "pin",
    "find": "similar",
    "dagster": "up",
    "import": "import_",
    "list": "lists",
}
"""Commands that share a module with another, and the one whose name Python has taken."""


class _Group(Suggesting):
    """Imports a command when it is asked for, and lets no traceback reach a person."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"{__name__}.{ELSEWHERE.get(cmd_name, cmd_name)}")
        signal.siginterrupt(signal.SIGINT, True)  # Polars has waits go on after Ctrl-C: for a browser, an answer, a key
        return getattr(module, cmd_name, None) or getattr(module, f"{cmd_name}_")  # `next_`, where Python has the name

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands in their sections, each with what it does in a line, and how it is typed."""
        for title, section in SECTIONS.items():
            rows = list[tuple[str, str]]()
            for name, (example, says) in section.items():
                rows.append((name, says))
                if example != name:
                    rows.append(("", f"$ spotify-ai {example}"))
            with formatter.section(title):
                formatter.write_dl(rows, col_max=12)

    def invoke(self, ctx: click.Context) -> object:
        collector.look_seldom()
        try:
            result = super().invoke(ctx)
            if ctx.invoked_subcommand in ABOUT_THE_LISTENER:
                _mention_sign_in()
            return result
        except (KeyboardInterrupt, EOFError):
            click.echo("\nended", err=True)
            sys.exit(130)
        except Exception as error:
            from spotify_ai_pipeline.interfaces.views.errors import explain

            if (line := explain(error)) is None:
                raise
            click.echo(f"error: {_with_next(line, error, ctx.invoked_subcommand)}", err=True)
            sys.exit(2)


def _with_next(line: str, error: Exception, command: str | None) -> str:
    """``line``, which ends with a command to type: its own, else the help of what was typed, or the doctor."""
    from spotify_ai_pipeline.errors import UserError

    if "spotify-ai" in line or "`make" in line:
        return line
    end = "" if line.endswith(("?", "!", ".")) else "."
    return (
        f"{line}{end} Next: spotify-ai {f'{command} --help' if isinstance(error, UserError) and command else 'doctor'}"
    )


def _mention_sign_in() -> None:
    """Prints one line on stderr where the sign-in to Spotify is about to end, or has ended."""
    from spotify_ai_pipeline.clients.sign_in import sign_in_warning
    from spotify_ai_pipeline.storage.workspace import Workspace

    if warning := sign_in_warning(Workspace.open()):
        click.echo(f"note: {warning}", err=True)


@click.group(
    cls=_Group,
    invoke_without_command=True,
    help=f"""Your music, managed: a playlist, AI Mix, that your listening keeps fresh.

    Until your accounts are named in {ENV_FILE} (see {PROJECT_ROOT / ".env.example"}), the commands work on
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
        from spotify_ai_pipeline.storage.workspace import Workspace

        import_module(f"{__name__}.today").print_today(Workspace.open())
