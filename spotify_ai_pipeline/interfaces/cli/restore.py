"""`spotify-ai restore`: a backup, brought back."""

from __future__ import annotations

from pathlib import Path

import click

from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.interfaces.cli.console import console, report
from spotify_ai_pipeline.interfaces.cli.options import json_option
from spotify_ai_pipeline.storage import backup as backups
from spotify_ai_pipeline.storage.listeners import register
from spotify_ai_pipeline.storage.workspace import Workspace


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option(
    "--replace", is_flag=True, help="Move the present data aside first, to a folder replaced-… in the data root."
)
@json_option
def restore(file: Path, replace: bool, as_json: bool) -> None:
    """Restore a backup into the data root. It refuses if data is there; see --replace."""
    workspace = Workspace.open()
    refuse_while_running(workspace)
    with console.status(f"reading {file}"):
        manifest = backups.restore(workspace, file, replace=replace)
    if workspace.shared_as:
        register(workspace)
    files, owner, made = len(manifest["files"]), manifest["listener"], manifest["made_at"]
    report(
        f"restored {files:,} files of {owner}, made {made}, into {workspace.root}\nnext: spotify-ai doctor",
        as_json,
        files=files,
        listener=owner,
        made_at=made,
        root=workspace.root,
    )


def refuse_while_running(workspace: Workspace) -> None:
    """Raises ``UserError`` while the daemon runs: it writes to the files that are about to go."""
    from spotify_ai_pipeline.defs.automation.daemon import is_up

    if is_up(workspace):
        raise UserError(
            "the daemon is running on this data; stop it first (Ctrl-C in `spotify-ai up`, or systemctl stop), wait two minutes"
        )
