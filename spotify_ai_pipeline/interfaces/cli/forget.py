"""`spotify-ai forget`: all that is kept of the listener, removed."""

from __future__ import annotations

import shutil

import click

from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.interfaces.cli.console import console
from spotify_ai_pipeline.interfaces.cli.restore import refuse_while_running
from spotify_ai_pipeline.interfaces.views import mix_view
from spotify_ai_pipeline.settings import CONFIG_FILE, ENV_FILE
from spotify_ai_pipeline.storage.listeners import LOCATION_FILE, write_workspace
from spotify_ai_pipeline.storage.workspace import STATE_FILE, Workspace


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
def forget(yes: bool) -> None:
    """Remove all that this machine keeps about you: history, answers, models, settings, sign-in. There is no way back."""
    workspace = Workspace.open()
    refuse_while_running(workspace)
    name, link, lake = workspace.settings.listener.name, mix_view.playlist_link(workspace), workspace.lake
    everything = [
        *(workspace.root / f"{file}{end}" for file in (STATE_FILE, "answers.sqlite") for end in ("", "-wal", "-shm")),
        *(workspace.root / folder for folder in ("lake", "dagster", "inbox", "world")),
        *(workspace.root / file for file in (CONFIG_FILE, ".env", LOCATION_FILE)),
        *sorted(workspace.root.glob("replaced-*")),
        workspace.token_file,
        workspace.demo_file,
    ]
    there = [path for path in everything if path.exists()]
    if not there:
        console.print(f"nothing is kept in {workspace.root}")
        return
    console.print(f"to be removed from {workspace.root}: {', '.join(path.name for path in there)}", soft_wrap=True)
    if not lake.base.is_relative_to(str(workspace.root)):
        console.print(f"and all of {lake.base}", soft_wrap=True)
    if not yes and click.prompt(f"Type {name} to forget this listener", default="", show_default=False) != name:
        raise UserError("nothing was removed")
    lake.remove()
    for path in there:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    if workspace.shared_as:
        from spotify_ai_pipeline.defs.automation.pruning import forget_runs

        forget_runs(workspace)
        write_workspace(workspace.root.parent)
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
