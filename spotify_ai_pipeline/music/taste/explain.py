"""The reasons for a song's score: parts that sum to it, each with a sentence, and the story of its plays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from math import exp, log, log1p
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from spotify_ai_pipeline.durations import DAY, WEEK
from spotify_ai_pipeline.music.plays.play_counts import Floats
from spotify_ai_pipeline.music.taste.ranking import EXPLORATION
from spotify_ai_pipeline.music.taste.taste_model import AGE, ARTIST, COMPANY, OWN, PARTS, SAID
from spotify_ai_pipeline.settings import Cycling

_WORDS = {
    OWN: ("your plays of it", "it was played more than most", "it was played less than most"),
    ARTIST: ("its artist", "the artist is on your mind", "the artist is quiet with you"),
    COMPANY: ("its company", "it was played beside what you play now", "it was rarely played beside what you play now"),
    AGE: ("its age", "songs known and quiet that long come up more", "songs known and quiet that long come up less"),
    SAID: ("what you said", "you spoke for it", "you spoke against it"),
}
TELLS = 1.05
"""A part that changes the forecast by less than this factor says nothing."""

SPELL = 92 * DAY
"""Seconds in which the plays of a spell lie: a season."""

QUIET = 60 * DAY


@dataclass(frozen=True)
class Part:
    """``worth`` points of the score, and why."""

    name: str
    worth: float
    says: str


def parts(song: Mapping[str, object], asked: str = "") -> list[Part]:
    """Gives what a row of the scores is made of; the worths sum to its score. Empty for a song without one (never
    heard). ``asked`` are the words of the mood that the scores follow, where the listener asked for one.

    Taste is a forecast of plays, a product of factors on a log scale. The points that it lies above those of an average
    contender are shared out in proportion to the logs of the factors (Aumann & Shapley, 1974).
    """
    if not isinstance(song["score"], float):
        return []
    taste, expected = _number(song["from_taste"]), _number(song["expected"])
    expects = f"{expected:.2g} plays a week expected"
    factors = {part: factor for part in _WORDS if isinstance(factor := song.get(part), float) and factor > 0}
    factors = {part: factor for part, factor in factors.items() if part != SAID or factor != 1.0}
    if factors and expected > 0:
        total = sum(map(log, factors.values()))
        average = taste * log1p(expected * exp(-total)) / log1p(expected)
        found = [Part("an average song", average, f"of its slot; what follows makes it {expects}")]
        for part, factor in factors.items():
            share = log(factor) / total if abs(total) > 1e-9 else 1 / len(factors)
            says = f"× {factor:.2g}: {song.get('said')}" if part == SAID and song.get("said") else _factor(part, factor)
            found.append(Part(_WORDS[part][0], share * (taste - average), says))
    else:
        found = [Part("your plays of it", taste, expects)]
    for name, worth, says in (
        ("mood", "from_mood", _mood(_number(song["mood"]), asked)),
        ("freshness", "from_freshness", f"you are {1 - _number(song['freshness']):.0%} tired of it"),
        ("chance", "from_chance", "drawn for this refresh"),
    ):
        if _number(song[worth]):
            found.append(Part(name, _number(song[worth]), says))
    return found


def _mood(match: float, asked: str) -> str:
    return (
        f"you asked for {asked}: fits better than {match:.0%} of your songs"
        if asked
        else f"{match:.0%} like what you play right now"
    )


def reasons(cycling: Cycling) -> pl.Expr:
    """Says why a ranked song is where it is: the part that lifts its forecast most (a column of ``PARTS``), and its
    plays."""
    plays = pl.format("{} {}", "plays", pl.when(pl.col("plays") == 1).then(pl.lit("play")).otherwise(pl.lit("plays")))
    quiet = pl.col("days_quiet").floor().cast(pl.Int64)
    ago = (
        pl.when(quiet == 0)
        .then(pl.lit("today"))
        .when(quiet == 1)
        .then(pl.lit("yesterday"))
        .otherwise(pl.format("{} days ago", quiet))
    )
    heard = (
        pl.when(pl.col("plays") == 0)
        .then(pl.lit("not heard yet"))
        .when(pl.col("slot") == EXPLORATION)
        .then(pl.format("quiet for {} days after {}", quiet, plays))
        .when(pl.col("recent_plays") > 1)
        .then(
            pl.format(
                f"{{}} of {{}} in the last {cycling.staleness_window_days} days, last heard {{}}",
                "recent_plays",
                plays,
                ago,
            )
        )
        .otherwise(pl.format("{} in all, last heard {}", plays, ago))
    )
    return pl.concat_str(_cause(), heard, separator=", ", ignore_nulls=True).alias("reason")


def _cause() -> pl.Expr:
    """The part that lifts the forecast most, in words; null where the song's own plays or its age do, which ``heard`` tells."""
    lifts = {part: pl.col(part).fill_null(1.0) for part in PARTS}
    most = pl.max_horizontal(*lifts.values())
    leads = {part: (lift == most) & (lift > TELLS) for part, lift in lifts.items()}
    return (
        pl.when(leads[SAID] | (pl.col("plays") == 0) & pl.col("said").is_not_null())
        .then("said")
        .when(leads[ARTIST])
        .then(pl.format("you play much of {}", "artist"))
        .when(leads[COMPANY])
        .then(pl.lit("goes with what you play now"))
        .when(pl.col("plays") == 0)
        .then(pl.lit("in your library"))
    )


def _factor(part: str, factor: float) -> str:
    _, more, less = _WORDS[part]
    if 1 / TELLS < factor < TELLS:
        return "like most"
    return f"× {factor:.2g}: {more if factor > 1 else less}"


def _number(value: object) -> float:
    return value if isinstance(value, float) else 0.0


def story(plays: Floats, of_artist: Floats, now: float, zone: ZoneInfo) -> str:
    """A song's plays in words, from the times (UTC seconds, in order) of its own and of its artist's plays before ``now``:
    its greatest spell, what came after, and whether the artist is on the rise."""
    return "; ".join(filter(None, (_of_song(plays, now, zone), _of_artist(of_artist, now))))


def _of_song(plays: Floats, now: float, zone: ZoneInfo) -> str:
    if not len(plays):
        return "never heard"
    ends = np.searchsorted(plays, plays + SPELL)
    counts = ends - np.arange(len(plays))
    start = len(plays) - 1 - int(np.argmax(counts[::-1]))  # the latest of the greatest
    last = int(ends[start]) - 1
    begin, end = (datetime.fromtimestamp(plays[place], UTC).astimezone(zone) for place in (start, last))
    month = f"{end:%B %Y}" if f"{begin:%B%Y}" == f"{end:%B%Y}" else f"{begin:%B}–{end:%B %Y}"
    after = len(plays) - 1 - last
    since = f", {_times(after)} since" if after else ", quiet since" if now - plays[last] > QUIET else ""
    before = f", {_times(start)} before" if start else ""
    return f"played {_times(int(counts[start]))} in {month}{since}{before}"


def _of_artist(plays: Floats, now: float) -> str:
    this_week = int((plays >= now - WEEK).sum())
    usual = float(((plays >= now - 13 * WEEK) & (plays < now - WEEK)).sum()) / 12
    if this_week >= 3 and this_week >= 2 * usual:
        return f"artist on the rise this week ({this_week} plays, usually {usual:.2g})"
    if usual >= 2 and this_week <= usual / 3:
        return f"artist quiet this week ({this_week} plays, usually {usual:.2g})"
    return ""


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")
