"""`spotify-ai snapshot`: frozen copies of the list, and the way back to one."""

from __future__ import annotations

import click
from rich.text import Text

from spotify_ai_pipeline.interfaces.cli import sandboxes, show
from spotify_ai_pipeline.interfaces.cli.console import console, plain, print_json, table
from spotify_ai_pipeline.interfaces.cli.look import json_option
from spotify_ai_pipeline.interfaces.words import when
from spotify_ai_pipeline.problems import Problem
from spotify_ai_pipeline.services import our_playlists
from spotify_ai_pipeline.services.spotify import Spotify
from spotify_ai_pipeline.storage import playlists, snapshots
from spotify_ai_pipeline.storage.home import Home
from spotify_ai_pipeline.storage.snapshots import Snapshot


@click.group()
def snapshot() -> None:
    """Keep dated copies of the AI Mix, each a playlist on Spotify: every playlist.snapshot_interval_days, and on demand."""


@snapshot.command()
@json_option
def take(as_json: bool) -> None:
    """Copy the list as it is on Spotify now."""
    home = Home.open()
    with sandboxes.beside(home):
        made = our_playlists.take_snapshot(home, Spotify.of(home), our_playlists.ASKED_FOR)
    if as_json:
        print_json(_as_data(home, made))
    else:
        console.print(plain(f"{made.name}: {len(made.track_ids)} songs  {show.playlist_link(home, made.written_as)}"))


@snapshot.command(name="list")
@json_option
def list_(as_json: bool) -> None:
    """Show the copies, the latest first."""
    home = Home.open()
    found = snapshots.every(home.state, None)
    if as_json:
        print_json([_as_data(home, one) for one in found])
        return
    shown = table("id", "name", "songs", "taken", "why", "link", right=("id", "songs"))
    for one in found:
        link = show.playlist_link(home, one.written_as)
        shown.add_row(
            str(one.snapshot_id), plain(one.name), str(len(one.track_ids)), when(home, one.taken_at), one.why, link
        )
    console.print(shown if found else "no snapshot yet; `spotify-ai snapshot take` makes one")


@snapshot.command()
@click.argument("snapshot_id", type=int)
@json_option
def diff(snapshot_id: int, as_json: bool) -> None:
    """Show which songs copy SNAPSHOT_ID would bring back (+) and take off (−), compared with the list as last written."""
    home = Home.open()
    one = _find(home, snapshot_id)
    known = playlists.written(home.state, one.playlist)
    now = known.track_ids if known else []
    name = our_playlists.names(home)
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
    home = Home.open()
    one = _find(home, snapshot_id)
    with sandboxes.beside(home):
        done = our_playlists.restore(home, one)
    if as_json:
        print_json({"snapshot": one.name, "songs": len(done.after), "added": done.added, "removed": done.removed})
    else:
        console.print(plain(f"{one.name} is restored: +{done.added} −{done.removed}, {len(done.after)} songs"))


def _find(home: Home, snapshot_id: int) -> Snapshot:
    found = next((one for one in snapshots.every(home.state, None) if one.snapshot_id == snapshot_id), None)
    if found is None:
        raise Problem(f"there is no snapshot {snapshot_id}; `spotify-ai snapshot list` shows those there are")
    return found


def _as_data(home: Home, one: Snapshot) -> dict[str, object]:
    return {
        "id": one.snapshot_id,
        "name": one.name,
        "of": one.playlist,
        "songs": len(one.track_ids),
        "taken": when(home, one.taken_at),
        "why": one.why,
        "link": show.playlist_link(home, one.written_as),
    }
