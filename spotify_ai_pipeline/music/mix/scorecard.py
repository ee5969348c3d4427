"""The score card: what the listener did with the lists that were really on their phone, week by week.

*Held*: the share of a week's plays that were on the list as it stood when the week began, beside a list of as many songs by
recency alone, made at that very moment. *Brought back*: songs that came onto the list after a long quiet; kept if heard within
30 days and not turned down, beside all songs that were quiet then. *New*: songs that came onto the list and were never heard
before; stayed as the candidate model counts it, beside the songs that the listener found elsewhere in the same week.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
from numpy.typing import NDArray

from spotify_ai_pipeline.durations import DAY
from spotify_ai_pipeline.music.discovery.candidate_model import first_heards
from spotify_ai_pipeline.music.plays.play_counts import Floats, Plays, recency_weighted
from spotify_ai_pipeline.music.tables import CARD

KEPT_DAYS = 30
ENOUGH_WEEKS = 4
"""Weeks of which something is known that an interval needs."""


@dataclass(frozen=True)
class Listed:
    """A list as it was written ``at`` (UTC seconds): the numbers of its songs, and of those that came with it."""

    at: float
    songs: NDArray[np.int64]
    came: NDArray[np.int64]


HALF_LIFE_DAYS = 30.0
"""The half-life of the list by recency alone, which the mix is held against."""


def score(
    lists: Sequence[Listed],
    plays: Plays,
    turned_down: Mapping[int, float],
    now: float,
    zone: ZoneInfo,
    quiet_days: float,
) -> pl.DataFrame:
    """``CARD``: a row for each week that is over at ``now`` (UTC seconds), oldest first, from the first of ``lists`` on.

    ``lists`` come in order of time; ``turned_down`` says when a song, by number, was last turned down. The first week counts
    from its first list.
    """
    if not lists:
        return pl.DataFrame(schema=CARD)
    past = plays.before(now)
    new = first_heards(past)
    first = np.full(plays.songs, np.inf)
    first[new.song] = new.at
    rows: list[dict[str, object]] = []
    monday = _monday(lists[0].at, zone)
    while (end := (monday + timedelta(days=7)).timestamp()) <= now:
        begin = max(monday.timestamp(), lists[0].at)
        listed = next(one for one in reversed(lists) if one.at <= begin)
        back, unheard = dict[int, float](), set[int]()  # songs brought back, and when
        for one in (one for one in lists if begin <= one.at < end):
            back |= dict.fromkeys(one.came[_quiet(past, one.at, quiet_days)[one.came]].tolist(), one.at)
            unheard |= set(one.came[first[one.came] >= one.at].tolist())
        week = past.since(begin).before(end)
        ranked = np.argsort(-recency_weighted(past, begin, HALF_LIFE_DAYS), kind="stable")[: len(listed.songs)]
        quiet = np.flatnonzero(_quiet(past, begin, quiet_days))
        kept = [at for song, at in back.items() if _heard(past, at, song) and turned_down.get(song, 0.0) < at]
        over = now >= end + KEPT_DAYS * DAY
        here = (new.at >= begin) & (new.at < end)
        known, mine = new.over <= now, np.isin(new.song, list(unheard))
        found = here & known & ~np.isin(new.song, listed.songs) & ~mine
        rows.append(
            {
                "week": monday.date(),
                "plays": len(week.song),
                "held": int(np.isin(week.song, listed.songs).sum()),
                "held_by_recency": int(np.isin(week.song, ranked).sum()),
                "brought_back": len(back),
                "kept": len(kept) if over else None,
                "quiet": len(quiet),
                "quiet_heard": len(np.intersect1d(quiet, _window(past, begin).song)) if over else None,
                "new": len(unheard),
                "new_known": int((mine & known).sum()),
                "new_stayed": int((mine & known & new.stay).sum()),
                "found": int(found.sum()),
                "found_stayed": int((found & new.stay).sum()),
            }
        )
        monday += timedelta(days=7)
    return pl.DataFrame(rows, schema=CARD)


FIGURES = {
    "plays that were on the list": ("held", "plays", "held_by_recency", "plays", "recency alone"),
    "songs brought back and kept": ("kept", "brought_back", "quiet_heard", "quiet", "all quiet songs"),
    "new songs that stayed": ("new_stayed", "new_known", "found_stayed", "found", "new songs found elsewhere"),
}
"""Each figure: what is counted, of what; the same for the baseline, and what that is."""


@dataclass(frozen=True)
class Figure:
    """A share over all weeks of which it is known, beside the baseline's, and its lead with a 95 % interval; None where too
    little is known, then ``missing`` says what."""

    name: str
    against: str
    weeks: int
    counted: int
    value: float | None
    baseline: float | None
    lead: float | None
    low: float | None
    high: float | None
    missing: str


def figures(card: pl.DataFrame, rng: np.random.Generator, samples: int = 1_000) -> list[Figure]:
    """The three figures of ``card`` (``CARD``). Intervals are bootstrapped over weeks: plays of one week share their fate."""
    found: list[Figure] = []
    for name, (hits, of, base_hits, base_of, against) in FIGURES.items():
        known = card.drop_nulls([hits, base_hits]).filter(pl.col(of) > 0)
        counts = np.column_stack([known[name].to_numpy() for name in (hits, of, base_hits, base_of)]).astype(np.float64)
        counted, weeks = int(known[of].sum()), known.height
        if not weeks:
            found.append(Figure(name, against, 0, 0, None, None, None, None, None, _missing(name, card)))
            continue
        value, baseline = _shares(counts.sum(axis=0))
        drawn = counts[rng.integers(0, weeks, (samples, weeks))].sum(axis=1)
        ours, theirs = _shares(drawn.T)
        low, high, missing = None, None, f"an interval needs {ENOUGH_WEEKS} weeks" if weeks < ENOUGH_WEEKS else ""
        leads = (ours - theirs)[np.isfinite(ours - theirs)]
        if not missing and len(leads):
            low, high = np.quantile(leads, [0.025, 0.975]).tolist()
        lead = float(value - baseline)
        known_baseline = bool(np.isfinite(baseline))
        found.append(
            Figure(
                name,
                against,
                weeks,
                counted,
                float(value),
                float(baseline) if known_baseline else None,
                lead if known_baseline else None,
                low,
                high,
                missing,
            )
        )
    return found


def summary(card: pl.DataFrame) -> str:
    """The card in a few lines of text: the last week, then what all weeks say."""
    if card.is_empty():
        return "No week of the mix is over yet."
    last = card.row(-1, named=True)
    lines = [
        f"Week of {last['week']:%d %B}: {last['held']} of {last['plays']} plays were on the mix "
        f"(recency alone: {last['held_by_recency']}); {last['brought_back']} songs brought back, {last['new']} new."
    ]
    for figure in figures(card, np.random.default_rng(1)):
        if figure.value is None:
            lines.append(f"{figure.name.capitalize()}: {figure.missing}.")
            continue
        beside = "" if figure.baseline is None else f", {figure.against} {figure.baseline:.0%}"
        sure = "" if figure.low is None else f" (lead {figure.low:+.1%} to {figure.high:+.1%})"
        lines.append(f"{figure.name.capitalize()}, {figure.weeks} weeks: {figure.value:.0%}{beside}{sure}.")
    return "\n".join(lines)


def _missing(name: str, card: pl.DataFrame) -> str:
    if card.is_empty():
        return "no week of the mix is over yet"
    return {
        "plays that were on the list": "nothing was played in these weeks",
        "songs brought back and kept": f"none came {KEPT_DAYS} days ago or earlier",
        "new songs that stayed": "none was first heard 61 days ago or earlier",
    }[name]


def _shares(counts: Floats) -> tuple[Floats, Floats]:
    with np.errstate(divide="ignore", invalid="ignore"):
        return counts[0] / counts[1], counts[2] / counts[3]


def _quiet(plays: Plays, now: float, days: float) -> NDArray[np.bool_]:
    """Tells whether each song was heard before, but not in the ``days`` before ``now``; shape (songs,)."""
    ever, lately = plays.before(now).count() > 0, plays.before(now).since(now - days * DAY).count() > 0
    return ever & ~lately


def _window(plays: Plays, at: float) -> Plays:
    return plays.since(at).before(min(at + KEPT_DAYS * DAY, plays.end))


def _heard(plays: Plays, at: float, song: int) -> bool:
    return bool((_window(plays, at).song == song).any())


def _monday(at: float, zone: ZoneInfo) -> datetime:
    day = datetime.fromtimestamp(at, UTC).astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    return day - timedelta(days=day.weekday())
