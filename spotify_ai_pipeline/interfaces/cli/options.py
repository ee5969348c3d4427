"""Options that several commands share."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

import click

from spotify_ai_pipeline.storage.playlists import MIX
from spotify_ai_pipeline.storage.workspace import Workspace


class Group(click.Group):
    """Commands below a command: its help has the first sentence of each whole."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """A command that there is not: those that are written like it, else all."""
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            near = get_close_matches(args[0], self.commands, 3, 0.6)
            hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(sorted(self.commands))}"
            ctx.fail(f"no command {args[0]!r} in `{ctx.command_path}`; {hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        told = [(name, command.get_short_help_str(limit=300)) for name, command in sorted(self.commands.items())]
        with formatter.section("Commands"):
            formatter.write_dl(told)


json_option = click.option("--json", "as_json", is_flag=True, help="Print as JSON, for scripts.")

list_option = click.option("--list", "own", metavar="NAME", help="A list of your own instead of the mix.")

history_option = click.option(
    "--history",
    type=click.Path(path_type=Path),
    required=True,
    help="Parquet file of plays: ts or uts (UTC seconds), artist, track[, ms_played].",
)


def list_named(workspace: Workspace, own: str | None) -> str:
    """Our name for the playlist that --list names; the mix without it."""
    if own is None:
        return MIX
    from spotify_ai_pipeline.app.own_lists import choose

    return choose(workspace, own).name
