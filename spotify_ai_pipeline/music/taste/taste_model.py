"""The taste model: how many plays each known song will get.

A Poisson regression on activations. It is linear on a log scale, so that every forecast is a product of parts that can be
named, and a refresh needs NumPy alone. Its weights start from what other listeners' histories taught (``population``), so
that it ranks from the first day; the listener's own weeks move them as far as they prove. There are two habits: one for songs
in rotation, which forecasts the coming week, and one for songs quiet for long, which forecasts the coming six weeks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from spotify_ai_pipeline.durations import DAY, WEEK
from spotify_ai_pipeline.music.plays.play_counts import Floats, Plays
from spotify_ai_pipeline.music.tables import WEIGHTS as TABLE
from spotify_ai_pipeline.music.taste.activation import HALF_LIVES, Memory, near, power_law, spread
from spotify_ai_pipeline.music.taste.unheard import with_additions

DECAY = 0.86
"""Of the power law of relistening, as published for Last.fm listeners."""
SLOW_DECAY = 0.5
"""The usual decay of ACT-R."""

CUTS = 60
"""Weekly cuts that a model learns from: a little over a year, so that each season is in it once."""

CONTENDERS = 600
"""Songs of a habit that a cut teaches with, the strongest of it: the list is made at the head, not in the tail."""

FADING_CUTS = 26.0
"""Weekly cuts after which a lesson counts half: habits change within the year."""

NEW_TO_ARTIST = 14 * DAY
"""Seconds in which a song counts as a new one of its artist."""
LATELY = 28 * DAY

_MOST_STEPS = 15

LOG_RANGE = (-12.0, 5.0)
"""Of the log of a forecast: beyond it lies nothing that a listener does in a week."""

OWN, ARTIST, COMPANY, AGE, SAID = "by_plays", "by_artist", "by_company", "by_age", "by_said"
PARTS = (OWN, ARTIST, COMPANY, AGE, SAID)
"""The parts of a forecast: the song's own past, its artist's, the songs heard beside it, how long known and quiet, and what
the listener said of it (``said``)."""

_SPEEDS = range(5)
TERMS = (
    *((f"plays, half-life {HALF_LIVES[speed]:g} d", OWN) for speed in _SPEEDS),
    (f"base-level activation, decay {SLOW_DECAY:g}", OWN),
    (f"base-level activation, decay {DECAY:g}", OWN),
    ("plays in all", OWN),
    ("days since the first play", AGE),
    ("days since the last play", AGE),
    ("days with a play in the last 28", OWN),
    ("days with a play in the last 7", OWN),
    ("played beside the songs of this week", COMPANY),
    ("played beside the songs of this month", COMPANY),
    *((f"artist's plays, half-life {HALF_LIVES[speed]:g} d", ARTIST) for speed in _SPEEDS),
    ("artist's base-level activation", ARTIST),
    ("artist's plays in all", ARTIST),
    ("days since the artist's last play", ARTIST),
    ("artist's songs heard", ARTIST),
    ("artist's songs first heard in the last 14 days", ARTIST),
)
"""The columns of ``terms``: name and part."""
STRENGTH = 6
"""The term by which contenders are chosen."""
MOMENTUM = 2
"""The other one: what is played much these weeks."""


@dataclass(frozen=True)
class Moment:
    """The songs played before ``now``, as known then: ``song`` numbers of shape (known,), ``terms`` of shape
    (known, len(TERMS)) on log scales, ``dormant`` of shape (known,)."""

    now: float
    song: NDArray[np.int64]
    terms: Floats
    dormant: NDArray[np.bool_]

    def contenders(self) -> Moment:
        """The strongest songs of both habits alone."""
        rows = strongest(self.song, self.terms[:, STRENGTH], self.terms[:, MOMENTUM], self.dormant)
        return Moment(self.now, self.song[rows], self.terms[rows], self.dormant[rows])


Pick = Callable[[NDArray[np.int64], Floats, Floats, NDArray[np.bool_]], NDArray[np.intp]]
"""Chooses rows by song number, ``STRENGTH``, ``MOMENTUM`` and whether they are dormant."""


def strongest(_: NDArray[np.int64], strength: Floats, momentum: Floats, dormant: NDArray[np.bool_]) -> NDArray[np.intp]:
    """The rows of the strongest songs of both habits."""
    return np.concatenate([_head((strength, momentum), np.flatnonzero(kind)) for kind in (~dormant, dormant)])


def _head(terms: Sequence[Floats], rows: NDArray[np.intp]) -> NDArray[np.intp]:
    if len(rows) <= CONTENDERS:
        return rows
    return np.union1d(*(rows[np.argpartition(-term[rows], CONTENDERS)[:CONTENDERS]] for term in terms))


def never_played(memory: Memory) -> Pick:
    """Picks the songs that ``memory`` has no play of."""

    def pick(song: NDArray[np.int64], *_: object) -> NDArray[np.intp]:
        return np.flatnonzero(memory.plays[song] == 0)

    return pick


def artist_numbers(artists: pl.Series) -> NDArray[np.int64]:
    """Numbers that are equal where the names in ``artists`` are, same shape."""
    names = artists.alias("name").to_frame()
    numbers = names.unique(maintain_order=True).with_columns(number=pl.int_range(pl.len()))
    return names.join(numbers, on="name", how="left", maintain_order="left", nulls_equal=True)["number"].to_numpy()


def moment(
    memory: Memory,
    plays: Plays,
    artist: NDArray[np.int64],
    dormant_days: float,
    added: Floats | None = None,
    company: NDArray[np.int32] | None = None,
    pick: Pick | None = None,
) -> Moment:
    """The terms of every song that ``memory`` knows, and of those never played that were ``added`` (UTC seconds, shape (songs,),
    NaN otherwise) to the library. ``artist`` numbers the artist of each song, shape (songs,). A song is dormant after
    ``dormant_days`` without a play, and when it was never played.

    ``company`` is ``near`` of ``plays`` or of a longer history that begins with them, where that is known already. ``pick``
    leaves out songs whose terms nobody asks for: most of the work is in those."""
    heard, now = memory.plays > 0, memory.now
    past = plays.before(now)
    artists = int(artist.max(initial=-1)) + 1
    of_heard, faded = artist[heard], memory.faded[heard]
    artist_faded = np.column_stack([np.bincount(of_heard, column, artists) for column in faded.T]).astype(np.float64)
    artist_plays = np.bincount(of_heard, memory.plays[heard], artists)
    artist_songs = np.bincount(of_heard, minlength=artists)
    artist_new = np.bincount(of_heard[memory.first[heard] > now - NEW_TO_ARTIST], minlength=artists)
    artist_last = np.full(artists, memory.now - 3_650 * DAY)  # of an artist never played: ten years
    np.maximum.at(artist_last, of_heard, memory.last[heard])
    known = memory if added is None else with_additions(memory, added, dormant_days)
    song = np.flatnonzero(known.plays)
    faded, count = known.faded[song] if added is not None else faded, known.plays[song]
    dormant = (memory.days_quiet[song] >= dormant_days) | ~heard[song]
    slow, strength = (np.log(power_law(faded, count, decay) + 1e-4) for decay in (SLOW_DECAY, DECAY))
    if pick is not None:
        rows = pick(song, strength, np.log(faded[:, MOMENTUM] + 0.02), dormant)
        song, faded, count, dormant = song[rows], faded[rows], count[rows], dormant[rows]
        slow, strength = slow[rows], strength[rows]
    whose, first, company = artist[song], known.first[song], near(past) if company is None else company
    asked = None if pick is None else song
    columns = (
        *(np.log(faded[:, speed] + 0.02) for speed in _SPEEDS),
        slow,
        strength,
        np.log1p(count),
        np.log((now - first) / DAY + 0.25),
        np.log(known.days_quiet[song] + 0.25),
        np.log1p(days_with_a_play(past, now - LATELY)[song]),
        np.log1p(days_with_a_play(past, now - WEEK)[song]),
        np.log(spread(past, company, now, 5, memory.plays, asked)[song] + 0.01),
        np.log(spread(past, company, now, 20, memory.plays, asked)[song] + 0.01),
        *(np.log(artist_faded[:, speed] + 0.05)[whose] for speed in _SPEEDS),
        np.log(power_law(artist_faded, artist_plays, DECAY) + 1e-4)[whose],
        np.log1p(artist_plays)[whose],
        np.log((now - artist_last) / DAY + 0.25)[whose],
        np.log1p(artist_songs)[whose],
        np.log1p(artist_new)[whose],
    )
    terms = np.empty((len(song), len(TERMS)))
    for place, column in enumerate(columns):
        terms[:, place] = column
    return Moment(now, song, terms, dormant)


def days_with_a_play(past: Plays, since: float) -> NDArray[np.int64]:
    """Days (of 24 hours, counted back from the end of ``past``) with a play of each song since ``since``, shape (songs,)."""
    lately = past.since(since)
    day = ((past.end - lately.at) // DAY).astype(np.int64)
    return np.bincount(np.unique(day * past.songs + lately.song) % past.songs, minlength=past.songs)


@dataclass(frozen=True)
class Lesson:
    """The lesson of one cut for one habit: all ``terms`` of its contenders, and their ``plays`` a week over the habit's
    horizon."""

    terms: Floats
    plays: Floats


@dataclass(frozen=True)
class Habit:
    """A habit as known before the listener's own weeks: log(plays a week) = weights . (1, (terms - ``means``) /
    ``spreads``), with weights drawn from a normal distribution of ``mean`` and ``covariance``.

    ``horizon`` is the number of weeks that it forecasts. More plays a week of one song than ``most`` teach no more. ``doubt``
    says how many plays of a listener count as one: plays come in clusters, and teach less than as many independent ones.
    """

    horizon: int
    most: float
    doubt: float
    means: Floats
    spreads: Floats
    mean: Floats
    covariance: Floats

    def design(self, terms: Floats) -> Floats:
        return np.column_stack([np.ones(len(terms)), (terms - self.means) / self.spreads])

    def lesson(self, then: Moment, rows: NDArray[np.bool_], plays: Plays) -> Lesson:
        """Gives what followed ``then`` for its songs in ``rows``; ``plays`` must hold the whole horizon."""
        after = plays.since(then.now).before(then.now + self.horizon * WEEK)
        heard = after.count()[then.song[rows]] / self.horizon
        return Lesson(then.terms[rows], np.minimum(heard, self.most))

    def fit(self, taught: Sequence[Lesson]) -> Floats:
        """The weights after the lessons ``taught``, oldest first; ``mean`` without any.

        The maximum a posteriori of a Poisson regression by Newton's method (McCullagh & Nelder, 1989), lessons fading by
        ``FADING_CUTS``.
        """
        if not taught:
            return self.mean
        ages = np.arange(len(taught))[::-1]
        weight = np.repeat(np.exp2(-ages / FADING_CUTS), [len(lesson.plays) for lesson in taught]) / self.doubt
        design = self.design(np.concatenate([lesson.terms for lesson in taught]))
        heard = np.concatenate([lesson.plays for lesson in taught])
        return posterior(design, heard, weight, self.mean, np.linalg.inv(self.covariance).astype(np.float64))[0]


def posterior(
    design: Floats, heard: Floats, weight: Floats, mean: Floats, precision: Floats, start: Floats | None = None
) -> tuple[Floats, Floats]:
    """(weights, curvature) at the maximum of the posterior: Poisson counts ``heard``, shape (rows,), each ``weight`` times,
    and a normal prior. ``design`` has shape (rows, weights)."""
    weights = (mean if start is None else start).copy()
    curvature = precision
    for _ in range(_MOST_STEPS):
        expected = np.exp(np.clip(design @ weights, *LOG_RANGE))
        slope = design.T @ ((heard - expected) * weight) - precision @ (weights - mean)
        curvature = (design * (expected * weight)[:, None]).T @ design + precision
        step = np.linalg.solve(curvature, slope)
        weights += step * min(1.0, 2 / np.abs(step).max(initial=1e-9))
        if np.abs(step).max() < 1e-3:
            break
    return weights, curvature


@dataclass(frozen=True)
class Line:
    """A fitted habit: log(plays a week) = ``base`` + ``weights`` . (terms - ``means``)."""

    base: float
    weights: Floats
    means: Floats

    @classmethod
    def from_habit(cls, habit: Habit, weights: Floats) -> Line:
        return cls(float(weights[0]), weights[1:] / habit.spreads, habit.means)

    def log_plays(self, terms: Floats) -> Floats:
        return np.clip(self.base + (terms - self.means) @ self.weights, *LOG_RANGE)


@dataclass(frozen=True)
class TasteModel:
    """The two habits as they are known now."""

    rotation: Line
    dormant: Line

    def expected(self, at: Moment) -> Floats:
        """Plays expected a week after ``at``, shape (known,)."""
        log_plays = np.where(at.dormant, self.dormant.log_plays(at.terms), self.rotation.log_plays(at.terms))
        return np.exp(log_plays)


ROTATION, DORMANT = "rotation", "dormant"


def to_table(model: TasteModel) -> pl.DataFrame:
    """``model`` as the table ``TABLE``."""
    rows: list[tuple[Any, ...]] = [
        (name, *term, weight, mean, line.base)
        for name, line in ((ROTATION, model.rotation), (DORMANT, model.dormant))
        for term, weight, mean in zip(TERMS, line.weights.tolist(), line.means.tolist(), strict=True)
    ]
    return pl.DataFrame(rows, schema=TABLE, orient="row")


def from_table(table: pl.DataFrame) -> TasteModel:
    """The model that ``to_table`` wrote. Raises ``ValueError`` where it has other terms than ``TERMS``."""

    def line(name: str) -> Line:
        rows = table.filter(habit=name)
        if rows["term"].to_list() != [term for term, _ in TERMS]:
            raise ValueError(f"the {name} habit of the taste model has other terms than this version knows")
        return Line(rows["base"][0], rows["weight"].to_numpy(), rows["mean"].to_numpy())

    return TasteModel(line(ROTATION), line(DORMANT))


def forecast(model: TasteModel, at: Moment, songs: int) -> pl.DataFrame:
    """``expected`` plays a week of each of ``songs``, and what each part from plays multiplies them by against an average
    contender (columns named after the parts); null for songs never played."""
    expected = np.full(songs, np.nan)
    expected[at.song] = model.expected(at)
    effects = {part: np.full(songs, np.nan) for part in PARTS if part != SAID}
    for line, rows in ((model.rotation, ~at.dormant), (model.dormant, at.dormant)):
        for part, column in effects.items():
            mine = [index for index, (_, owner) in enumerate(TERMS) if owner == part]
            effect = (at.terms[rows][:, mine] - line.means[mine]) @ line.weights[mine]
            column[at.song[rows]] = np.exp(np.clip(effect, *LOG_RANGE))
    return pl.DataFrame({"expected": expected, **effects}).fill_nan(None)
