"""Staleness: how tired the listener is of a song, 0 (not at all) to 1.

The plan's formula knows plays alone. Behaviour corrects it, the more of it there is: whether this listener tires of songs sooner
or later than the formula says (the exposure curve), and whether less of this song is heard than used to be.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl
from numpy.typing import NDArray

from spotify_ai_pipeline.durations import DAY
from spotify_ai_pipeline.music.plays.play_counts import Floats, Plays, numbered, seconds
from spotify_ai_pipeline.settings import Cycling

WINDOWS = 12
"""Windows of the past that the exposure curve is learned from."""

MOST_EXPOSURES = 24
"""Plays in a window beyond which the exposure curve is flat."""

_NEIGHBOURS = np.array([1.0, 2.0, 3.0, 2.0, 1.0])

SONGS_OF_DOUBT = 30.0
"""Songs whose interest was seen at which the exposure curve counts as much as the formula."""

LEAST_PACE, MOST_PACE = 0.5, 2.0
"""Listeners tire at most so much slower and faster than the formula says: the dial of the listener always acts."""

PLAYS_OF_DOUBT = 5.0
"""Plays of a song, with it known how much was heard, at which they count as much as all else."""


@dataclass(frozen=True)
class Heard:
    """The share of a song that was heard at each play of which it is known, skips included, in order of time: ``song``
    numbers, ``at`` (UTC seconds), ``share`` (0..1) and ``sure`` (0..1, how sure that is), each of shape (plays,)."""

    song: NDArray[np.int64]
    at: Floats
    share: Floats
    sure: Floats

    @classmethod
    def of(cls, listens: pl.DataFrame, song_ids: pl.Series) -> Heard:
        """Reads ``listens`` (song_id, played_at, completion, skipped, skip_confidence), songs numbered as in ``song_ids``."""
        told = listens.filter(pl.col("completion").is_not_null() | pl.col("skipped").is_not_null())
        share = pl.coalesce("completion", 1.0 - pl.col("skipped").cast(pl.Float64))
        sure = pl.col("skip_confidence").fill_null(0.0)
        known = numbered(told.select("song_id", "played_at", share=share, sure=sure), song_ids)
        return cls(
            known["song"].to_numpy(), seconds(known["played_at"]), known["share"].to_numpy(), known["sure"].to_numpy()
        )


def staleness(plays: Plays, now: float, cycling: Cycling, heard: Heard | None = None) -> Floats:
    """Tells how tired of each song the listener is at ``now``, shape (songs,); 0 for songs with fewer than
    ``min_plays_for_staleness`` plays in the window."""
    window = cycling.staleness_window_days * DAY
    recent = plays.before(now).since(now - window).count()
    tired = np.minimum(formula(recent, cycling) * pace(plays, now, cycling), 1.0)
    if heard is not None:
        less, known = heard_less(heard, plays.songs, now, window)
        trust = known / (known + PLAYS_OF_DOUBT)
        tired = (1 - trust) * tired + trust * less
        recent = np.maximum(recent, known)
    return np.where(recent >= cycling.min_plays_for_staleness, tired, 0.0)


def formula(recent_plays: NDArray[np.int64], cycling: Cycling) -> Floats:
    """1 - exp(-lambda * plays in the window): the plan's, same shape."""
    return 1 - np.exp(-cycling.staleness_lambda * recent_plays)


def pace(plays: Plays, now: float, cycling: Cycling) -> float:
    """Tells how fast this listener tires of songs, as a multiple of the formula: 1 without evidence.

    The mean of the exposure curve over the songs that showed it, against that of the formula, drawn towards 1.
    """
    curve, seen = exposure_curve(plays, now, cycling.staleness_window_days * DAY)
    steps = np.arange(len(curve)) >= cycling.min_plays_for_staleness
    weight = seen * steps
    said = formula(np.arange(len(curve)), cycling)
    learned, expected = float(weight @ curve), float(weight @ said)
    doubt = SONGS_OF_DOUBT * (expected / weight.sum() if weight.sum() else 1.0)
    return float(np.clip((learned + doubt) / max(expected + doubt, 1e-9), LEAST_PACE, MOST_PACE))


def exposure_curve(plays: Plays, now: float, window: float) -> tuple[Floats, Floats]:
    """Tells how tired this listener is of a song after n plays in ``window`` seconds, and how many songs showed it,
    both of shape (MOST_EXPOSURES + 1,).

    Interest in a song is an inverted U in the number of exposures: the curve is how far the plays of the window after lie
    below the most that fewer exposures brought, 0 on the way up. Learned from the last ``WINDOWS`` windows, each step with
    its neighbours (``_NEIGHBOURS``): a single lucky song is no peak.
    """
    steps = MOST_EXPOSURES + 1
    seen, after = np.zeros(steps), np.zeros(steps)
    counts = [
        plays.before(now - back * window).since(now - (back + 1) * window).count() for back in range(WINDOWS, -1, -1)
    ]
    for before, then in pairwise(counts):
        exposed = np.flatnonzero(before)
        step = np.minimum(before[exposed], MOST_EXPOSURES)
        seen += np.bincount(step, minlength=steps)
        after += np.bincount(step, then[exposed], steps)
    interest = np.convolve(after, _NEIGHBOURS, "same") / np.maximum(np.convolve(seen, _NEIGHBOURS, "same"), 1)
    most = np.maximum.accumulate(interest)
    return np.where(seen > 0, 1 - interest / np.where(most > 0, most, 1.0), 0.0) * (most > 0), seen


def heard_less(heard: Heard, songs: int, now: float, window: float) -> tuple[Floats, Floats]:
    """Tells how much more of each song was broken off in the last ``window`` seconds than is usual, 0..1, and the plays
    in them that tell of it (weighed by how sure they are), both of shape (songs,).

    What is usual for a song is its own past share, drawn towards the listener's by ``PLAYS_OF_DOUBT`` plays, and never more
    than the listener's: a song that was always skipped is not liked any better for it.
    """
    end, begin = np.searchsorted(heard.at, [now, now - window])
    broken = (1 - heard.share) * heard.sure

    def total(values: Floats, span: slice) -> Floats:
        return np.bincount(heard.song[span], values[span], songs).astype(np.float64)

    past, lately = slice(0, begin), slice(begin, end)
    usual_of_all = broken[past].sum() / max(heard.sure[past].sum(), 1e-9)
    usual = (total(broken, past) + PLAYS_OF_DOUBT * usual_of_all) / (total(heard.sure, past) + PLAYS_OF_DOUBT)
    usual = np.minimum(usual, usual_of_all)
    known = total(heard.sure, lately)
    now_broken = total(broken, lately) / np.maximum(known, 1e-9)
    return np.clip((now_broken - usual) / np.maximum(1 - usual, 1e-9), 0, 1), known
