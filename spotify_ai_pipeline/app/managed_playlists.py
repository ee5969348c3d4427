"""The playlists that we keep on Spotify, by our own name for each: what they are called there, and what a refresh of one did.

Taking back, restoring and copying go through the same writer as a refresh, and are logged like one.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from typing import Any

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.app.playlist_places import target_name
from spotify_ai_pipeline.app.playlist_targets import named_as_now, open_target
from spotify_ai_pipeline.app.playlist_writer import Edited, Named, Outcome, PlaylistWriter
from spotify_ai_pipeline.clients.playlist_target import PlaylistTarget
from spotify_ai_pipeline.durations import DAY
from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.music.identity.songs import song_of_track
from spotify_ai_pipeline.music.mix.target_ids import with_target_ids
from spotify_ai_pipeline.settings import Settings
from spotify_ai_pipeline.storage import datasets, moods, own_lists, pins, playlists, queue, snapshots
from spotify_ai_pipeline.storage.hand_edits import HandEdits
from spotify_ai_pipeline.storage.own_lists import OwnList
from spotify_ai_pipeline.storage.playlists import ADVENTURE, MIX, Refresh
from spotify_ai_pipeline.storage.snapshots import Snapshot
from spotify_ai_pipeline.storage.workspace import Workspace

INTERVAL, ASKED_FOR = "interval", "asked for"


def named(settings: Settings, name: str = MIX) -> Named:
    """The living playlist ``name`` as it is called on Spotify."""
    what = {
        MIX: "Kept fresh by Spotify AI from what you listen to.",
        ADVENTURE: "What you do not know yet, by Spotify AI.",
    }
    return Named(name, playlists.title(settings, name), what[name], {MIX: "", ADVENTURE: "--adventure"}[name])


def of_cluster(cluster_id: object, title: str) -> Named:
    """The playlist of a cluster, which bears the cluster's name."""
    what = "A cluster of your library, kept by Spotify AI."
    return Named(f"cluster:{cluster_id}", title, what, f"--cluster {cluster_id}")


def of_own(own: OwnList) -> Named:
    """The playlist of a list of the listener's own."""
    return Named(own.name, own.title, "A list of your own, kept by Spotify AI.", f"--list {own.list_id}")


def living(workspace: Workspace, name: str = MIX) -> Named:
    """The playlist ``name`` that we keep fresh: the mix, the adventure, or a list of the listener's own."""
    own = own_lists.find(workspace.state, name)
    return of_own(own) if own else named(workspace.settings, name)


def finished(
    state: playlists.State,
    name: str,
    run_id: str,
    done: Outcome,
    changes: Sequence[dict[str, Any]],
    occasion: str = playlists.REFRESHED,
) -> str:
    """Logs a refresh that was written, and gives its outcome: filled, unchanged, or the ``occasion`` that it was made for."""
    outcome = "unchanged" if done.before == done.after else occasion if done.before else playlists.FILLED
    note = f"{len(done.missing)} songs are not on Spotify any more" if done.missing else ""
    playlists.log_refresh(
        state,
        run_id,
        done.added,
        done.removed,
        outcome,
        note,
        name,
        before=done.before,
        after=done.after,
        changes=changes,
    )
    return outcome


def take_back(workspace: Workspace, name: str = MIX) -> tuple[Refresh, Outcome | None]:
    """Takes the last refresh that changed the list back: the list is what it was before, without what the listener has said
    no to since. The songs that it brought in do not come back for as long as "not now" lasts, and to a list of the listener's own
    not at all. Where it followed a mood that was asked for, the mood ends with it, and its songs were only guests.

    Gives the refresh, and what was written; None where it was taken back already. Raises ``UserError``.
    """
    state, listing = workspace.state, living(workspace, name)
    last = playlists.last_change(state, name)
    if last is None or last.before is None or last.after is None:
        raise UserError(f"there is no refresh of {listing.title} to take back; `spotify-ai log` shows what there was")
    if last.undone_at is not None:
        return last, None
    if not last.before:
        raise UserError(f"{listing.title} was filled for the first time: there is no list before that to go back to")
    held, barred = pins.held_and_barred(state, clock.now())
    changes = last.changes or []
    unwanted = {change["track_id"] for change in changes if change["change"] == "out" and change["song_id"] in barred}
    target = named_as_now(workspace, [track for track in last.before if track not in unwanted])
    there = named_as_now(workspace, last.after)
    try:
        done = PlaylistWriter(open_target(workspace), workspace).write(listing, target, decided_on=there)
    except Edited:
        raise UserError(
            f"{listing.title} was edited since its last refresh, and taking that back would lose the edits; change the list "
            "on Spotify by hand (the next refresh respects that), or `spotify-ai snapshot restore` an older one"
        ) from None
    if last.outcome == playlists.VISITED:
        moods.clear(state)
    elif last.outcome != playlists.RETURNED:
        brought = [
            change["song_id"] for change in changes if change["change"] == "new" and change["song_id"] not in held
        ]
        if name.startswith(own_lists.PREFIX):
            HandEdits.of(state, name).with_more([], brought).keep(state, name)
        else:
            queue.say(state, [queue.Said(song, "later", f"undo:{last.refresh_id}:{song}") for song in brought], "undo")
    playlists.mark_undone(state, last.refresh_id)
    return last, done


def take_snapshot(workspace: Workspace, client: PlaylistTarget, why: str, name: str = MIX) -> Snapshot:
    """A dated copy of the list as it is on Spotify now: a row in the state and a playlist beside it."""
    listing = living(workspace, name)
    songs = PlaylistWriter(client, workspace).songs(listing)
    if not songs:
        raise UserError(f"{listing.title} holds no songs to copy; `spotify-ai refresh` fills it")
    today = clock.utc_now().astimezone(workspace.settings.listener.zone)
    of = "" if name == MIX else f" {listing.title if name.startswith(own_lists.PREFIX) else name}"
    prefix = workspace.settings.spotify.snapshot_prefix + of
    snapshot = snapshots.take(workspace.state, f"{prefix} {today:%Y-%m-%d}", list(dict.fromkeys(songs)), why, name)
    publish(workspace, client)
    return snapshot


def publish(workspace: Workspace, client: PlaylistTarget) -> int:
    """Makes the playlists of snapshots that have none yet; gives their number."""
    waiting = snapshots.not_on_spotify(workspace.state)
    for snapshot in waiting:
        about = Named(
            snapshot.written_as, snapshot.name, f"A copy that Spotify AI keeps, number {snapshot.snapshot_id}."
        )
        if songs := named_as_now(workspace, snapshot.track_ids):
            PlaylistWriter(client, workspace).write(about, songs)
    return len(waiting)


def snapshot_is_due(workspace: Workspace, name: str = MIX) -> bool:
    """Tells whether the interval has passed since the last snapshot, or since the first fill where there is none."""
    taken = snapshots.every(workspace.state, name)
    first = playlists.first_refreshed_at(workspace.state, name)
    since = taken[0].taken_at if taken else first
    return since is not None and clock.now() - since >= workspace.settings.playlist.snapshot_interval_days * DAY


def restore(workspace: Workspace, snapshot: Snapshot) -> Outcome:
    """Makes the list what it was in ``snapshot``, without songs that the listener has said no to since, and with those on the
    list now that are pinned. It can be taken back like any refresh."""
    state, listing = workspace.state, living(workspace, snapshot.playlist)
    client = open_target(workspace)
    held, barred = pins.held_and_barred(state, clock.now())
    song_of = song_of_track(with_target_ids(workspace.lake.read(datasets.SONGS), target_name(workspace)))
    writer = PlaylistWriter(client, workspace)
    now = writer.songs(listing)
    wanted = [track for track in named_as_now(workspace, snapshot.track_ids) if song_of.get(track) not in barred]
    there = {song_of.get(track, track) for track in wanted}
    wanted += [track for track in dict.fromkeys(now) if song_of.get(track) in held and song_of.get(track) not in there]
    if not wanted:
        raise UserError(f"you have said no to every song of {snapshot.name}: the list stays as it is")
    done = writer.write(listing, wanted, decided_on=now)
    why = f"restored from {snapshot.name}"
    new, out = set(done.after) - set(done.before), set(done.before) - set(done.after)
    known = names(workspace)
    changes = [
        {"change": change, "song_id": song_of.get(track, track), "track_id": track, **known(track), "reason": why}
        for change, tracks in (("new", new), ("out", out))
        for track in sorted(tracks)
    ]
    playlists.log_refresh(
        state, str(uuid.uuid4()), done.added, done.removed, "restored", why, snapshot.playlist,
        before=done.before, after=done.after, changes=changes,
    )  # fmt: skip
    return done


def names(workspace: Workspace) -> Callable[[str], dict[str, str]]:
    """A function from a Spotify id to its artist and title, as far as they are known."""
    table = with_target_ids(workspace.lake.read(datasets.SONGS), target_name(workspace))
    rows = table.select("track_ids", "artist", "title").explode("track_ids").iter_rows()
    known = {track: {"artist": artist, "title": title} for track, artist, title in rows}
    return lambda track: known.get(track, {"artist": "", "title": track})
