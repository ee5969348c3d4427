"""Stamps: whether recently-played times are starts or ends.

The service stamps one or the other, and has changed its mind. Within a sitting it keeps to one, and two kinds of evidence tell
which: with which reading more plays meet those that other sources know, and nearer; and between two songs played through
lies the length of the first (stamps are starts) or of the second (ends).
"""

from __future__ import annotations

import numpy as np

from spotify_ai_pipeline.music.plays.alignment import Floats, Indices, Mask, Stamps, align

SITTING = 1_800.0
"""Seconds of silence that end a sitting."""
CLOSE, APART = 5.0, 20.0
"""Seconds: how near a gap must be to a length, and by how much one reading must beat the other."""


def are_ends(starts: Stamps, ends: Stamps, length: Floats, known: Stamps) -> Mask:
    """Tells whether each stamp is an end, shape (stamps,).

    ``starts`` and ``ends`` are the same records in one order, read either way; ``length`` are the songs' lengths in seconds;
    ``known`` are plays that other sources tell of, one record a play. Each sitting is read as its evidence says, else as most
    sittings are, else as ends: the service's usual reading.
    """
    order = np.argsort(starts.at, kind="stable")
    at, length = starts.at[order], length[order]
    sitting = np.concatenate([[0], np.cumsum(np.diff(at) > SITTING)])
    sittings = int(sitting[-1]) + 1
    number = np.empty(len(order), np.int64)
    number[order] = sitting
    (met_starts, off_starts), (met_ends, off_ends) = (
        _meetings(reading, known, number, sittings) for reading in (starts, ends)
    )
    nearer = np.where(np.abs(off_starts - off_ends) > APART, np.sign(off_starts - off_ends), 0)
    met = np.where(met_starts == met_ends, nearer, np.sign(met_ends - met_starts))
    verdict = np.where(met != 0, met, np.sign(np.bincount(sitting, _gaps(at, length), sittings)))
    usual = np.sign(verdict.sum()) or 1.0
    return (np.where(verdict == 0, usual, verdict) > 0)[number]


def _meetings(reading: Stamps, known: Stamps, sitting: Indices, sittings: int) -> tuple[Floats, Floats]:
    """Tells how many plays of each sitting meet a known one, and how far off these are in the mean (seconds)."""
    order, place = reading.order(), known.order()
    i, j = align(known[place], reading[order])
    where = sitting[order[j]]
    met = np.bincount(where, minlength=sittings).astype(np.float64)
    off = np.bincount(where, np.abs(known.at[place[i]] - reading.at[order[j]]), sittings)
    return met, off / np.maximum(met, 1)


def _gaps(at: Floats, length: Floats) -> Floats:
    """Gives what the gap before each stamp says: 1 for ends, -1 for starts, 0 for neither."""
    gap = np.diff(at)
    as_start, as_end = np.abs(gap - length[:-1]), np.abs(gap - length[1:])
    told = (np.minimum(as_start, as_end) < CLOSE) & (np.abs(as_start - as_end) > APART)
    return np.concatenate([[0.0], np.where(told, np.sign(as_start - as_end), 0.0)])
