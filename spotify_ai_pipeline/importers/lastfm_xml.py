"""Last.fm's scrobbles as XML: lastfm.ghan.nl's file, and pages of ``user.getRecentTracks``. Times are UTC, starts of plays.

A file is parted into its tracks, so that one that is no XML, or a file that was cut, costs no other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BufferedReader
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import polars as pl

from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.importers.parse import LONGEST_ROW, Batch, Broken, from_epoch, sift, wrong_time
from spotify_ai_pipeline.music.plays.records import LASTFM_EXPORT
from spotify_ai_pipeline.music.sieve import clean_mbid, clean_text, missing

NAME = "Last.fm XML (lastfm.ghan.nl)"
ROWS = {name: pl.String() for name in ("artist", "title", "album", "track_mbid", "uts", "now")} | {"line": pl.Int64()}
CHUNK_BYTES = 8 * 2**20
_KNOWN = re.compile(rb"<(?:scrobbles|recenttracks|lfm)[\s>].*?<track[\s>]", re.DOTALL)
_DECLARATION = re.compile(rb"\s*(<\?xml\s[^>]*\?>)")
_END = b"</track>"
_TRACK = re.compile(rb"<track[\s>].*?</track>", re.DOTALL)


def recognises(name: str, head: bytes) -> bool:
    return head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") and _KNOWN.search(head) is not None


def read(stream: BufferedReader) -> Iterator[Batch]:
    declared = _DECLARATION.match(stream.peek().removeprefix(b"\xef\xbb\xbf"))
    begin = (declared[1] if declared else b"") + b"<tracks>"
    rest, line = b"", 1
    while chunk := stream.read(CHUNK_BYTES):
        rest += chunk
        end = rest.rfind(_END) + len(_END)
        if end >= len(_END):
            yield _batch(*_tracks(rest[:end], begin, line))
            line += rest.count(b"\n", 0, end)
            rest = rest[end:]
        elif len(rest) > LONGEST_ROW:
            raise UserError(f"line {line}: no end of a track within {LONGEST_ROW:,} bytes; this is no export")
    if (begun := re.search(rb"<track[\s>]", rest)) is not None:
        yield _batch([], [Broken(line + rest.count(b"\n", 0, begun.start()), "cut off")])


Row = tuple[str | int | None, ...]


def _tracks(content: bytes, begin: bytes, line: int) -> tuple[list[Row], list[Broken]]:
    """The tracks in ``content``, which begins on ``line`` of the file; where one is no XML, each is read by itself."""
    found, lines, at = list[bytes](), list[int](), 0
    for match in _TRACK.finditer(content):
        line += content.count(b"\n", at, match.start())
        at = match.start()
        found.append(match[0])
        lines.append(line)
    try:
        together = list(_parsed(begin, found))
    except (ElementTree.ParseError, ValueError, LookupError):
        together = []
    if len(together) == len(found):
        return [_row(track, place) for track, place in zip(together, lines, strict=True)], []
    rows, broken = list[Row](), list[Broken]()
    for one, place in zip(found, lines, strict=True):
        try:
            rows += [_row(track, place) for track in _parsed(begin, [one])]
        except (ElementTree.ParseError, ValueError, LookupError):
            broken.append(Broken(place, "cannot be read (no XML)"))
    return rows, broken


def _parsed(begin: bytes, tracks: list[bytes]) -> Element:
    return ElementTree.fromstring(begin + b"".join(tracks) + b"</tracks>")


def _row(track: Element, line: int) -> Row:
    held = dict[str, str | None]()
    for child in track:
        held.setdefault(child.tag, child.get("uts") if child.tag == "date" else _text(child))
    return *(held.get(tag) for tag in ("artist", "name", "album", "mbid", "date")), track.get("nowplaying"), line


def _text(element: Element) -> str | None:
    """Gives what an element says itself, or its name within."""
    own = element.text
    return own.strip() if own and not own.isspace() else element.findtext("name") if len(element) else None


def _batch(found: list[Row], unreadable: list[Broken]) -> Batch:
    rows = pl.DataFrame(found, schema=ROWS, orient="row")
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
