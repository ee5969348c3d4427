"""Dedupe: what is new to the listener, whatever it is called and whichever recording it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from spotify_ai_pipeline.music.discovery.leads import base_of
from spotify_ai_pipeline.music.identity.matching import Known, song_key

ONLY_THIS_RECORDING = frozenset({"wrong_version"})
"""Verdicts that leave other recordings of the song open."""


@dataclass(frozen=True)
class Refused:
    """A song that a standing verdict, or a trial that came to nothing, keeps away."""

    song_id: str
    track_id: str
    artist: str
    title: str
    verdict: str


def new_songs(
    gathered: pl.DataFrame, songs: pl.DataFrame, refused: Iterable[Refused]
) -> tuple[pl.DataFrame, dict[str, int]]:
    """(rows of ``gathered`` that are new, how many fell to each reason).

    ``songs`` are those of library and history (song_id, artist, artists, title, track_ids, keys). Known is: the same song id,
    Spotify id or spelling; another recording of a known song; a name that identity takes for a known song. A live take, a
    remix or a karaoke version of an unknown song is no first acquaintance, and left out as well.
    """
    refused = list(refused)
    tracks = set(songs["track_ids"].explode().drop_nulls()) | {said.track_id for said in refused}
    keys = set(songs["keys"].explode().drop_nulls())
    ids = set(songs["song_id"]) | {said.song_id for said in refused}
    names = list(songs.select("artist", "title").iter_rows())
    bases = {base_of(key) for key in keys} | {base_of(song_key(*name)) for name in names}
    barred = {base_of(song_key(said.artist, said.title)) for said in refused if said.verdict not in ONLY_THIS_RECORDING}
    known = Known()
    for artist, title, artists in songs.select("artist", "title", "artists").iter_rows():
        known.add(artist, title, artists or [])

    def why_not(row: dict[str, str]) -> str:
        if row["song_id"] in ids or row["track_id"] in tracks or row["key"] in keys:
            return "known or refused"
        if row["base"] in barred:
            return "a recording of a refused song"
        if row["base"] in bases:
            return "a recording of a known song"
        if row["key"] != f"{row['base']}\t":
            return "live, remix or the like"
        found = known.find(row["artist"], row["title"])
        return "another spelling of a known song" if found is not None and found.same else ""

    whys = [why_not(row) for row in gathered.iter_rows(named=True)]
    counts = {why: whys.count(why) for why in sorted(set(whys)) if why}
    return gathered.filter(pl.Series([not why for why in whys], dtype=pl.Boolean)), counts
