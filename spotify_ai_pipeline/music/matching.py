"""Identity: many spellings and Spotify ids, one song.

A name is reduced to a key (artist, title, version). Version words are data: a remaster is the same song, a live take is
not. A wrong split costs little, a wrong merge hides a song: in doubt, names stay apart.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import defaultdict
from functools import lru_cache

import polars as pl

MAX_DURATION_GAP_MS = 7_000
"""Two tracks whose lengths differ by more are two recordings, whatever their ISRC or name says."""

_SAME_RECORDING = (
    r"remaster(?:ed)?|mono|stereo|album version|original version|single version|bonus track|explicit|clean|deluxe"
)
_OTHER_RECORDING = (
    r"live|acoustic|unplugged|demo|instrumental|karaoke|a ?capella|remix|mix|edit|extended|radio|session|sessions|take|"
    r"cover|tribute|orchestral|piano version|version|re-?recorded|sped up|slowed|reprise|dub|rehearsal|outtake|alternate"
)
_FEATURED = re.compile(r"\s*[\(\[]?\b(?:feat|ft|featuring)\b\.?\s[^\)\]]*[\)\]]?", re.IGNORECASE)
_BRACKETED = re.compile(r"\s*[\(\[]([^\)\]]*)[\)\]]")
_DASHED = re.compile(r"\s+[-–—]\s+(.+)$")
_SAME = re.compile(rf"\b(?:{_SAME_RECORDING})\b", re.IGNORECASE)
_OTHER = re.compile(rf"\b(?:{_OTHER_RECORDING})\b", re.IGNORECASE)
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_NOT_WORD = re.compile(r"[^\w]+")


def fold(text: str) -> str:
    """Case, accents, punctuation and spacing removed; ``&`` reads "and"; other scripts stay as they are."""
    decomposed = unicodedata.normalize("NFKD", text.casefold().replace("&", " and "))
    plain = "".join(char for char in decomposed if not unicodedata.combining(char))
    folded = _NOT_WORD.sub(" ", plain.replace("'", "").replace("’", "")).strip()
    return folded or text.casefold().strip()  # a name made of signs alone ("!!!") is still a name


def split_version(title: str) -> tuple[str, str]:
    """(title without its version, version), e.g. ("Iron Man - 2012 - Remaster") -> ("Iron Man", "").

    Featured artists are dropped; words that name the same recording (remaster, mono) are dropped; words that name another
    one (live, acoustic) are the version. A bracket without such a word belongs to the title: "(I Can't Get No) ...".
    """
    core, version = _FEATURED.sub("", title), list[str]()
    for found in _BRACKETED.finditer(core):
        words = found.group(1)
        if _OTHER.search(words):
            version.append(words)
        elif not _SAME.search(words):
            continue
        core = core.replace(found.group(0), "", 1)
    while found := _DASHED.search(core):
        words = found.group(1)
        if _OTHER.search(words):
            version.append(words)
        elif not _SAME.search(words) and not _YEAR.fullmatch(words.strip()):
            break
        core = core[: found.start()]
    described = _YEAR.sub("", _SAME.sub("", " ".join(version)))
    return (core.strip() or title), fold(described) if version else ""


@lru_cache(maxsize=262_144)
def song_key(artist: str, title: str) -> str:
    """The key that all spellings of one song share."""
    core, version = split_version(title)
    return "\t".join((artist_key(artist), fold(core), version))


@lru_cache(maxsize=65_536)
def artist_key(artist: str) -> str:
    """The key of an artist's name: folded, without featured artists and a leading "The"."""
    return fold(_FEATURED.sub("", artist)).removeprefix("the ")


def song_id(key: str) -> str:
    """A short stable name for a song: the first 12 hexadecimal digits of its key's SHA-1."""
    return hashlib.sha1(key.encode(), usedforsecurity=False).hexdigest()[:12]


def merge_tracks(tracks: pl.DataFrame) -> pl.DataFrame:
    """Adds ``song_id`` to ``tracks`` (track_id, artist, title, isrc, duration_ms, added_at), one row a Spotify id.

    Tracks are one song when they share an ISRC or a key and their durations agree within 7 s. The song is named by the
    key of its earliest member, so that later members do not rename it.
    """
    rows = (
        tracks.sort("added_at", "track_id", nulls_last=True)
        .select("track_id", "artist", "title", "isrc", "duration_ms")
        .rows()
    )
    parent = list(range(len(rows)))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    keys = [song_key(artist, title) for _, artist, title, _, _ in rows]
    alike: defaultdict[str, list[int]] = defaultdict(list)
    for index, (_, _, _, isrc, _) in enumerate(rows):
        alike[keys[index]].append(index)
        if isrc:
            alike["isrc\t" + isrc].append(index)
    for members in alike.values():
        for index in members[1:]:
            near = next(
                (other for other in members if other < index and _same_length(rows[other][4], rows[index][4])), None
            )
            if near is not None:
                first, second = sorted((root(near), root(index)))
                parent[second] = first
    return pl.DataFrame(
        {
            "track_id": [row[0] for row in rows],
            "song_key": [keys[root(i)] for i in range(len(rows))],
            "leader": [root(i) for i in range(len(rows))],
        },
        schema={"track_id": pl.String, "song_key": pl.String, "leader": pl.Int64},
    ).with_columns(song_id=_unique_ids())


def _unique_ids() -> pl.Expr:
    """Ids by key; where tracks of one key stayed apart by length, the later ones get a numbered id of their own."""
    nth = pl.col("leader").rank("dense").over("song_key") - 1
    named = pl.when(nth == 0).then(pl.col("song_key")).otherwise(pl.col("song_key") + "\t" + nth.cast(pl.String))
    return named.map_elements(song_id, return_dtype=pl.String)


def _same_length(first: int | None, second: int | None) -> bool:
    return first is None or second is None or abs(first - second) <= MAX_DURATION_GAP_MS
