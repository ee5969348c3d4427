"""`spotify-ai snapshot`: frozen copies of the list, and the way back to one."""

from __future__ import annotations

import click
from rich.text import Text

from spotify_ai_pipeline.app import managed_playlists
from spotify_ai_pipeline.app.playlist_targets import open_target
from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.interfaces.cli import sandbox
from spotify_ai_pipeline.interfaces.cli.console import console, plain, print_json, table
from spotify_ai_pipeline.interfaces.cli.options import Group, json_option, list_named, list_option
from spotify_ai_pipeline.interfaces.views import mix_view
from spotify_ai_pipeline.interfaces.views.wording import when
from spotify_ai_pipeline.storage import playlists, snapshots
from spotify_ai_pipeline.storage.snapshots import Snapshot
from spotify_ai_pipeline.storage.workspace import Workspace


@click.group(cls=Group)
def snapshot() -> None:
    """Keep dated copies of the AI Mix, each a playlist on Spotify: every playlist.snapshot_interval_days, and on demand."""


@snapshot.command()
@list_option
@json_option
def take(own: str | None, as_json: bool) -> None:
    """Copy the list as it is on Spotify now."""
    workspace = Workspace.open()
    with sandbox.beside(workspace):
        made = managed_playlists.take_snapshot(
            workspace, open_target(workspace), managed_playlists.ASKED_FOR, list_named(workspace, own)
        )
    if as_json:
        print_json(_as_data(workspace, made))
    else:
        console.print(
            plain(f"{made.name}: {len(made.track_ids)} songs  {mix_view.playlist_link(workspace, made.written_as)}")
        )


@snapshot.command(name="list")
@json_option
def list_(as_json: bool) -> None:
    """Show the copies, the latest first."""
    workspace = Workspace.open()
    found = snapshots.every(workspace.state, None)
    if as_json:
        print_json([_as_data(workspace, one) for one in found])
        return
    shown = table("id", "name", "songs", "taken", "why", "link", right=("id", "songs"))
    for one in found:
        link = mix_view.playlist_link(workspace, one.written_as)
        shown.add_row(
            str(one.snapshot_id), plain(one.name), str(len(one.track_ids)), when(workspace, one.taken_at), one.why, link
        )
    console.print(shown if found else "no snapshot yet; `spotify-ai snapshot take` makes one")


@snapshot.command()
@click.argument("snapshot_id", type=int)
@json_option
def diff(snapshot_id: int, as_json: bool) -> None:
    """Show which songs copy SNAPSHOT_ID would bring back (+) and take off (−), compared with the list as last written."""
    workspace = Workspace.open()
    one = _find(workspace, snapshot_id)
    known = playlists.written(workspace.state, one.playlist)
    now = known.track_ids if known else []
    name = managed_playlists.names(workspace)
    back = [name(track) for track in one.track_ids if track not in set(now)]
    off = [name(track) for track in now if track not in set(one.track_ids)]
    if as_json:
        print_json({"snapshot": one.name, "back": back, "off": off})
        return
    console.print(plain(f"{one.name} against the list now: +{len(back)} −{len(off)}"))
    for sign, style, songs in (("+ ", "green", back), ("− ", "red", off)):
        for song in songs:
            console.print(Text.assemble((sign, style), f"{song['artist']} — {song['title']}"))


@snapshot.command()
@click.argument("snapshot_id", type=int)
@json_option
def restore(snapshot_id: int, as_json: bool) -> None:
    """Restore the list of copy SNAPSHOT_ID, at once and whole.

    Songs that you rejected since then stay away, and pinned songs stay. `spotify-ai undo` takes this back. Later refreshes go on
    from the restored list.
    """
    workspace = Workspace.open()
    one = _find(workspace, snapshot_id)
    with sandbox.beside(workspace):
        done = managed_playlists.restore(workspace, one)
    if as_json:
        print_json({"snapshot": one.name, "songs": len(done.after), "added": done.added, "removed": done.removed})
    else:
        console.print(plain(f"{one.name} is restored: +{done.added} −{done.removed}, {len(done.after)} songs"))


def _find(workspace: Workspace, snapshot_id: int) -> Snapshot:
    found = next((one for one in snapshots.every(workspace.state, None) if one.snapshot_id == snapshot_id), None)
    if found is None:
        raise UserError(f"there is no snapshot {snapshot_id}; `spotify-ai snapshot list` shows those there are")
    return found


def _as_data(workspace: Workspace, one: Snapshot) -> dict[str, object]:
    return {
        "id": one.snapshot_id,
        "name": one.name,
        "of": one.playlist,
        "songs": len(one.track_ids),
        "taken": when(workspace, one.taken_at),
        "why": one.why,
        "link": mix_view.playlist_link(workspace, one.written_as),
    }
