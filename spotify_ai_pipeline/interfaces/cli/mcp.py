"""`spotify-ai mcp`: the door for an assistant."""

from __future__ import annotations

from importlib.util import find_spec

import click

from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.interfaces.cli.console import console, plain, print_json, table
from spotify_ai_pipeline.interfaces.cli.options import json_option
from spotify_ai_pipeline.interfaces.views.wording import when
from spotify_ai_pipeline.storage import proposals
from spotify_ai_pipeline.storage.workspace import Workspace


@click.command()
@click.option("--log", "shows_log", is_flag=True, help="Show what assistants proposed, and what became of it.")
@json_option
def mcp(shows_log: bool, as_json: bool) -> None:
    """Serve your music to an assistant over the Model Context Protocol, until it hangs up.

    The assistant's program starts this command and speaks to it over standard input and output; name it there as
    `spotify-ai mcp`. Its tools read the mix, its reasons, similar songs, figures and questions, and SQL within bounds. What would
    change anything is only proposed: the assistant gets a token and a sentence to ask you about, and confirms within ten minutes.
    --log shows all of it. docs/mcp.md says what a model gets to see. `make mcp` installs what it needs.
    """
    if shows_log:
        _print_log(Workspace.open(), as_json)
        return
    if find_spec("mcp") is None:
        raise UserError("the Model Context Protocol needs its SDK: run `make mcp`, or `pip install 'spotify-ai[mcp]'`")
    from spotify_ai_pipeline.interfaces.mcp.server import build

    build(Workspace.open).run("stdio")


def _print_log(workspace: Workspace, as_json: bool) -> None:
    found = proposals.latest(workspace.state, 100)
    if as_json:
        print_json([vars(one) for one in found])
        return
    if not found:
        console.print("no assistant proposed anything yet")
        return
    shown = table("proposed", "said by", "would", "outcome")
    for one in found:
        outcome = one.outcome or ("confirmed" if one.confirmed_at else "not confirmed")
        shown.add_row(when(workspace, one.proposed_at), one.said_by, plain(one.says), plain(outcome))
    console.print(shown)
