"""Last.fm: scrobbles and tags, through pylast's network and request layer.

pylast's own paging asks for 50 scrobbles a page and drops MusicBrainz ids, so pages are asked for here, 200 at a time.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree

import polars as pl
import pylast

from spotify_ai_pipeline.problems import Problem
from spotify_ai_pipeline.services.transport import Deferred, Transport
from spotify_ai_pipeline.storage.home import Home

PAGE = 200
NOT_FOUND = "6"
TRY_AGAIN = frozenset({"8", "11", "16", "29"})
ATTEMPTS = 4

NOT_XML = re.compile("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\ufffe\\uffff]")
"""Signs that players scrobble in titles, that Last.fm passes on, and that no XML parser takes."""

SCROBBLES = {
    "played_at": pl.Datetime("ms", "UTC"),
    "artist": pl.String,
    "title": pl.String,
    "album": pl.String,
    "track_mbid": pl.String,
    "artist_mbid": pl.String,
}


class LastFmError(Problem):
    """Last.fm refused: says what and what to do."""


class LastFm:
    """What Last.fm knows of ``user``."""

    def __init__(self, transport: Transport, api_key: str, user: str) -> None:
        self.user = user
        self._network = pylast.LastFMNetwork(api_key=api_key, proxy={"https://": transport.httpx_transport})  # pyright: ignore[reportArgumentType]

    @classmethod
    def of(cls, home: Home) -> LastFm:
        secrets = home.secrets
        if not (secrets.lastfm_user and secrets.lastfm_api_key.get_secret_value()):
            raise LastFmError("Last.fm is not connected: set LASTFM_USER and LASTFM_API_KEY in .env (see .env.example)")
        transport = Transport("lastfm", home.settings.services.lastfm, home.state, safe_posts=True)
        return cls(transport, secrets.lastfm_api_key.get_secret_value(), secrets.lastfm_user)

    def first_scrobble(self) -> datetime | None:
        """The time of the oldest scrobble, None for a listener without any: two calls."""
        total = int(self._recent_tracks(limit=1, page=1).get("total") or 0)
        oldest = [played for played, *_ in _scrobbles(self._recent_tracks(limit=1, page=total))] if total else []
        return oldest[-1] if oldest else None

    def scrobbles(self, start: datetime, end: datetime) -> pl.DataFrame:
        """The scrobbles in [start, end), oldest first: one call for each 200, and at least one."""
        rows = [row for page in self._pages(start, end) for row in _scrobbles(page)]
        return pl.DataFrame(rows, schema=SCROBBLES, orient="row").sort("played_at", maintain_order=True)

    def artist_tags(self, artist: str) -> dict[str, float]:
        """Tags of an artist with weights 0 to 1; empty where Last.fm knows none. One call."""
        return _tags(self._ask("artist.getTopTags", artist=artist, autocorrect=1))

    def _pages(self, start: datetime, end: datetime) -> Iterator[ElementTree.Element]:
        window = {"from": int(start.timestamp()), "to": int(end.timestamp()), "limit": PAGE}
        page, pages = 1, 1
        while page <= pages:
            found = self._recent_tracks(page=page, **window)
            pages = int(found.get("totalPages") or 0)
            yield found
            page += 1

    def _recent_tracks(self, **params: Any) -> ElementTree.Element:
        found = self._ask("user.getRecentTracks", user=self.user, **params).find("recenttracks")
        if found is None or (found.get("user") or "").casefold() != self.user.casefold():
            raise LastFmError(f"Last.fm answered for another listener than {self.user}; run the step again")
        return found

    def _ask(self, method: str, **params: Any) -> ElementTree.Element:
        """The ``<lfm>`` element of the answer; an empty one where what was asked for does not exist."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                text = _Request(self._network, method, params)._download_response()
                answer = ElementTree.fromstring(NOT_XML.sub("", text))
            except pylast.NetworkError as error:
                if isinstance(error.underlying_error, Deferred):
                    raise error.underlying_error from None
                raise LastFmError(f"Last.fm cannot be reached ({error.underlying_error}); try again later") from error
            except ElementTree.ParseError as error:
                raise LastFmError(f"Last.fm sent an answer that is not XML ({error}); try again later") from error
            if answer.get("status") == "ok":
                return answer
            error = answer.find("error")
            code = "" if error is None else error.get("code", "")
            if code == NOT_FOUND and not method.startswith("user."):
                return ElementTree.Element("lfm")
            if code not in TRY_AGAIN or attempt == ATTEMPTS:
                said = "" if error is None else error.text
                raise LastFmError(
                    f"Last.fm refused {method} (error {code}: {said}); check LASTFM_USER and LASTFM_API_KEY"
                )
            time.sleep(attempt)
        raise AssertionError("unreachable: the last attempt returns or raises")


class _Request(pylast._Request):
    """pylast's request without its check of the answer, which builds and prints the document three times: a page of 200
    scrobbles is parsed once, above."""

    def _check_response_for_errors(self, response: str) -> None:
        pass


def _scrobbles(page: ElementTree.Element) -> Iterator[tuple[datetime, str, str, str | None, str | None, str | None]]:
    for track in page.iterfind("track"):
        date = track.find("date")
        if date is None or track.get("nowplaying") == "true":
            continue
        artist = track.find("artist")
        assert artist is not None
        played = datetime.fromtimestamp(int(date.get("uts") or 0), UTC)
        yield (
            played,
            artist.text or "",
            track.findtext("name") or "",
            track.findtext("album") or None,
            track.findtext("mbid") or None,
            artist.get("mbid") or None,
        )


def _tags(answer: ElementTree.Element) -> dict[str, float]:
    rows = answer.iterfind("toptags/tag")
    return {(row.findtext("name") or "").casefold(): int(row.findtext("count") or 0) / 100 for row in rows}
