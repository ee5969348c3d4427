"""`spotify-ai playlist`: where the list is, a new one if it is gone, and a copy on another service."""

from __future__ import annotations

import click

from spotify_ai_pipeline.app.managed_playlists import living, of_cluster
from spotify_ai_pipeline.app.playlist_copies import NEW_EACH_TIME, SERVICES, copy_to
from spotify_ai_pipeline.app.playlist_targets import open_target
from spotify_ai_pipeline.app.playlist_writer import PlaylistWriter
from spotify_ai_pipeline.interfaces.cli import sandbox
from spotify_ai_pipeline.interfaces.cli.console import console, plain, print_json
from spotify_ai_pipeline.interfaces.cli.options import json_option, list_named, list_option
from spotify_ai_pipeline.interfaces.views import mix_view
from spotify_ai_pipeline.interfaces.views.clusters import find_cluster, list_clusters
from spotify_ai_pipeline.interfaces.views.wording import when
from spotify_ai_pipeline.storage import alerts, playlists
from spotify_ai_pipeline.storage.playlists import ADVENTURE
from spotify_ai_pipeline.storage.workspace import Workspace


@click.command()
@click.option("--recreate", is_flag=True, help="Make a new playlist with the same songs, if you deleted the old one.")
@click.option("--adventure", "adventurous", is_flag=True, help="Show the adventure list instead of the mix.")
@click.option("--cluster", help="Show the list of a cluster (its number, or a part of its name) instead of the mix.")
@click.option(
    "--copy-to", "service", type=click.Choice(list(SERVICES)), help="Have ListenBrainz make a copy on this service."
)
@list_option
@json_option
def playlist(
    recreate: bool, adventurous: bool, cluster: str | None, service: str | None, own: str | None, as_json: bool
) -> None:
    """Show where the AI Mix is, and the last write to it.

    If you delete or unfollow the playlist, refreshes stop and `spotify-ai status` says so; --recreate makes a new one, once. If
    you delete the list of a cluster, only that list stops.

    A list that is kept on ListenBrainz can be copied with --copy-to to a service that you linked there. Each copy is a new
    playlist on that service, and no refresh changes it.
    """
    workspace = Workspace.open()
    about = living(workspace, ADVENTURE if adventurous else list_named(workspace, own))
    if cluster is not None:
        row = find_cluster(list_clusters(workspace), cluster)
        about = of_cluster(row["cluster_id"], row["name"])
    if recreate:
        with sandbox.beside(workspace):
            PlaylistWriter(open_target(workspace), workspace).recreate(about)
        alerts.resolve_alert(workspace.state, f"{about.name} playlist")
    known = playlists.written(workspace.state, about.name)
    found = {
        "name": about.title,
        "link": mix_view.playlist_link(workspace, about.name),
        "songs": len(known.track_ids) if known else 0,
        "written": when(workspace, known.written_at) if known else None,
    }
    if service is not None:
        with sandbox.beside(workspace):
            found["copy"] = copy_to(workspace, about.name, service)
    if as_json:
        print_json(found)
    elif known is None:
        console.print(plain(f"{found['name']} was not made yet; `spotify-ai refresh` makes it"))
    else:
        console.print(plain(f"{found['name']}: {found['songs']} songs, written {found['written']}"))
        console.print(found["link"])
        if service is not None:
            console.print(plain(f"copied to {SERVICES[service]}: {found['copy']}\n{NEW_EACH_TIME}"))
