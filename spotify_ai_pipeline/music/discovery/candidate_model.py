"""The candidate model: will a song that was never heard stay?

*Stays* means three plays or more in the sixty days after the day of the first. A logistic regression on what is known
before the first play: the artist, the tags, the neighbourhood of the song's vector, the source. It learns from the songs
that the listener first heard in the past, each with what was known then, and from verdicts; where there are few of either,
it stays near weights that common sense sets.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from sys import intern

import numpy as np
import polars as pl
from numpy.typing import NDArray

from spotify_ai_pipeline.durations import DAY
from spotify_ai_pipeline.music.plays.play_counts import Floats, Plays

STAYS_PLAYS, STAYS_DAYS = 3, 60

TERMS = (
    "artist's plays",
    "artist's plays, half-life 1 d",
    "artist's plays, half-life 8 d",
    "artist's plays, half-life 128 d",
    "songs of the artist heard",
    "new songs of the artist, half-life 1 d",
    "new songs of the artist, half-life 32 d",
    "days since the artist's first play",
    "likeness to loved songs",
    "novelty",
    "tag affinity",
    "how sure the source is",
)
"""The columns of ``features``. How sure a source is is told from the middle, 0.5; no song of the past has it."""

COMMON_SENSE = np.array([0.0, 0.0, 0.2, 0.2, 0.0, 0.0, 0.0, 0.0, 0.2, 0.0, 0.2, 1.0])
"""Log odds for a standard deviation of each term, before any evidence: an artist who is played, and songs like those that
are loved, stay more often."""
COMMON_STAY = -2.0
"""Log odds before any evidence: one new song in eight stays."""

PULL = 10.0
"""Strength of the pull towards these weights, in songs."""

VERDICT_WEIGHT = 2.0
"""A verdict counts as this many songs that stayed or went: it was said, not inferred."""

_SPEEDS = np.array([1.0, 8.0, 128.0])
_NEW_SPEEDS = np.array([1.0, 32.0])
_FROM_PLAYS = 8
_LOVED, _NEAREST = 300, 5
_REFRESH_DAYS = 30.0
"""The loved songs are looked up again after this many days of the past."""
_COSINES = 50_000_000
"""Cosines in memory at once."""

Strings = Sequence[str | None]


@dataclass(frozen=True)
class Content:
    """Songs or candidates, row by row: ``artist`` (keys), ``tags`` (lists of (tag, weight), null where unknown) and
    ``vector`` (unit length, shape (rows, d), NaN where unknown)."""

    artist: pl.Series
    tags: pl.Series
    vector: NDArray[np.float32]

    @classmethod
    def of(cls, table: pl.DataFrame) -> Content:
        """Reads the columns artist_key[, tags: list of (tag, weight)][, vector: array]; a missing column is unknown for all."""
        tags = table["tags"] if "tags" in table.columns else pl.repeat(None, table.height, eager=True)
        known = "vector" in table.columns and isinstance(table.schema["vector"], pl.Array)
        vectors = table["vector"].to_numpy() if known else np.full((table.height, 0), np.nan)
        return cls(table["artist_key"], tags, vectors.astype(np.float32, copy=False))

    def rows(self, which: NDArray[np.int64]) -> Content:
        return Content(self.artist.gather(which), self.tags.gather(which), self.vector[which])

    def words(self) -> Iterator[dict[str, float] | None]:
        """The weights by tag of each row, None where there are none."""
        for part in self.tags.to_frame("tags").iter_slices():  # not all as objects at once
            for row in part["tags"].to_list():
                yield {intern(one["tag"]): one["weight"] for one in row} if row else None


@dataclass
class _Artist:
    first: float
    at: float
    faded: Floats
    new: Floats
    plays: int = 0
    songs: int = 0

    @classmethod
    def met(cls, at: float) -> _Artist:
        return cls(at, at, np.zeros(len(_SPEEDS)), np.zeros(len(_NEW_SPEEDS)))

    def fade(self, now: float) -> None:
        days = (now - self.at) / DAY
        self.faded *= np.exp2(-days / _SPEEDS)
        self.new *= np.exp2(-days / _NEW_SPEEDS)
        self.at = now

    def terms(self, now: float) -> list[float]:
        self.fade(now)
        faded, new = np.log(self.faded + 0.05).tolist(), np.log1p(self.new).tolist()
        return [np.log1p(self.plays), *faded, np.log1p(self.songs), *new, np.log1p((now - self.first) / DAY)]


def features(
    candidates: Content,
    at: Floats,
    plays: Plays,
    songs: Content,
    strength: Floats | None = None,
) -> Floats:
    """``TERMS`` of each candidate as of its own moment ``at`` (UTC seconds, shape (candidates,)), NaN where unknown.

    ``songs`` says what the songs of ``plays`` are, by number. Plays at or after a candidate's moment count for nothing:
    candidates of today have ``at`` = now, songs first heard in the past the moment of that first play. ``strength`` is
    0..1, shape (candidates,).
    """
    found = np.full((len(at), len(TERMS)), np.nan)
    found[:, :_FROM_PLAYS], found[:, 10] = _from_plays(candidates, at, plays, songs)
    found[:, 8:10] = _from_vectors(candidates, at, plays, songs)
    if strength is not None:
        found[:, 11] = strength - 0.5
    return found


def _from_plays(candidates: Content, at: Floats, plays: Plays, songs: Content) -> tuple[Floats, Floats]:
    """The terms of the artist, and the tag affinity, in one walk through the plays. Those before the first candidate's moment are
    summed up at once: most of a long history is."""
    found, affinity = np.zeros((len(at), _FROM_PLAYS)), np.full(len(at), np.nan)
    first = float(at.min(initial=np.inf))
    past, walked = plays.before(first), plays.since(first)
    artists, tags, heard = _summed(past, first, songs)
    heaviest = max(tags.values(), default=0.0)
    met = np.unique(walked.song[: np.searchsorted(walked.at, at.max(initial=first))])
    of_met = songs.rows(met)
    artist_of = dict(zip(met.tolist(), of_met.artist.to_list(), strict=True))
    tags_of = dict(zip(met.tolist(), of_met.words(), strict=True))
    artist_keys, words = candidates.artist.to_list(), list(candidates.words())
    read = 0
    order: list[int] = np.argsort(at, kind="stable").tolist()
    for row in order:
        now = float(at[row])
        until = int(np.searchsorted(walked.at, now))
        since: list[int] = walked.song[read:until].tolist()
        for song, moment in zip(since, walked.at[read:until].tolist(), strict=True):
            if (artist := artists.get(artist_of[song])) is None:
                artist = artists[artist_of[song]] = _Artist.met(moment)
            artist.fade(moment)
            artist.plays += 1
            artist.faded += 1
            if not heard[song]:
                heard[song] = True
                artist.songs += 1
                artist.new += 1
            for tag, weight in (tags_of[song] or {}).items():
                tags[tag] = tags.get(tag, 0.0) + weight
                heaviest = max(heaviest, tags[tag])
        read = until
        artist = artists.get(artist_keys[row]) or _Artist.met(now)
        found[row] = artist.terms(now)
        if (mine := words[row]) and heaviest:
            total = sum(mine.values()) or 1.0
            affinity[row] = sum(weight * np.sqrt(tags.get(tag, 0.0) / heaviest) for tag, weight in mine.items()) / total
    return found, affinity


def _summed(past: Plays, now: float, songs: Content) -> tuple[dict[str, _Artist], dict[str, float], NDArray[np.bool_]]:
    """Gives what the plays of ``past`` left behind at ``now``: each artist, the weight of each tag, and which songs
    were heard."""
    counts = past.count()
    heard = counts > 0
    if not len(past.song):
        return {}, {}, heard
    names, artist = np.unique(songs.artist.to_numpy(), return_inverse=True)
    whose, begin = artist[past.song], np.full(past.songs, np.inf)
    np.minimum.at(begin, past.song, past.at)
    of_heard, days, days_new = artist[heard], (past.at - now) / DAY, (begin[heard] - now) / DAY
    faded = np.column_stack([np.bincount(whose, np.exp2(days / speed), len(names)) for speed in _SPEEDS])
    new = np.column_stack([np.bincount(of_heard, np.exp2(days_new / speed), len(names)) for speed in _NEW_SPEEDS])
    first = np.full(len(names), np.inf)
    np.minimum.at(first, of_heard, begin[heard])
    plays, distinct = np.bincount(whose, minlength=len(names)), np.bincount(of_heard, minlength=len(names))
    artists = {
        str(names[one]): _Artist(float(first[one]), now, faded[one], new[one], int(plays[one]), int(distinct[one]))
        for one in np.flatnonzero(plays).tolist()
    }
    tags: dict[str, float] = {}
    known = np.flatnonzero(heard)
    for count, words in zip(counts[known].tolist(), songs.rows(known).words(), strict=True):
        for tag, weight in (words or {}).items():
            tags[tag] = tags.get(tag, 0.0) + count * weight
    return artists, tags, heard


def _from_vectors(candidates: Content, at: Floats, plays: Plays, songs: Content) -> Floats:
    """Mean cosine to the nearest of the loved songs (the most played of the past two years and before, as of the last
    look), and one less the cosine to the nearest song heard by then; shape (candidates, 2)."""
    found = np.full((len(at), 2), np.nan)
    known = np.isfinite(songs.vector).all(axis=1) if songs.vector.shape[1] else np.zeros(len(songs.artist), bool)
    if not candidates.vector.shape[1] or candidates.vector.shape[1] != songs.vector.shape[1] or not len(at):
        return found
    look = at.min() + np.floor((at - at.min()) / (_REFRESH_DAYS * DAY)) * _REFRESH_DAYS * DAY
    for moment in np.unique(look):
        past = plays.before(float(moment))
        weight = np.bincount(past.song, np.exp2((past.at - moment) / (365 * DAY)), past.songs) * known
        loved = np.argsort(-weight, kind="stable")[:_LOVED]
        loved = loved[weight[loved] > 0]
        if len(loved) < _NEAREST:
            continue
        rows = np.flatnonzero((look == moment) & np.isfinite(candidates.vector).all(axis=1))
        cosines = np.sort(candidates.vector[rows] @ songs.vector[loved].T, axis=1)
        heard = songs.vector[weight > 0]
        size = max(_COSINES // len(heard), 1)
        for block in (rows[start : start + size] for start in range(0, len(rows), size)):
            found[block, 1] = 1 - (candidates.vector[block] @ heard.T).max(axis=1)
        found[rows, 0] = cosines[:, -_NEAREST:].mean(axis=1)
    return found


@dataclass(frozen=True)
class FirstHeard:
    """Songs in the order in which they were first heard: ``song`` numbers, ``at`` of the first play, ``over`` when it is
    known whether they ``stay`` (UTC seconds), each of shape (songs,)."""

    song: NDArray[np.int64]
    at: Floats
    over: Floats
    stay: NDArray[np.bool_]

    def rows(self, which: NDArray[np.bool_]) -> FirstHeard:
        return FirstHeard(self.song[which], self.at[which], self.over[which], self.stay[which])

    def last(self, count: int) -> FirstHeard:
        return self.rows(np.arange(len(self.song)) >= len(self.song) - count)


def first_heards(plays: Plays) -> FirstHeard:
    """Every song of ``plays`` with what became of it; ``over`` may lie after the last play: then nobody knows yet."""
    song, first = np.unique(plays.song, return_index=True)
    order = np.argsort(first, kind="stable")
    song, at = song[order], plays.at[first[order]]
    start = np.full(plays.songs, np.nan)
    start[song] = at
    age = (plays.at - start[plays.song]) / DAY
    later = np.bincount(plays.song[(age >= 1) & (age < 1 + STAYS_DAYS)], minlength=plays.songs)
    return FirstHeard(song, at, at + (1 + STAYS_DAYS) * DAY, later[song] >= STAYS_PLAYS)


@dataclass(frozen=True)
class CandidateModel:
    """log odds = ``base`` + ``weights`` . (terms - ``means``) + the source's. ``sources`` are the log odds that each source
    adds."""

    base: float
    weights: Floats
    means: Floats
    sources: dict[str, float]

    def log_odds(self, terms: Floats, source: Strings | None = None) -> Floats:
        """The log odds of each candidate, shape (candidates,). A term that is unknown adds nothing: it counts as the mean."""
        added = np.array([self.sources.get(name or "", 0.0) for name in source or [None] * len(terms)])
        return self.base + np.nan_to_num(terms - self.means) @ self.weights + added


def chances(model: CandidateModel, terms: Floats, source: Strings | None = None) -> Floats:
    """The probability that each candidate stays. ``terms`` come from ``features``, shape (candidates, terms).

    A logistic regression meets the share that stayed by itself, and the pull keeps it from overstating; scaling on top of it
    (Platt) followed the months before and did worse on both listeners it was tried on.
    """
    return _sigmoid(model.log_odds(terms, source))


def fit(
    terms: Floats,
    stay: NDArray[np.bool_],
    weight: Floats | None = None,
    source: Strings | None = None,
    scale: Floats | None = None,
) -> CandidateModel:
    """The model that the rows make: logistic regression by Newton's method, pulled towards ``COMMON_SENSE``.

    ``weight`` says how many songs a row counts for (``VERDICT_WEIGHT`` for a verdict), default 1. ``scale`` are terms of
    any songs, by which the weights of common sense are brought to scale; default the rows.
    """
    weight = np.ones(len(stay)) if weight is None else weight
    source = source or [None] * len(stay)
    means, spreads = _scale(terms if scale is None else scale)
    names = sorted({name for name in source if name})
    from_source = np.array([[float(name == one) for one in names] for name in source]).reshape(len(stay), len(names))
    design = np.column_stack([np.ones(len(stay)), np.nan_to_num((terms - means) / spreads), from_source])
    centre = np.concatenate([[COMMON_STAY], COMMON_SENSE, np.zeros(len(names))])
    weights = centre.copy()
    for _ in range(30):
        chance = _sigmoid(design @ weights)
        slope = design.T @ ((stay - chance) * weight) - PULL * (weights - centre)
        curvature = (design * (chance * (1 - chance) * weight)[:, None]).T @ design + PULL * np.eye(len(centre))
        step = np.linalg.solve(curvature, slope)
        weights += step * min(1.0, 2 / np.abs(step).max(initial=1e-9))
        if np.abs(step).max() < 1e-4:
            break
    last = 1 + len(TERMS)
    added = dict(zip(names, weights[last:].tolist(), strict=True))
    return CandidateModel(float(weights[0]), weights[1:last] / spreads, means, added)


TABLE = {"kind": pl.String(), "name": pl.String(), "weight": pl.Float64(), "mean": pl.Float64()}
"""A row for the base, for each term, and for each source that verdicts spoke of."""


def to_table(model: CandidateModel) -> pl.DataFrame:
    rows = [("base", "", model.base, 0.0)]
    rows += [("term", *row) for row in zip(TERMS, model.weights.tolist(), model.means.tolist(), strict=True)]
    rows += [("source", name, weight, 0.0) for name, weight in model.sources.items()]
    return pl.DataFrame(rows, TABLE, orient="row")


def of_table(table: pl.DataFrame) -> CandidateModel:
    parts = {kind: table.filter(kind=kind) for kind in ("base", "term", "source")}
    sources = dict(parts["source"].select("name", "weight").iter_rows())
    base, terms = parts["base"]["weight"][0], parts["term"]
    return CandidateModel(base, terms["weight"].to_numpy(), terms["mean"].to_numpy(), sources)


def _scale(terms: Floats) -> tuple[Floats, Floats]:
    """Mean and standard deviation of each term where it is known; 0 and 1 where it never is."""
    known = np.isfinite(terms)
    count = np.maximum(known.sum(axis=0), 1)
    means = np.where(known, terms, 0).sum(axis=0) / count
    spreads = np.sqrt((np.where(known, terms - means, 0) ** 2).sum(axis=0) / count)
    return means, np.where(spreads > 1e-6, spreads, 1.0)


def _sigmoid(x: Floats) -> Floats:
    return 1 / (1 + np.exp(-np.clip(x, -30, 30)))
