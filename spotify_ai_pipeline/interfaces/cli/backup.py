"""`spotify-ai backup`: one file with all that is kept of the listener."""

from __future__ import annotations

from pathlib import Path

import click

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.interfaces.cli.console import console, report
from spotify_ai_pipeline.interfaces.cli.options import json_option
from spotify_ai_pipeline.storage import backup as backups
from spotify_ai_pipeline.storage.workspace import Workspace


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False))
@json_option
def backup(file: Path | None, as_json: bool) -> None:
    """Write a backup to FILE (default: a dated file here). Everything may go on running meanwhile.

    It holds your answers, overrides and exclusions, what was made of your history, the settings and the sign-in. It is a
    secret: only you can read it. It does not hold Dagster's run history.
    """
    workspace = Workspace.open()
    file = file or Path(f"spotify-ai-{workspace.settings.listener.name}-{clock.utc_now().astimezone():%Y%m%d-%H%M}.zip")
    with console.status(f"writing {file}"):
        made = backups.save(workspace, file)
    size = f"{made['files']:,} files, {made['bytes'] / 1e6:,.1f} MB"
    report(f"{file}: {size}; back with: spotify-ai restore {file}", as_json, file=file, **made)
