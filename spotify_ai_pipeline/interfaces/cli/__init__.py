"""The command ``spotify-ai``: one module a topic, each command a few lines over the floors below."""

from __future__ import annotations

import sys

import click

from spotify_ai_pipeline.interfaces.cli import (
    backtest,
    configure,
    demo,
    look,
    questions,
    refreshing,
    sandboxes,
    signin,
    sql,
    up,
    why,
)
from spotify_ai_pipeline.interfaces.cli.errors import explain


class _Group(click.Group):
    """Lists commands in the order of a first day, not of the alphabet, and lets no traceback reach a person."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except Exception as error:
            if (line := explain(error)) is None:
                raise
            click.echo(f"error: {line}", err=True)
            sys.exit(2)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="spotify-ai")
def main() -> None:
    """Your music, managed: an AI Mix playlist kept fresh from what you listen to.

    Until an account is connected (`spotify-ai login`), the commands work on the last demo.
    """


for command in (
    demo.demo,
    signin.login,
    refreshing.refresh,
    look.mix,
    why.why,
    questions.next_,
    look.stats,
    look.status,
    configure.config,
    sql.sql,
    up.up,
    up.dagster,
    backtest.backtest,
    sandboxes.sandbox,
):
    main.add_command(command)
