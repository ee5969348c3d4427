"""Linking: which of the tracks that a service offers is the song that was asked for, and which songs to ask about.

The artist must agree before the title counts, and the version must be the same: a cover, a karaoke track or a live take with
the right title is no answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from spotify_ai_pipeline.music.identity.groups import SPELLING, TRACK
from spotify_ai_pipeline.music.identity.matching import Known
from spotify_ai_pipeline.music.tables import LINKS
from spotify_ai_pipeline.music.ties import drawn


@dataclass(frozen=True, slots=True)
class Offer:
    """A track that a service offers for a name."""

    track_id: str
    title: str
    artists: Sequence[str]
    isrc: str | None = None
    duration_ms: int | None = None


def best_offer(artist: str, title: str, offers: Iterable[Offer]) -> tuple[Offer, str] | None:
    """(the first of ``offers`` that is the song, why); None where none is, however alike."""
    for offer in offers:
        if not offer.artists:
            continue
        known = Known()
        known.add(offer.artists[0], offer.title, offer.artists)
        found = known.find(artist, title)
        if found is not None and found.same:
            return offer, f"{', '.join(offer.artists)}: {offer.title} ({found.evidence})"
    return None


def wanted(
    members: pl.DataFrame, links: pl.DataFrame, asked: str, now: datetime, again_after: timedelta
) -> pl.DataFrame:
    """Songs without a Spotify id (song_id, key, artist, title, plays), most played first, that were not asked about in the
    column ``asked`` of ``links`` since ``again_after``."""
    resolved = members.filter(pl.col("kind") == TRACK).select("song_id")
    done = links.filter(pl.col("track_id").is_not_null() | (pl.col(asked) > now - again_after)).select("key")
    unresolved = members.filter(pl.col("kind") == SPELLING).join(resolved, on="song_id", how="anti")
    return (
        unresolved.join(done, left_on="member", right_on="key", how="anti")
        .sort("plays", "member", descending=[True, False], nulls_last=True)
        .group_by("song_id", maintain_order=True)
        .agg(pl.first("member", "artist", "title"), pl.sum("plays"))
        .rename({"member": "key"})
        .sort("plays", drawn(), descending=[True, False])
        .select("song_id", "key", "artist", "title", "plays")
    )


def answer(song: Mapping[str, Any], offer: tuple[Offer, str] | None, source: str, now: datetime) -> pl.DataFrame:
    """The row of ``LINKS`` for one ``song`` (song_id, key) that ``source`` was asked about at ``now``."""
    row = {"song_id": song["song_id"], "key": song["key"], f"{source}_asked_at": now}
    if offer is not None:
        track, evidence = offer
        row |= {"track_id": track.track_id, "source": source, "evidence": evidence}
        row |= {"isrc": track.isrc, "duration_ms": track.duration_ms}
    return pl.DataFrame([row], schema=LINKS)


def remember(links: pl.DataFrame, answers: pl.DataFrame) -> pl.DataFrame:
    """``links`` with ``answers``: of each song what was found, and when each source was last asked."""
    times = ("labs_asked_at", "search_asked_at")
    whole = pl.concat([links, answers])
    return (
        whole.sort("track_id", nulls_last=True, maintain_order=True)
        .group_by("song_id", maintain_order=True)
        .agg(pl.exclude("song_id", *times).first(), pl.col(times).max())
        .select(*LINKS)
        .sort("song_id")
    )


def still_good(links: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """The ``links`` whose spelling is still there, under the song it belongs to now; found ids win over unknowns."""
    current = members.filter(pl.col("kind") == SPELLING).select("song_id", key="member")
    return (
        links.drop("song_id")
        .join(current, on="key")
        .sort("track_id", "key", nulls_last=True)
        .unique("song_id", keep="first", maintain_order=True)
        .select(*LINKS)
        .sort("song_id")
    )
