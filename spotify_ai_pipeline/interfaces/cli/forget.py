"""`spotify-ai forget`: all that is kept of the listener, removed."""

from __future__ import annotations

import click

from spotify_ai_pipeline.errors import Corrupt, UserError
from spotify_ai_pipeline.interfaces.cli.console import console
from spotify_ai_pipeline.interfaces.cli.restore import refuse_while_running
from spotify_ai_pipeline.interfaces.views import mix_view
from spotify_ai_pipeline.settings import ENV_FILE
from spotify_ai_pipeline.storage import durable, home_files
from spotify_ai_pipeline.storage.durable import Place
from spotify_ai_pipeline.storage.listeners import write_workspace
from spotify_ai_pipeline.storage.workspace import Workspace


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
def forget(yes: bool) -> None:
    """Remove all that this machine keeps about you: history, answers, models, settings, sign-in. There is no way back."""
    workspace = Workspace.open()
    refuse_while_running(workspace)
    there = home_files.kept(workspace.root)
    if not there:
        console.print(f"nothing is kept in {workspace.root}")
        return
    name, link, elsewhere = _about(workspace)
    console.print(f"to be removed from {workspace.root}: {', '.join(path.name for path in there)}", soft_wrap=True)
    if elsewhere is not None:
        console.print(f"and all of {elsewhere}", soft_wrap=True)
    if not yes and click.prompt(f"Type {name} to forget this listener", default="", show_default=False) != name:
        raise UserError("nothing was removed")
    if elsewhere is not None and elsewhere.exists():
        durable.remove(elsewhere)
    for path in home_files.kept(workspace.root):  # looking at the state has made its side files
        home_files.remove(path)
    if workspace.shared_as:
        from spotify_ai_pipeline.defs.automation.pruning import forget_runs

        forget_runs(workspace)
        write_workspace(workspace.root.parent)
    last_demo = workspace.root.parent / "last"
    if last_demo.exists() and last_demo.read_text().strip() == workspace.root.name:
        last_demo.unlink()
    console.print("removed.")
    if link:
        console.print(
            f"What stays on Spotify: the playlist {link} and its snapshots; delete them there.", soft_wrap=True
        )
    console.print(
        "Your agreement to this app ends at spotify.com/account/apps; scrobbles stay at Last.fm and ListenBrainz.",
        soft_wrap=True,
    )
    if ENV_FILE.exists():
        console.print(f"Your keys stay in {ENV_FILE}; backups and exports lie where you put them.", soft_wrap=True)


def _about(workspace: Workspace) -> tuple[str, str | None, Place | None]:
    """The listener's name, the address of their playlist, and their lake where it lies elsewhere. A state that is damaged or
    lost tells none of these, and stops nobody from forgetting."""
    try:
        name, link, base = workspace.settings.listener.name, mix_view.playlist_link(workspace), workspace.lake.base
    except Corrupt:
        return "everything", None, None
    return name, link, None if base.is_relative_to(str(workspace.root)) else base
