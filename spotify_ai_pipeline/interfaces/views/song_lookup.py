"""Which song a person means."""

from __future__ import annotations

import re
from typing import Any

import polars as pl

from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.music.identity.groups import SPELLING, TRACK
from spotify_ai_pipeline.music.identity.matching import song_key

_SPOTIFY_ID = re.compile(r"(?:.*[:/])?([A-Za-z0-9]{22})(?:\?.*)?")
_PARTED = re.compile(r"\s+[-–—]\s+")

SHOWN = 5
ALIKE = 70
"""Similarity (0 to 100) from which a name is suggested for one that is not known."""


def find_song(members: pl.DataFrame, text: str) -> str:
    """The id of the song that ``text`` names; raises ``UserError`` where it names none or several."""
    words = text.strip().casefold()
    keys = [song_key(*name) for name in split_name(text)]
    for found in (
        members.filter(pl.col("song_id") == text.strip()),
        members.filter((pl.col("kind") == TRACK) & (pl.col("member") == track_id_of(text))),
        members.filter((pl.col("kind") == SPELLING) & pl.col("member").is_in(keys)),
    ):
        if found.height:
            return found["song_id"][0]
    title, whole = pl.col("title").str.to_lowercase(), _called()
    for fits in (whole == words, title == words, whole.str.contains(words, literal=True)):
        near = members.filter(fits).unique("song_id", keep="first", maintain_order=True)
        if near.height == 1:
            return near["song_id"][0]
        if near.height:
            some = "; ".join(
                f"{row['artist']} - {row['title']} ({row['song_id']})" for row in near.head(SHOWN).to_dicts()
            )
            raise UserError(f"{text!r}: {near.height} songs have this name, such as {some}; name one by its id")
    raise UserError(f"{text!r}: no such song; {_hint(members, words)}")


def find_scored_song(scores: pl.DataFrame, words: str) -> dict[str, Any]:
    """The best-scored row whose id is ``words``, or whose artist and title hold them. Raises ``UserError`` for none."""
    name = (pl.col("artist") + " " + pl.col("title")).str.to_lowercase()
    found = scores.filter((pl.col("song_id") == words) | name.str.contains(words.lower(), literal=True))
    if found.is_empty():
        raise UserError(f"{words!r}: no song of yours has that in its artist or title; `spotify-ai mix` shows the list")
    return found.sort("score", descending=True, nulls_last=True).row(0, named=True)


def _hint(members: pl.DataFrame, words: str) -> str:
    """What a person may have meant."""
    from rapidfuzz import fuzz, process

    whole = members.select(_called().alias("name")).to_series().unique(maintain_order=True).to_list()
    found = process.extract(words, whole, scorer=fuzz.WRatio, score_cutoff=ALIKE, limit=3)
    if found:
        return "did you mean " + " or ".join(repr(name) for name, _, _ in found) + "?"
    return 'name it by song id, Spotify id or link, or as "ARTIST - TITLE"'


def _called() -> pl.Expr:
    return pl.concat_str("artist", pl.lit(" - "), "title").str.to_lowercase()


def name_songs(members: pl.DataFrame) -> dict[str, str]:
    """The name of each song: that of its first member."""
    first = members.group_by("song_id", maintain_order=True).first()
    return {
        song: f"{artist} — {title}" for song, artist, title in first.select("song_id", "artist", "title").iter_rows()
    }


def track_id_of(text: str) -> str:
    """The Spotify id that ``text`` is or links to; empty where it is neither."""
    found = _SPOTIFY_ID.fullmatch(text.strip())
    return found[1] if found else ""


def split_name(text: str) -> list[tuple[str, str]]:
    """Every (artist, title) that "ARTIST - TITLE" may mean. Either may hold a dash."""
    cuts = [(found.start(), found.end()) for found in _PARTED.finditer(text)]
    return [
        (text[:start].strip(), text[end:].strip()) for start, end in cuts if text[:start].strip() and text[end:].strip()
    ]
