"""Edits by hand: what the listener did to a list since we wrote it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

WRITTEN_AT_ONCE = 100
"""Songs that are written in one call: such a list is the old one or the new one, and nothing between."""


@dataclass(frozen=True)
class Edits:
    """Songs that the listener put on the list, and songs that they took off it."""

    added: list[str]
    removed: list[str]


def by_song(track_ids: Iterable[str], song_of: Mapping[str, str]) -> dict[str, list[str]]:
    """The songs of a list in order, each with the Spotify ids under which it is there; an id of no known song is a song of
    its own."""
    songs: dict[str, list[str]] = {}
    for track in track_ids:
        songs.setdefault(song_of.get(track, track), []).append(track)
    return songs


def hand_edits(
    current: Collection[str],
    wrote: Collection[str],
    intended: Collection[str] | None,
    removed_before: Collection[str] = (),
) -> Edits:
    """The difference between the list as it is (``current``) and as we left it (``wrote``), in songs.

    Where our last write was cut off, ``intended`` is what it was to bring about: what it may have done itself is no edit, and
    neither is a part of it that is not there, which nobody has seen on the list. A song that the listener once removed
    (``removed_before``) and that is there was put back. A list that is gone or empty is no edit of a hundred songs.
    """
    if not wrote or not current:
        return Edits([], [])
    surely, perhaps = set(wrote), set(wrote)
    if intended is not None:
        unsure = surely ^ set(intended)
        done = len(unsure & set(current) & set(intended)) + len(unsure - set(current) - set(intended))
        if len(intended) > WRITTEN_AT_ONCE:
            surely, perhaps = surely & set(intended), surely | set(intended)
        elif 2 * done > len(unsure):
            surely = perhaps = set(intended)
    return Edits(
        [song for song in current if song not in perhaps or song in removed_before],
        [song for song in wrote if song in surely and song not in current],
    )
