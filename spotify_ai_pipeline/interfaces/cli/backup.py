"""Backup, restore and forget: your data in your own hands."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.interfaces.cli.console import console
from spotify_ai_pipeline.interfaces.views import mix_view
from spotify_ai_pipeline.settings import CONFIG_FILE, ENV_FILE
from spotify_ai_pipeline.storage import backup as backups
from spotify_ai_pipeline.storage.listeners import LOCATION_FILE, register, write_workspace
from spotify_ai_pipeline.storage.workspace import STATE_FILE, Workspace


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False))
def backup(file: Path | None) -> None:
    """Write a backup to FILE (default: a dated file here). Everything may go on running meanwhile.

    It holds your answers, overrides and exclusions, what was made of your history, the settings and the sign-in. It is a
    secret: only you can read it. It does not hold Dagster's run history.
    """
    workspace = Workspace.open()
    file = file or Path(f"spotify-ai-{workspace.settings.listener.name}-{clock.utc_now().astimezone():%Y%m%d-%H%M}.zip")
    with console.status(f"writing {file}"):
        made = backups.save(workspace, file)
    console.print(
        f"{file}: {made['files']:,} files, {made['bytes'] / 1e6:,.1f} MB; back with: spotify-ai restore {file}"
    )


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option(
    "--replace", is_flag=True, help="Move the present data aside first, to a folder replaced-… in the data root."
)
def restore(file: Path, replace: bool) -> None:
    """Restore a backup into the data root. It refuses if data is there; see --replace."""
    workspace = Workspace.open()
    _refuse_while_running(workspace)
    with console.status(f"reading {file}"):
        manifest = backups.restore(workspace, file, replace=replace)
    console.print(
        f"restored {len(manifest['files']):,} files of {manifest['listener']}, made {manifest['made_at']}, into {workspace.root}"
    )
    if workspace.shared_as:
        register(workspace)
    console.print("next: spotify-ai doctor")


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
def forget(yes: bool) -> None:
    """Remove all that this machine keeps about you: history, answers, models, settings, sign-in. There is no way back."""
    workspace = Workspace.open()
    _refuse_while_running(workspace)
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


def _refuse_while_running(workspace: Workspace) -> None:
    from spotify_ai_pipeline.defs.automation.reap_dead_runs import is_up

    if is_up(workspace):
        raise UserError(
            "the daemon is running on this data; stop it first (Ctrl-C in `spotify-ai up`, or systemctl stop), wait two minutes"
        )
