"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path

import click

from spotify_ai_pipeline.interfaces.cli.suggesting import Suggesting
from spotify_ai_pipeline.storage.playlists import MIX
from spotify_ai_pipeline.storage.workspace import Workspace


class Group(Suggesting):
    """Commands below a command: its help has the first sentence of each whole."""

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
