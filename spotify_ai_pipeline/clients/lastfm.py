"""Last.fm: scrobbles and tags, through pylast's network and request layer.

pylast's own paging asks for 50 scrobbles a page and drops MusicBrainz ids, so pages are asked for here, 200 at a time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from xml.etree import ElementTree

import polars as pl
import pylast

from spotify_ai_pipeline.clients.door import Door
from spotify_ai_pipeline.clients.paging import Reading
from spotify_ai_pipeline.clients.transport import Deferred, Transport
from spotify_ai_pipeline.errors import ExpectedError, Refused, Retryable, UserError
from spotify_ai_pipeline.music.plays.records import LASTFM
from spotify_ai_pipeline.music.sieve import (
    EARLIEST,
    MaybeMbid,
    MaybeMoment,
    MaybeShare,
    MaybeText,
    Moment,
    Record,
    Text,
    real,
    text,
    whole,
)
from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline.storage.response_cache import ResponseCache
from spotify_ai_pipeline.storage.workspace import Workspace

PAGE = 200
NOT_FOUND = "6"
TRY_AGAIN = frozenset({"8", "11", "16", "29"})
MEANT = frozenset({"2", "3", "4", "5", NOT_FOUND, "7", "9", "10", "13", "17", "26"})
"""Errors that asking again does not change. Any other with HTTP 400 is a breakdown that Last.fm wraps so."""
REMEDY = {
    "4": "check LASTFM_API_KEY in .env",
    NOT_FOUND: "check LASTFM_USER in .env",
    "10": "the key is not valid: check LASTFM_API_KEY in .env",
    "17": 'the listening history is private: on last.fm, Settings, Privacy, turn off "Hide recent listening"',
    "26": "the key is suspended: make a new one at https://www.last.fm/api/account/create",
}
ASKS = 3
"""Times that a page is asked for which does not fit the page before it, or a window that changes while it is read."""

NOT_XML = re.compile("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\ufffe\\uffff]")
"""Signs that players scrobble in titles, that Last.fm passes on, and that no XML parser takes."""


class Scrobble(Record):
    """A row of ``datasets.SCROBBLES.schema``."""

    played_at: Moment
    artist: Text
    title: Text
    album: MaybeText
    track_mbid: MaybeMbid
    artist_mbid: MaybeMbid


@dataclass(frozen=True)
class _Page:
    """A page of scrobbles, newest first; ``dated`` counts those too that could not be read."""

    total: int
    dated: int
    rows: list[Scrobble]
    may_play: bool = False
    """The first row has no date: it may be what plays now, which the total does not count."""


ARTIST_TAGS, TRACK_TAGS = "lastfm artist.getTopTags", "lastfm track.getTopTags"
NEIGHBOURS, FRIENDS = 50, 50
NEIGHBOURS_DAYS = 30
"""Days that the neighbours of a song or artist are kept."""
PRIVATE = "17"


@dataclass(frozen=True)
class Near:
    """A song that Last.fm puts beside another, with its likeness (0 to 1; None where it gives none)."""

    artist: str
    title: str
    mbid: str | None
    match: float | None


class _NearRow(Record):
    artist: Text
    title: Text
    mbid: MaybeMbid
    match: MaybeShare


class _LovedRow(Record):
    artist: Text
    title: Text
    mbid: MaybeMbid
    loved_at: MaybeMoment


class LastFmError(ExpectedError):
    """A call to Last.fm did not bring what was asked for. ``code`` is Last.fm's own, where there was one."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class LastFmNotConnected(LastFmError, UserError):
    """No account is named. The message says what to do."""


class LastFmRefused(LastFmError, Refused):
    """Last.fm said no. The message says what and what to do."""


class LastFmBusy(LastFmError, Retryable):
    """Last.fm is out of reach or out of order, or answered something else than what was asked for."""


class _Changed(LastFmBusy):
    """A scrobble came into a window while it was read."""


class LastFm:
    """Last.fm's knowledge of ``user``."""

    def __init__(self, transport: Transport, api_key: str, user: str, answers: ResponseCache) -> None:
        self.user, self._answers, self._door = user, answers, Door(transport)
        self._network = pylast.LastFMNetwork(api_key=api_key, proxy={"https://": transport.httpx_transport})  # pyright: ignore[reportArgumentType]

    @classmethod
    def of(cls, workspace: Workspace) -> LastFm:
        secrets = workspace.secrets
        if not (secrets.lastfm_user and secrets.lastfm_api_key.get_secret_value()):
            raise LastFmNotConnected(
                "Last.fm is not connected: set LASTFM_USER and LASTFM_API_KEY in .env (see .env.example)"
            )
        transport = Transport(
            "lastfm", workspace.settings.services.lastfm, workspace.state, safe_posts=True, sound=_sound
        )
        return cls(transport, secrets.lastfm_api_key.get_secret_value(), secrets.lastfm_user, workspace.answers)

    def first_scrobble(self) -> datetime | None:
        """The time of the oldest scrobble, None for a listener without any: two calls. One of 1970 has no time that is known."""
        sane: dict[str, int] = {"from": int(EARLIEST.timestamp()), "limit": 1}
        number = self._read_page(self._recent_tracks(page=1, **sane)).total
        for page in range(number, max(number - ASKS, 0), -1):
            if rows := self._read_page(self._recent_tracks(page=page, **sane)).rows:
                return min(row.played_at for row in rows)
        return None

    def newest_scrobble(self) -> datetime | None:
        """The time of the newest scrobble, None for a listener without any: one call."""
        rows = self._read_page(self._recent_tracks(limit=1, page=1)).rows
        return max((row.played_at for row in rows), default=None)

    def scrobbles(self, start: datetime, end: datetime) -> pl.DataFrame:
        """The scrobbles in [start, end), oldest first: one call for each 200, and at least one.

        ``end`` holds still what is paged through; what comes in late, into the window itself, makes it be read again.
        """
        for remaining in reversed(range(ASKS)):
            try:
                rows = [tuple(vars(row).values()) for page in self._pages(start, end) for row in page]
            except _Changed:
                if not remaining:
                    raise
                continue
            return pl.DataFrame(rows, schema=datasets.SCROBBLES.schema, orient="row").sort(
                "played_at", maintain_order=True
            )
        raise AssertionError("unreachable: the last reading returns or raises")

    def artist_tags(self, artist: str) -> dict[str, float]:
        """Tags of an artist with weights 0 to 1; empty where Last.fm knows none. One call, once."""
        return self._top_tags(ARTIST_TAGS, artist, "artist.getTopTags", artist=artist)

    def track_tags(self, artist: str, title: str) -> dict[str, float]:
        """Tags of a track with weights 0 to 1; empty where Last.fm knows none. One call, once."""
        return self._top_tags(TRACK_TAGS, f"{artist}\n{title}", "track.getTopTags", artist=artist, track=title)

    def _top_tags(self, kind: str, key: str, method: str, **params: str) -> dict[str, float]:
        kept = self._answers.get(kind, [key])
        if key not in kept:
            answer = self._ask(method, autocorrect=1, **params)
            kept[key] = (_tags(answer) or None) if answer.get("status") == "ok" else None
            self._answers.put(kind, kept)
        return kept[key] or {}

    def similar_tracks(self, artist: str, title: str) -> list[Near]:
        """Songs heard by those who hear this one, nearest first; empty where Last.fm knows none. One call a month."""
        answer = self._kept("track.getSimilar", artist=artist, track=title, autocorrect=1, limit=NEIGHBOURS)
        return self._near(answer.iterfind("similartracks/track"), "similar songs")

    def similar_artists(self, artist: str) -> list[tuple[str, float]]:
        """(name, likeness 0 to 1) of artists heard by those who hear this one, nearest first. One call a month."""
        answer = self._kept("artist.getSimilar", artist=artist, autocorrect=1, limit=NEIGHBOURS)
        rows = (
            (text(row.findtext("name")), real(row.findtext("match"), 0, 1))
            for row in answer.iterfind("similarartists/artist")
        )
        return [(name, match or 0.0) for name, match in rows if name]

    def top_tracks(self, artist: str) -> list[Near]:
        """The best known songs of an artist, best first. One call a month."""
        answer = self._kept("artist.getTopTracks", artist=artist, autocorrect=1, limit=10)
        return self._near(answer.iterfind("toptracks/track"), "top songs")

    def loved(self, known: pl.DataFrame) -> pl.DataFrame:
        """The songs that the listener loved, newest first, as ``datasets.LOVED_SONGS``: a call for each 200. Where the first
        page and their number are those of ``known``, that is given back after one call."""
        reading, pages, number, more = Reading("Last.fm", "the loved songs"), list[pl.DataFrame](), 1, True
        while more:
            found = self._ask("user.getLovedTracks", user=self.user, limit=PAGE, page=number).find("lovedtracks")
            total = None if found is None else whole(found.get("total"))
            if found is None or total is None:
                raise LastFmBusy("Last.fm does not say how many songs you loved; try again later")
            tracks = found.findall("track")
            rows = self._door.records(_LovedRow, [_loved(track) for track in tracks], "loved songs")
            page = [(LASTFM.name, row.artist, row.title, row.mbid, row.loved_at) for row in rows]
            pages.append(pl.DataFrame(page, schema=datasets.LOVED_SONGS.schema, orient="row"))
            if number == 1 and known.height == total and known.head(len(page)).equals(pages[0]):
                return known
            if number > 1:
                reading.refuse_repeat(page, pages[-2].rows())
            more, number = reading.page(len(tracks), total), number + 1
        return pl.concat(pages)

    def album_songs(self, artist: str, album: str) -> list[Near]:
        """The songs of an album in their order; empty where Last.fm does not know it. One call a month."""
        answer = self._kept("album.getInfo", artist=artist, album=album, autocorrect=1)
        return self._near(answer.iterfind("album/tracks/track"), "songs of an album")

    def friends(self) -> list[str]:
        """The names of the listener's friends; empty where there are none. One call."""
        try:
            answer = self._ask("user.getFriends", user=self.user, limit=FRIENDS)
        except LastFmError as error:
            if error.code != NOT_FOUND:
                raise
            return []
        return [name for row in answer.iterfind("friends/user") if (name := text(row.findtext("name")))]

    def played_by(self, friend: str, since: datetime) -> list[tuple[str, str]]:
        """(artist, title) of what a friend played since then, newest first, 200 at most; empty where their history is private.
        One call."""
        try:
            found = self._ask("user.getRecentTracks", user=friend, limit=PAGE, **{"from": int(since.timestamp())})
        except LastFmError as error:
            if error.code not in (PRIVATE, NOT_FOUND):
                raise
            return []
        page = found.find("recenttracks")
        return [(row.artist, row.title) for row in self._read_page(page).rows] if page is not None else []

    def now_playing(self, friend: str) -> tuple[str, str] | None:
        """(artist, title) of what a friend plays at this moment; None where it is silent. Raises ``LastFmError`` where their
        history is private. One call."""
        found = self._ask("user.getRecentTracks", user=friend, limit=1).find("recenttracks")
        for track in found.iterfind("track") if found is not None else ():
            artist, title = text(track.findtext("artist")), text(track.findtext("name"))
            if track.get("nowplaying") == "true" and artist and title:
                return artist, title
        return None

    def _kept(self, method: str, **params: Any) -> ElementTree.Element:
        """The answer to a question about music, asked once a month."""
        kind, key = f"lastfm {method}", "\t".join(map(str, params.values()))
        kept = self._answers.get(kind, [key])
        if key not in kept:
            answer = self._ask(method, **params)
            kept[key] = None if answer.get("status") == "failed" else _written(answer)
            self._answers.put(kind, kept, days=NEIGHBOURS_DAYS)
        return ElementTree.fromstring(kept[key] or "<lfm/>")

    def _pages(self, start: datetime, end: datetime) -> Iterator[list[Scrobble]]:
        """The pages of a window, by the rows that came: how many a page holds is the service's to say."""
        window = {"from": int(start.timestamp()), "to": int(end.timestamp()), "limit": PAGE}
        reading = Reading("Last.fm", f"the scrobbles of {start:%Y-%m}")
        number, total, oldest, more = 1, None, None, True
        before: list[Scrobble] = []
        while more:
            page = self._page(window, number, total, oldest, reading.rows)
            if total is not None and page.total != total:
                raise _Changed("scrobbles come in while they are read; run the step again")
            reading.refuse_repeat(page.rows, before, unique=True)
            playing = page.may_play and reading.rows + page.dated == page.total + 1
            total, more = page.total, reading.page(page.dated - playing, page.total)
            oldest, before = page.rows[-1].played_at if page.rows else oldest, page.rows
            yield page.rows
            number += 1

    def _page(
        self, window: dict[str, int], number: int, total: int | None, oldest: datetime | None, read: int
    ) -> _Page:
        """A page, newest first. One that does not fit what came before is asked for again, and believed when it insists."""
        seen: list[_Page] = []
        for _ in range(ASKS):
            page = self._read_page(self._recent_tracks(page=number, **window))
            follows = oldest is None or all(row.played_at <= oldest for row in page.rows)
            there = page.dated > 0 or read >= page.total
            seen.append(page)
            if (total in (None, page.total) and follows and there) or seen == [seen[0]] * ASKS:
                return page
        raise LastFmBusy("Last.fm sends other pages than those asked for; try again later")

    def _read_page(self, found: ElementTree.Element) -> _Page:
        """The scrobbles of an answer; what plays now is none."""
        tracks = [row for row in found.iterfind("track") if row.get("nowplaying") != "true"]
        total = whole(found.get("total"))
        if total is None:
            raise LastFmBusy("Last.fm does not say how many scrobbles there are; try again later")
        rows = self._door.records(Scrobble, [_scrobble(track) for track in tracks], "scrobbles")
        return _Page(total, len(tracks), rows, bool(tracks) and tracks[0].find("date") is None)

    def _near(self, rows: Iterable[ElementTree.Element], place: str) -> list[Near]:
        told = [
            {
                "artist": row.findtext("artist/name"),
                "title": row.findtext("name"),
                "mbid": row.findtext("mbid"),
                "match": row.findtext("match"),
            }
            for row in rows
        ]
        return [Near(row.artist, row.title, row.mbid, row.match) for row in self._door.records(_NearRow, told, place)]

    def _recent_tracks(self, **params: Any) -> ElementTree.Element:
        for _ in range(ASKS):  # now and then Last.fm answers for somebody else
            found = self._ask("user.getRecentTracks", user=self.user, **params).find("recenttracks")
            if found is not None and (found.get("user") or "").casefold() == self.user.casefold():
                return found
        raise LastFmBusy(f"Last.fm answers for another listener than {self.user}; try again later")

    def _ask(self, method: str, **params: Any) -> ElementTree.Element:
        """The ``<lfm>`` element of the answer; one with status "failed" where what was asked for does not exist."""
        try:
            text = _Request(self._network, method, params)._download_response()
            answer = _parsed(text)
        except pylast.NetworkError as error:
            if isinstance(error.underlying_error, Deferred):
                raise error.underlying_error from None
            raise LastFmBusy(f"Last.fm cannot be reached ({error.underlying_error}); try again later") from error
        except pylast.WSError as error:
            raise LastFmBusy(f"Last.fm is out of order (HTTP {error.status}); try again later") from None
        except ElementTree.ParseError as error:
            raise LastFmBusy(f"Last.fm sent an answer that is not XML ({error}); try again later") from error
        code = _error_code(answer)
        if answer.get("status") == "ok" or (code == NOT_FOUND and not method.startswith("user.")):
            return answer
        said = answer.findtext("error") or "no reason given"
        kind = LastFmRefused if code in MEANT else LastFmBusy
        raise kind(f"Last.fm refused {method} (error {code}: {said}); {REMEDY.get(code, 'try again later')}", code)


class _Request(pylast._Request):
    """pylast's request without its check of the answer, which builds and prints the document three times: a page of 200
    scrobbles is parsed once, above."""

    def _check_response_for_errors(self, response: str) -> None:
        pass


@lru_cache(maxsize=1)  # an answer is looked at twice: is it sound, and what does it say?
def _parsed(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(NOT_XML.sub("", text))


def _written(answer: ElementTree.Element) -> str:
    try:
        return ElementTree.tostring(answer, encoding="unicode")
    except RecursionError:
        raise LastFmBusy("Last.fm sent a nest without end; try again later") from None


def _error_code(answer: ElementTree.Element) -> str:
    error = answer.find("error")
    return "" if error is None else error.get("code", "")


def _sound(status: int, body: bytes) -> bool:
    """Tells whether an answer is whole and meant: Last.fm puts breakdowns into answers of any status."""
    if status == 429 or status >= 500:
        return True  # the transport knows what to do
    try:
        answer = _parsed(body.decode())
    except (ElementTree.ParseError, UnicodeDecodeError):
        return False
    code = _error_code(answer)
    return answer.get("status") == "ok" or (code not in TRY_AGAIN if status != 400 else code in MEANT)


def _scrobble(track: ElementTree.Element) -> dict[str, Any]:
    """A scrobble as it was sent, under our names."""
    artist, date = track.find("artist"), track.find("date")
    return {
        "played_at": None if date is None else date.get("uts"),
        "artist": None if artist is None else artist.text,
        "title": track.findtext("name"),
        "album": track.findtext("album"),
        "track_mbid": track.findtext("mbid"),
        "artist_mbid": None if artist is None else artist.get("mbid"),
    }


def _loved(track: ElementTree.Element) -> dict[str, Any]:
    """A loved song as it was sent, under our names."""
    date = track.find("date")
    return {
        "artist": track.findtext("artist/name"),
        "title": track.findtext("name"),
        "mbid": track.findtext("mbid"),
        "loved_at": None if date is None else date.get("uts"),
    }


def _tags(answer: ElementTree.Element) -> dict[str, float]:
    rows = (
        (text(row.findtext("name")), whole(row.findtext("count"), 0, 100)) for row in answer.iterfind("toptags/tag")
    )
    return {name.casefold(): count / 100 for name, count in rows if name and count is not None}
