"""`spotify-ai refresh`: the mix, brought up to date."""

from __future__ import annotations

import click

from spotify_ai_pipeline import clock, settings
from spotify_ai_pipeline.app.library_reader import ACCEPTED
from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.interfaces.cli import sandbox
from spotify_ai_pipeline.interfaces.cli.console import console, print_json
from spotify_ai_pipeline.interfaces.cli.mix import print_change, print_diff, print_spacing
from spotify_ai_pipeline.interfaces.cli.progress import run_job
from spotify_ai_pipeline.interfaces.views import mix_view
from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline.storage.playlists import MIX
from spotify_ai_pipeline.storage.workspace import Workspace


@click.command()
@click.option("--features", is_flag=True, help="Also look up audio features and tags of new songs, and embed them.")
@click.option(
    "--adventurous",
    type=click.IntRange(0, 10),
    metavar="0..10",
    help="This time only: 0 brings nothing back and nothing new, 5 is as usual, 10 twice as much. For good: "
    "`spotify-ai config set playlist.adventurousness N`.",
)
@click.option("--dry-run", is_flag=True, help="Read what is new and show what would change; write nothing to Spotify.")
@click.option("--accept-library", is_flag=True, help="Believe that the library on Spotify is as small as it shows now.")
@click.option("--json", "as_json", is_flag=True, help="Print the mix and the change as JSON.")
def refresh(features: bool, adventurous: int | None, dry_run: bool, accept_library: bool, as_json: bool) -> None:
    """Update the AI Mix: read what is new, decide, write, read back.

    A refresh changes only a little. Songs that you pinned or added by hand stay, and every change has a reason.
    `spotify-ai undo` takes the last refresh back, `spotify-ai log` shows all of them.
    """
    workspace = Workspace.open()
    first = not workspace.lake.current(datasets.SONG_EMBEDDINGS)
    if dry_run and first:
        raise UserError("there is no list yet; the first `spotify-ai refresh` fills it")
    if first:
        _refuse_without_a_source(workspace)
    if accept_library:
        workspace.state.set_fact(ACCEPTED, True)
    with sandbox.beside(workspace):
        if dry_run:
            run_job(workspace, "read_what_is_new", quiet=as_json)
            _preview(workspace, adventurous, as_json=as_json)
            return
        job = "everything" if features or first else "refresh_the_mix"
        options = {} if adventurous is None else {"mix": {"adventurous": adventurous}}
        run_job(workspace, job, quiet=as_json, options=options)
    if as_json:
        print_json(mix_view.mix_as_data(workspace))
    else:
        print_change(workspace)


def _refuse_without_a_source(workspace: Workspace) -> None:
    secrets = workspace.secrets
    named = secrets.has_spotify or workspace.token_file.exists() or secrets.has_lastfm or secrets.has_listenbrainz
    imported = any(workspace.lake.partition_rows(datasets.HISTORY_IMPORTS).values())
    if not named and not imported and not any(workspace.inbox.glob("*")):
        raise UserError(
            f"there is nothing to read: {settings.ENV_FILE} names no account, and no export was imported. Next: spotify-ai setup"
        )


def _preview(workspace: Workspace, adventurous: int | None, *, as_json: bool) -> None:
    """Decides as a refresh would, and prints what would change."""
    from spotify_ai_pipeline.defs.playlist.mix_inputs import Material, decide_list

    made = decide_list(workspace, MIX, Material.of_lake(workspace), clock.now(), adventurous)
    if as_json:
        print_json(mix_view.decision_as_data(workspace, made.decision.table) | {"written": False})
        return
    print_diff(workspace.settings.spotify.playlist_name, "would change", made.decision.table)
    print_spacing(workspace, made.decision.table)
    console.print("nothing was written; `spotify-ai refresh` writes it")
