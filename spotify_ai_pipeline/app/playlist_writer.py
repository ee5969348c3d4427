"""The writer: makes a playlist of ours hold what was decided, and reads it back. One code path for every list we keep.

It reads the list, plans the calls and makes them, and believes Spotify's answers to them (``tracked_list``); after an answer
that was lost it waits, reads and plans again. What it is about to do is noted first, so that after a crash its own half-done work
is not taken for the listener's.
"""

from __future__ import annotations

import fcntl
from collections.abc import Collection, Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from spotify_ai_pipeline.app.tracked_list import Reading, TrackedList
from spotify_ai_pipeline.clients.playlist_target import (
    UNKNOWN_OUTCOME,
    PlaylistInfo,
    PlaylistTarget,
    TargetError,
    TargetRefused,
)
from spotify_ai_pipeline.errors import Retryable, UserError
from spotify_ai_pipeline.music.mix.edit_script import plan
from spotify_ai_pipeline.storage import alerts, playlists
from spotify_ai_pipeline.storage.workspace import Workspace

ROUNDS = 4
"""Plans that are made for one write, at most: after answers that were lost, and for songs that Spotify has no more."""
LOCK = "playlist.lock"


class PlaylistGone(UserError):
    """The playlist is no longer in the listener's library: whether there shall be a new one is theirs to say."""


class Edited(Retryable):
    """The list is not the one that the decision was made for."""


@dataclass(frozen=True)
class Named:
    """A playlist that we keep: our name for it, and what it is called on Spotify."""

    name: str
    title: str
    description: str
    option: str = ""
    """By which `spotify-ai playlist` knows it; none for the mix."""


@dataclass(frozen=True)
class Outcome:
    """The list as a write found it and left it."""

    playlist_id: str
    before: list[str]
    target: list[str]
    """What was written: the songs asked for, with spares for those that Spotify no longer has."""
    after: list[str]
    missing: list[str]
    """Songs asked for that Spotify no longer has."""

    @property
    def added(self) -> int:
        return len(set(self.after) - set(self.before))

    @property
    def removed(self) -> int:
        return len(set(self.before) - set(self.after))


class PlaylistWriter:
    """Writes the listener's playlists, one writer at a time on this machine."""

    def __init__(self, client: PlaylistTarget, workspace: Workspace) -> None:
        self._client, self._workspace, self._state = client, workspace, workspace.state

    def write(
        self,
        named: Named,
        target: Sequence[str],
        *,
        decided_on: Collection[str] | None = None,
        spares: Sequence[str] = (),
    ) -> Outcome:
        """Makes ``target`` (Spotify ids, in order, none twice) the list's songs.

        ``decided_on`` are the ids that the list held when this was decided: where it holds others now, nothing is written and
        ``Edited`` raised. ``spares`` stand in, first come first served, for songs that Spotify turns out to have no more.
        Raises ``PlaylistGone``, ``Retryable`` (the next write goes on), ``Refused``.
        """
        with alone(self._workspace):
            playlist_id, snapshot, called = self._find_or_create(named)
            listing = self._tracked(named, playlist_id)
            before = listing.read(snapshot)
            gone = playlists.unavailable(self._state)
            if decided_on is not None:
                lost = set(decided_on) - set(before.songs) - gone
                if len(lost) <= before.empty:  # as many rows are there that show nothing
                    gone, lost = gone | lost, set[str]()
                if (lost or set(before.visible) - set(decided_on) - gone) and before.songs != list(target):
                    raise Edited(
                        f"{named.title} was edited since this was decided; run the refresh again to respect the edit"
                    )
            done = self._make(named, listing, before, list(target), list(spares), gone - set(before.songs))
            return replace(done, playlist_id=self._rename(named, playlist_id, called))

    def recreate(self, named: Named) -> Outcome:
        """A new playlist with the songs of the one that is gone. Raises ``UserError`` where it is still there."""
        stored = playlists.written(self._state, named.name)
        if stored is None:
            raise UserError(f"{named.title} was not made yet; `spotify-ai refresh` makes it")
        with alone(self._workspace):
            if stored.playlist_id in self._owned():
                raise UserError(
                    f"{named.title} is in your library: https://open.spotify.com/playlist/{stored.playlist_id}"
                )
            playlist_id = self._adopt_or_create(named)
            playlists.move(self._state, playlist_id, named.name)
            songs = list(dict.fromkeys(stored.track_ids))
            if not songs:
                return Outcome(playlist_id, [], [], [], [])
            listing = self._tracked(named, playlist_id)
            return self._make(named, listing, listing.read(), songs, [], playlists.unavailable(self._state))

    def songs(self, named: Named) -> list[str]:
        """The songs on the list now; none where it was not made yet."""
        stored = playlists.written(self._state, named.name)
        return self._tracked(named, stored.playlist_id).read().visible if stored else []

    def _tracked(self, named: Named, playlist_id: str) -> TrackedList:
        return TrackedList(self._client, self._state, named.name, playlist_id)

    def _make(
        self,
        named: Named,
        listing: TrackedList,
        before: Reading,
        asked: list[str],
        spares: list[str],
        gone: Collection[str],
    ) -> Outcome:
        """Makes the songs ``asked`` for the list's, but for those that are ``gone``.

        Each round makes one plan. Songs that Spotify has no more, does not show or does not keep are not written again: spares
        stand in for them.
        """
        target = stand_in(asked, gone, spares) or asked
        reading, problem = before, None
        listing.begin(before)
        for _ in range(ROUNDS):
            target = stand_in(target, reading.unclear, spares) or target
            playlists.intend(self._state, before.songs, target, named.name)
            call, problem = None, None
            try:
                for call in plan(target, reading.rows, reading.fixed(len(target))):
                    listing.edit(call)
                reading = listing.settled()
            except UNKNOWN_OUTCOME as error:
                if call is None:
                    raise
                reading, problem = listing.after_lost_answer(call), error
                continue
            except TargetRefused as error:
                if error.status not in (400, 404):
                    raise
                missing = self._client.not_found([song for song in target if song not in before.songs])
                playlists.note_unavailable(self._state, missing)
                target, believed = stand_in(target, missing, spares), listing.believed
                reading, problem = listing.read(), error
                if not target or (not missing and reading.rows == believed):
                    raise
                continue
            missing = reading.hidden | reading.unkept
            playlists.note_unavailable(self._state, missing)
            better = stand_in(target, missing, spares)
            no_spare = len(better) == len(target) - len(missing & set(target))
            if reading.by_others or (
                no_spare and reading.songs == [song for song in target if song not in reading.unkept]
            ):
                break  # as it was written, or as the listener made it
            target = better
        if problem is not None:
            raise problem
        written = target if reading.by_others else reading.songs
        playlists.remember(self._state, listing.playlist_id, written, named.name)
        playlists.note_unavailable(self._state, reading.unplayable, set(reading.visible) - set(reading.unplayable))
        missing = [song for song in asked if song not in written or song in reading.hidden]
        return Outcome(listing.playlist_id, before.visible, written, reading.visible, missing)

    def _rename(self, named: Named, playlist_id: str, called: str) -> str:
        """Gives the playlist, ``called`` so by its target, our title where that is another than the one we gave it last; its id
        from then on. A title that the listener gave it by hand stays. Where it fails, the next write tries again."""
        given, alert = playlists.title_given(self._state, playlist_id), f"title of {named.name}"
        if given == named.title:
            return playlist_id
        if given is None or called == named.title:
            playlists.note_title(self._state, playlist_id, named.title)
            return playlist_id
        bears = playlist_id

        def note(now: str) -> None:
            nonlocal bears
            if now != playlist_id:
                playlists.move(self._state, now, named.name)
            playlists.note_title(self._state, now, named.title)
            bears = now

        try:
            self._client.rename(playlist_id, named.title, note)
        except (TargetError, Retryable) as error:
            why = f"{called} could not be renamed to {named.title}: {error}. The next refresh tries again"
            alerts.raise_alert(self._state, alert, why)
        else:
            alerts.resolve_alert(self._state, alert)
        return bears

    def _find_or_create(self, named: Named) -> tuple[str, str, str]:
        """The playlist by its stored id with the id of its state and its name there, or a new one where none was ever made."""
        stored = playlists.written(self._state, named.name)
        if stored is None:
            playlist_id = self._adopt_or_create(named)
            playlists.remember(self._state, playlist_id, [], named.name)
            return playlist_id, "", named.title
        found = self._owned().get(stored.playlist_id)
        if found is None:
            raise PlaylistGone(
                f"{named.title} is no longer in your Spotify library; follow it again, or have a new one made: "
                f"spotify-ai playlist --recreate {named.option}".rstrip()
            )
        return stored.playlist_id, found.snapshot_id, found.name

    def _adopt_or_create(self, named: Named) -> str:
        """A list that we made and could not note any more, else a new one. What we could not note is empty still: one of this
        name that holds songs is the listener's, or a copy that another service made."""
        known = playlists.ours(self._state)
        for playlist_id, row in self._owned().items():
            ours = (row.name, row.description) == (named.title, named.description) and playlist_id not in known
            if ours and not self._client.rows(playlist_id).rows:
                break
        else:
            playlist_id = self._client.create_playlist(named.title, named.description)
        playlists.note_title(self._state, playlist_id, named.title)
        return playlist_id

    def _owned(self) -> dict[str, PlaylistInfo]:
        return {row.playlist_id: row for row in self._client.playlists(self._client.user_id()) if row.readable}


def stand_in(target: Sequence[str], missing: Iterable[str], spares: Iterable[str]) -> list[str]:
    """``target`` with a spare in the place of each song that is missing, while there are any."""
    gone, waiting = set(missing), iter([spare for spare in spares if spare not in set(target)])
    return [found for track in target if (found := next(waiting, None) if track in gone else track) is not None]


@contextmanager
def alone(workspace: Workspace) -> Generator[None]:
    """One writer at a time on this machine; a process that dies leaves the place free. Raises ``Retryable`` where another is
    writing."""
    with (workspace.root / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Retryable("another process is writing a playlist right now; wait for it and try again") from None
        yield
