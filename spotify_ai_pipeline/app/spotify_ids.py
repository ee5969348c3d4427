"""Spotify ids of songs that are known by name: from ListenBrainz labs, which costs no quota, else from Spotify's search."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from spotify_ai_pipeline.clients.listenbrainz_labs import ROWS_A_CALL, ListenBrainzLabs
from spotify_ai_pipeline.clients.spotify import Spotify
from spotify_ai_pipeline.errors import ExpectedError
from spotify_ai_pipeline.music.identity.linking import Offer, best_offer

LABS, SEARCH = "labs", "search"
FOR_THE_MIX = 40
"""Calls of Spotify's day that searches leave alone: the mix is read before it is written, and read back."""

Song = dict[str, Any]
"""artist and title; mbid and album where they are known."""
Answer = tuple[Song, tuple[Offer, str] | None]
"""A song, and the offer that is this song with the evidence; None where nobody knew it."""


def look_up(
    labs: ListenBrainzLabs,
    spotify: Callable[[], Spotify],
    searches: int,
    due: Callable[[str], Sequence[Song]],
    note: Callable[[str, Answer], None],
) -> ExpectedError | None:
    """Asks ``LABS`` for the songs that are ``due`` there, then ``SEARCH``: at most ``searches``, within Spotify's budget.

    Each answer goes to ``note`` at once. Trouble ends the source that has it and spoils no answer; the first is given back.
    """
    trouble: ExpectedError | None = None
    for source in (LABS, SEARCH):
        try:
            songs = due(source)
            for answer in from_labs(labs, songs) if source == LABS else _within_budget(spotify, searches, songs):
                note(source, answer)
        except ExpectedError as error:
            trouble = trouble or error
    return trouble


def from_labs(labs: ListenBrainzLabs, songs: Sequence[Song]) -> Iterator[Answer]:
    """Asks by recording first, and by name for songs whose recording is not known or has another name."""
    for start in range(0, len(songs), ROWS_A_CALL):
        batch = songs[start : start + ROWS_A_CALL]
        offered = labs.by_recording([song["mbid"] for song in batch if song.get("mbid")])
        found = [best_offer(song["artist"], song["title"], offered.get(song.get("mbid") or "", [])) for song in batch]
        rest = [place for place, offer in enumerate(found) if offer is None]
        names = [(batch[place]["artist"], batch[place]["title"], batch[place].get("album")) for place in rest]
        for place, offers in zip(rest, labs.by_name(names) if names else [], strict=True):
            found[place] = best_offer(batch[place]["artist"], batch[place]["title"], offers)
        yield from zip(batch, found, strict=True)


def _within_budget(spotify: Callable[[], Spotify], searches: int, songs: Sequence[Song]) -> Iterator[Answer]:
    if not songs or searches <= 0:
        return
    client = spotify()
    for song in songs[: max(min(searches, client.calls_left() - FOR_THE_MIX), 0)]:
        artist, title = song["artist"], song["title"]
        yield song, best_offer(artist, title, client.search(artist, title))
