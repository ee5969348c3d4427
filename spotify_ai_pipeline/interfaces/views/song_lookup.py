"""The song that a person means: one way for every face.

An id, or "ARTIST - TITLE" as it is spelled, names one song. Else the exact title comes before a part of a title, and among
songs that fit alike those heard last come first: a person chooses, nobody guesses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import polars as pl

from spotify_ai_pipeline.app.playlist_places import target_name
from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.music.identity.spelling import fold
from spotify_ai_pipeline.music.mix.target_ids import LACKS
from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline.storage.workspace import Workspace

_SPOTIFY_ID = re.compile(r"(?:.*[:/])?([A-Za-z0-9]{22})(?:\?.*)?")
_PARTED = re.compile(r"\s+[-–—]\s+")

SHOWN = 9
"""Songs that are offered at most where several fit."""
ALIKE = 70
"""Similarity (0 to 100) from which a name is suggested for one that is not known."""


class SeveralSongs(UserError):
    """More than one song fits, or the only one fits in part. ``songs`` (song_id, artist, title) are those that are offered."""

    def __init__(self, text: str, found: pl.DataFrame) -> None:
        self.songs = found.head(SHOWN).select("song_id", "artist", "title").to_dicts()
        some = "; ".join(f"{row['artist']} - {row['title']} ({row['song_id']})" for row in self.songs)
        many = f"{found.height} songs have this name, such as {some}" if found.height > 1 else f"do you mean {some}?"
        super().__init__(f'{text!r}: {many}; name one by its id, or as "ARTIST - TITLE"')


def resolve_song(workspace: Workspace, text: str, *, surely: bool = False) -> str:
    """The id of the song that ``text`` names. Raises ``SeveralSongs`` where it may name several, or ``surely`` is asked for and
    it names one in part; ``UserError`` with near misses where it names none."""
    stats = workspace.lake.read_or_none(datasets.LISTENING_STATS)
    return find_song(workspace.lake.read(datasets.SONG_MEMBERS), text, stats, surely=surely)


def find_song(members: pl.DataFrame, text: str, stats: pl.DataFrame | None = None, *, surely: bool = False) -> str:
    """The same among ``members``; ``stats`` (song_id, last_played) say which of several was heard last."""
    for found in _named(members, text.strip()):
        if found.height:
            return found["song_id"][0]
    for near, exact in _tiers(members, text.strip()):
        songs = _latest_first(near.unique("song_id", keep="first", maintain_order=True), stats)
        if songs.height == 1 and (exact or not surely):
            return songs["song_id"][0]
        if songs.height:
            raise SeveralSongs(text, songs)
    raise UserError(f"{text!r}: no such song; {_hint(members, text.strip().casefold())}")


def _named(members: pl.DataFrame, text: str) -> Iterator[pl.DataFrame]:
    """The members that ``text`` names without doubt: by song, by track, by artist and title."""
    yield members.filter(song_id=text)
    track, names = track_id_of(text), split_name(text)
    if not track and not names:
        return
    # here, since the words of titles take longer to read than a search by title
    from spotify_ai_pipeline.music.identity.groups import SPELLING, TRACK
    from spotify_ai_pipeline.music.identity.matching import song_key

    keys = [song_key(*name) for name in names]
    yield members.filter(kind=TRACK, member=track)
    yield members.filter(pl.col("kind") == SPELLING, pl.col("member").is_in(keys))


def _tiers(members: pl.DataFrame, text: str) -> list[tuple[pl.DataFrame, bool]]:
    """(the members that ``text`` fits, whether it fits as a whole), the surest first. Accents and signs are looked at last."""
    words, title, whole = text.casefold(), pl.col("title").str.to_lowercase(), _called()
    spoken = pl.concat_str("artist", pl.lit(" "), "title").str.to_lowercase()
    about = pl.concat_str("title", pl.lit(" "), "artist").str.to_lowercase()
    if not words:
        return []
    found = [
        (members.filter((title == words) | (whole == words) | (spoken == words) | (about == words)), True),
        (members.filter(title.str.contains(words, literal=True)), False),
        (members.filter(whole.str.contains(words, literal=True) | spoken.str.contains(words, literal=True)), False),
    ]
    if any(near.height for near, _ in found):
        return found
    plain, names = fold(text), members.select("title", "artist")
    titles = pl.Series([fold(name) for name in names["title"]], dtype=pl.String)
    every = pl.Series([f"{fold(artist)} {fold(name)}" for name, artist in names.iter_rows()], dtype=pl.String)
    return [
        (members.filter((titles == plain) | (every == plain)), True),
        (members.filter(every.str.contains(plain, literal=True)), False),
    ]


def _latest_first(songs: pl.DataFrame, stats: pl.DataFrame | None) -> pl.DataFrame:
    if stats is None:
        return songs
    heard = songs.join(stats.select("song_id", "last_played"), on="song_id", how="left", maintain_order="left")
    return heard.sort("last_played", descending=True, nulls_last=True, maintain_order=True)


def scores_of(workspace: Workspace, song_id: str) -> dict[str, Any]:
    """The song's row of the scores. Raises ``UserError`` with the reason why a song has none."""
    found = workspace.lake.read(datasets.SONG_SCORES).filter(song_id=song_id)
    if found.height:
        return found.row(0, named=True)
    called = name_songs(workspace.lake.read(datasets.SONG_MEMBERS)).get(song_id, song_id)
    why = LACKS[target_name(workspace)]
    raise UserError(
        f"{called} cannot be on the list: {why}. `spotify-ai match show {song_id}` shows what is known of it"
    )


def _hint(members: pl.DataFrame, words: str) -> str:
    """Finds what a person may have meant: a name like theirs, or a title like theirs."""
    from rapidfuzz import fuzz, process

    names = members.select(name=_called(), title=pl.col("title").str.to_lowercase()).unique(maintain_order=True)
    whole, titles = names["name"].to_list(), names["title"].to_list()
    found = process.extract(words, whole, scorer=fuzz.WRatio, score_cutoff=ALIKE, limit=3)
    found += process.extract(words, titles, scorer=fuzz.ratio, score_cutoff=ALIKE, limit=3)
    if found:
        best = sorted(found, key=lambda one: -one[1])[:3]
        return "did you mean " + " or ".join(dict.fromkeys(repr(whole[place]) for _, _, place in best)) + "?"
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
