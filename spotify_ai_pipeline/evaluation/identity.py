"""A measure of how well identity works on a history that holds each name twice: as it was scrobbled, and as the service
corrected it."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import polars as pl

from spotify_ai_pipeline.music.identity.groups import SPELLING
from spotify_ai_pipeline.music.identity.matching import song_key
from spotify_ai_pipeline.music.identity.members import TRACKS, decide

_NOT_LETTER = re.compile(r"[\W_]")


@dataclass(frozen=True)
class IdentityScore:
    """Shares are 0 to 1; ``None`` where there was nothing to measure."""

    names: int
    """Distinct corrected names."""
    plays: int
    """Plays whose name was corrected."""
    pairs: int
    """Distinct (name, corrected name) among them."""
    recall_plays: float | None
    """Share of those plays whose uncorrected name is a member of the song of its corrected name."""
    recall_pairs: float | None
    random_pairs: int
    """Random pairs of corrected names of one artist that were drawn, with different titles."""
    merged: float | None
    """Share of them that are one song, where neither title holds the letters of the other: wrong merges are among these."""
    merged_contained: float | None
    """Share of them that are one song, where one title holds the other, as "08 - Schism" holds "Schism"."""
    missed: pl.DataFrame
    """artist, title, artist_uncorrected, title_uncorrected, plays of what was not found."""
    merged_pairs: pl.DataFrame
    """artist, title, other of the pairs in ``merged``."""


def evaluate_identity(history: pl.DataFrame, random_pairs: int, rng: np.random.Generator) -> IdentityScore:
    """Scores ``decide`` on ``history`` (artist, title, artist_uncorrected, title_uncorrected, one row a play).

    The corrected names are the known songs; uncorrected ones count no plays of their own. Nothing but the names is used.
    """
    known = history.group_by("artist", "title").agg(pl.len().cast(pl.Int64).alias("plays"))
    differ = history.filter(
        (pl.col("artist") != pl.col("artist_uncorrected")) | (pl.col("title") != pl.col("title_uncorrected"))
    )
    pairs = differ.group_by("artist", "title", "artist_uncorrected", "title_uncorrected").agg(pl.len().alias("plays"))
    spelled = pairs.select(artist="artist_uncorrected", title="title_uncorrected", plays=pl.lit(0, pl.Int64)).unique()
    spelled = spelled.join(known, on=["artist", "title"], how="anti")
    members = decide(pl.DataFrame(schema=TRACKS), pl.concat([known, spelled])).filter(pl.col("kind") == SPELLING)
    song_of = dict(members.select("member", "song_id").iter_rows())

    def song(artist: str, title: str) -> str:
        return song_of[song_key(artist, title)]

    found = pl.Series([song(row[0], row[1]) == song(row[2], row[3]) for row in pairs.iter_rows()], dtype=pl.Boolean)
    drawn = _same_artist_pairs(known, random_pairs, rng)
    verdicts = [
        (song(artist, title) == song(artist, other), _contained(title, other)) for artist, title, other in drawn
    ]
    wrong = [pair for pair, (same, contained) in zip(drawn, verdicts, strict=True) if same and not contained]
    held = sum(same and contained for same, contained in verdicts)
    corrected = int(pairs["plays"].sum())
    return IdentityScore(
        names=known.height,
        plays=corrected,
        pairs=pairs.height,
        recall_plays=int(pairs.filter(found)["plays"].sum()) / corrected if corrected else None,
        recall_pairs=int(found.sum()) / pairs.height if pairs.height else None,
        random_pairs=len(drawn),
        merged=len(wrong) / len(drawn) if drawn else None,
        merged_contained=held / len(drawn) if drawn else None,
        missed=pairs.filter(~found).sort("plays", "artist", "title", descending=[True, False, False]),
        merged_pairs=pl.DataFrame(wrong, schema=["artist", "title", "other"], orient="row").unique(maintain_order=True),
    )


def _same_artist_pairs(names: pl.DataFrame, count: int, rng: np.random.Generator) -> list[tuple[str, str, str]]:
    """``count`` random pairs of titles of one artist, each pair as likely as any other."""
    by_artist = names.sort("artist", "title").group_by("artist", maintain_order=True).agg("title")
    several = by_artist.filter(pl.col("title").list.len() > 1)
    if not several.height:
        return []
    sizes = several["title"].list.len().to_numpy().astype(np.int64)
    weights = sizes * (sizes - 1) / 2
    titles, artists = several["title"].to_list(), several["artist"].to_list()
    drawn = list[tuple[str, str, str]]()
    for place in rng.choice(len(sizes), size=count, p=weights / weights.sum()).tolist():
        one, two = rng.choice(int(sizes[place]), size=2, replace=False).tolist()
        drawn.append((artists[place], titles[place][one], titles[place][two]))
    return drawn


def _contained(one: str, two: str) -> bool:
    short, long = sorted((_NOT_LETTER.sub("", text.casefold()) for text in (one, two)), key=len)
    return short in long
