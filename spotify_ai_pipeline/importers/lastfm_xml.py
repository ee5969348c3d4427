"""Last.fm's scrobbles as XML: lastfm.ghan.nl's file, and pages of ``user.getRecentTracks``. Times are UTC, starts of plays."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BufferedReader
from xml.parsers import expat

import polars as pl

from spotify_ai_pipeline.importers.parse import (
    BATCH_ROWS,
    Batch,
    Broken,
    clean_mbid,
    clean_text,
    from_epoch,
    missing,
    sift,
    wrong_time,
)
from spotify_ai_pipeline.music.plays.records import LASTFM_EXPORT

NAME = "Last.fm XML (lastfm.ghan.nl)"
ROWS = {name: pl.String() for name in ("artist", "title", "album", "track_mbid", "uts", "now")} | {"line": pl.Int64()}
CHUNK_BYTES = 2**18
LONGEST_NAME = 4_096
_FIELDS = {"artist": "artist", "name": "title", "album": "album", "mbid": "track_mbid"}
_KNOWN = re.compile(rb"<(?:scrobbles|recenttracks|lfm)[\s>].*?<track[\s>]", re.DOTALL)


def recognises(name: str, head: bytes) -> bool:
    return head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") and _KNOWN.search(head) is not None


def read(stream: BufferedReader) -> Iterator[Batch]:
    tracks = _Tracks()
    while chunk := stream.read(CHUNK_BYTES):
        if not tracks.feed(chunk):
            break
        if len(tracks.rows) >= BATCH_ROWS:
            yield _batch(tracks.taken(), [])
    yield _batch(tracks.taken(), tracks.end())


def _batch(rows: pl.DataFrame, unreadable: list[Broken]) -> Batch:
    plays = rows.filter(pl.col("now").is_null() | (pl.col("now") != "true"))
    whole = plays.with_columns(
        *[clean_text(name) for name in ("artist", "title", "album")],
        clean_mbid("track_mbid"),
        stamped_at=from_epoch(pl.col("uts")),
    )
    right, broken = sift(
        whole, {**wrong_time("stamped_at"), "no artist": missing("artist"), "no title": missing("title")}
    )
    known = right.select(
        "artist", "title", "album", "track_mbid", "stamped_at",
        source=pl.lit(LASTFM_EXPORT.name),
        played_at="stamped_at",
    )  # fmt: skip
    return Batch(known, rows.height + len(unreadable), unreadable + broken, no_music=rows.height - plays.height)


class _Tracks:
    """The tracks of a file, as far as it was fed."""

    def __init__(self) -> None:
        self.rows: list[tuple[str | int | None, ...]] = []
        self._row: dict[str, str] | None = None
        self._path: list[str] = []
        self._line = 0
        self._text: list[str] = []
        self._broken: list[Broken] = []
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._stop
        self._parser.CharacterDataHandler = self._text.append

    def feed(self, chunk: bytes, *, last: bool = False) -> bool:
        """Reads on; False where the file is no XML from here on."""
        try:
            self._parser.Parse(chunk, last)
        except expat.ExpatError as error:
            self._broken.append(Broken(error.lineno, f"no XML from here on ({expat.errors.messages[error.code]})"))
            return False
        return True

    def end(self) -> list[Broken]:
        """What could not be read."""
        if not self._broken:
            self.feed(b"", last=True)
        return self._broken

    def taken(self) -> pl.DataFrame:
        rows, self.rows = self.rows, []
        return pl.DataFrame(rows, schema=ROWS, orient="row")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._path.append(tag)
        self._text.clear()
        if tag == "track":
            self._row, self._line = {"now": attributes.get("nowplaying", "")}, self._parser.CurrentLineNumber
        elif tag == "date" and self._row is not None:
            self._row["uts"] = attributes.get("uts", "")

    def _stop(self, tag: str) -> None:
        text, parents = "".join(self._text)[:LONGEST_NAME], self._path[-3:-1]
        self._path.pop()
        self._text.clear()
        if self._row is None:
            return
        if tag == "track":
            self.rows.append((*[self._row.get(name) or None for name in list(ROWS)[:-1]], self._line))
            self._row = None
        elif parents[-1:] == ["track"] and tag in _FIELDS and (text.strip() or _FIELDS[tag] not in self._row):
            self._row[_FIELDS[tag]] = text.strip() or self._row.get(_FIELDS[tag], "")
        elif parents == ["track", "artist"] and tag == "name":
            self._row["artist"] = text.strip()
