"""Standing taste: "less christmas music outside december" as a filter over songs, a direction, and when it holds.

A rule multiplies the forecast of the songs that it means, as likes and ratings do (``said``). A song is meant where it fits every
kind of condition that the rule names: one of its artists, its tags or clusters, its years, and its sound.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from spotify_ai_pipeline.music.mood.grammar import plain
from spotify_ai_pipeline.music.mood.parser import Meaning, describe, understand

MORE, MUCH_MORE, LESS, MUCH_LESS, NEVER = 1.6, 2.5, 0.4, 0.2, 0.02
"""Factors of the forecast. ``NEVER`` leaves a song its place in the library, and none on the list."""

_WAYS = (
    (NEVER, r"(?:never(?: again)?|no more|no|ban|block|nothing|none|not|hide|stop(?: playing)?|i hate|i cant stand)"),
    (MUCH_LESS, r"(?:much less|far less|a lot less|way less|hardly any)"),
    (LESS, r"(?:a little less|a bit less|less|fewer|not so much|not so many|rarely|i dont like|tone down)"),
    (MUCH_MORE, r"(?:much more|a lot more|way more|far more|lots of|plenty of)"),
    (MORE, r"(?:a little more|a bit more|more|prefer|i love|i like|i want)"),
)
_WAY = [(factor, re.compile(rf"^(?:please )?{words}\b")) for factor, words in _WAYS]
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_SEASONS = {"spring": (3, 4, 5), "summer": (6, 7, 8), "autumn": (9, 10, 11), "fall": (9, 10, 11), "winter": (12, 1, 2)}
_MONTH_WORDS: dict[str, tuple[int, ...]] = {
    **{word: (number,) for number, word in enumerate(_MONTHS, 1)},
    **{word[:3]: (number,) for number, word in enumerate(_MONTHS, 1) if word != "may"},
    **_SEASONS,
}
_MONTH = "|".join(sorted(_MONTH_WORDS, key=len, reverse=True))
_OUTSIDE = re.compile(rf"\b(?:outside(?: of)?|except(?: in| during)?|but not in|unless it is|not in)\s+({_MONTH})\b")
_INSIDE = re.compile(rf"\b(?:only in|in|during)\s+({_MONTH})\b")
_UNTIL = re.compile(
    rf"\b(?:until|till|til|up to)\s+(?:the end of\s+)?({_MONTH}|\d{{4}}-\d\d-\d\d|\d{{4}}|christmas|easter|new year)\b"
)
_FOR = re.compile(r"\bfor (?:the next |about )?(an?|one|two|three|four|five|six|\d+) (day|week|month|year)s?\b")
_NUMBERS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
_DAYS = {"day": 1, "week": 7, "month": 30, "year": 365}
_EVER = re.compile(r"\b(?:for ?ever|ever|at all|always|from now on|for good|anymore|any more|please)\b")
_OCCASIONS = {
    "christmas": (
        r"\b(?:christmas|xmas|x mas|holiday season|weihnacht\w*|no[eë]l|navidad|natale)\b",
        ["christmas", "xmas", "santa", "jingle", "sleigh", "let it snow", "winter wonderland", "rudolph", "mistletoe",
         "silent night", "holy night", "drummer boy", "weihnacht", "stille nacht", "noël", "navidad", "natale"],
    ),
    "halloween": (r"\bhalloween\b", ["halloween", "monster mash", "spooky", "thriller"]),
    "children": (
        r"\b(?:kids|kid|childrens?|nursery rhymes?|kinder\w*|lullab(?:y|ies))(?: s)?\b",
        ["lullaby", "nursery rhyme", "twinkle twinkle", "wheels on the bus", "baby shark", "kinderlied", "schlaflied"],
    ),
}  # fmt: skip
"""Music of an occasion is known by its titles too, which is where tags are few."""
SOUND = 0.75
"""The share of songs that a song must exceed in a sound to be meant by it."""


@dataclass(frozen=True)
class TasteRule:
    """A standing wish's meaning. Empty conditions mean all songs; ``months`` in which it holds (empty: all)."""

    factor: float
    artists: list[str] = field(default_factory=list[str])
    tags: list[str] = field(default_factory=list[str])
    titles: list[str] = field(default_factory=list[str])
    """Parts of titles that mean the same as the tags."""
    clusters: list[str] = field(default_factory=list[str])
    eras: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    axes: dict[str, float] = field(default_factory=dict[str, float])
    months: list[int] = field(default_factory=list[int])
    unknown: list[str] = field(default_factory=list[str])

    @property
    def means_something(self) -> bool:
        return bool(self.artists or self.tags or self.titles or self.clusters or self.eras or self.axes)

    def holds(self, at: datetime) -> bool:
        """Tells whether the rule counts in the month of ``at`` (the listener's clock)."""
        return not self.months or at.month in self.months

    def as_data(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_data(cls, kept: Mapping[str, Any]) -> TasteRule:
        values: dict[str, Any] = {**kept, "eras": [(int(first), int(last)) for first, last in kept["eras"]]}
        return cls(**values)


def understand_rule(
    text: str,
    now: datetime,
    vocabulary: Collection[str] = (),
    clusters: Collection[str] = (),
    artists: Collection[str] = (),
    meaning: Meaning | None = None,
) -> tuple[TasteRule, datetime | None]:
    """Gives what ``text`` asks for at ``now`` (the listener's clock), and until when it holds (None: for good)."""
    left = re.sub(r"n['’]t\b", "nt", text.casefold())
    left, until = _end(left, now)
    left, months = _months(left)
    left = " ".join(_EVER.sub(" ", left).split())
    factor, left = _way(left)
    named = [artist for artist in artists if len(plain(artist)) > 2 and f" {plain(artist)} " in f" {plain(left)} "]
    named = [
        artist for artist in named if not any(plain(artist) in plain(other) and artist != other for other in named)
    ]
    for artist in named:
        left = plain(left).replace(plain(artist), " ")
    titles: list[str] = []
    occasions: list[str] = []
    for occasion, (words, its_titles) in _OCCASIONS.items():
        if re.search(words, left):
            left = re.sub(words, " ", left)
            titles += its_titles
            occasions += [tag for tag in vocabulary if occasion in plain(tag)]
    found = understand(left, vocabulary, clusters, meaning)
    direct = [*occasions, *(tag for tag, weight in found.tags.items() if weight >= 1)]
    axes = {} if direct or titles else {axis: value for axis, value in found.axes.items() if abs(value) >= 0.3}
    return TasteRule(factor, named, direct, titles, found.clusters, found.eras, axes, months, found.unknown), until


def fits(rule: TasteRule, songs: pl.DataFrame) -> pl.Series:
    """Says which ``songs`` the rule means: artist, title, year, tags (texts), cluster, and ``sound`` (the share of songs that
    match the rule's sound less; null where unknown)."""
    met = pl.repeat(rule.means_something, pl.len(), dtype=pl.Boolean)
    if rule.artists:
        met &= pl.col("artist").is_in(rule.artists)
    if rule.tags or rule.titles or rule.clusters:
        tagged = pl.col("tags").list.set_intersection(pl.lit(rule.tags, pl.List(pl.String))).list.len() > 0
        called = pl.col("title").str.to_lowercase().str.contains_any(rule.titles) if rule.titles else pl.lit(False)
        met &= tagged.fill_null(False) | called | pl.col("cluster").is_in(rule.clusters).fill_null(False)
    if rule.eras:
        met &= pl.any_horizontal(pl.col("year").is_between(first, last) for first, last in rule.eras).fill_null(False)
    if rule.axes:
        met &= (pl.col("sound") > SOUND).fill_null(False)
    return songs.select(met.alias("met")).to_series() if songs.height else pl.Series("met", [], pl.Boolean)


def describe_rule(rule: TasteRule, until: datetime | None) -> str:
    """The rule as a sentence: "less of: tagged christmas; only in January to November; until 1 March 2027"."""
    way = next(
        word
        for least, word in (
            (2.0, "much more of"),
            (1.0, "more of"),
            (0.3, "less of"),
            (0.1, "much less of"),
            (0.0, "none of"),
        )
        if rule.factor >= least
    )
    kinds = [
        f"by {' or '.join(rule.artists)}" if rule.artists else "",
        f"tagged {' or '.join(rule.tags)}" if rule.tags else "",
        f"called {', '.join(rule.titles[:3])} or alike" if rule.titles else "",
        f"in {' or '.join(rule.clusters)}" if rule.clusters else "",
        " or ".join(f"from {first} to {last}" for first, last in rule.eras),
        f"that sounds {' and '.join(describe(rule.axes))}" if rule.axes else "",
    ]
    when = f"only in {', '.join(_MONTHS[month - 1].capitalize() for month in rule.months)}" if rule.months else ""
    end = f"until {until:%Y-%m-%d}" if until else "for good"
    missed = f"(not understood: {', '.join(rule.unknown)})" if rule.unknown else ""
    return (
        "; ".join(filter(None, (f"{way} what is {' and '.join(filter(None, kinds))}", when, end)))
        + f" {missed}".rstrip()
    )


def _way(text: str) -> tuple[float, str]:
    for factor, words in _WAY:
        if found := words.match(text):
            return factor, text[found.end() :]
    for factor, words in _WAY[1:]:
        if found := re.search(words.pattern.removeprefix("^"), text):
            return factor, text[: found.start()] + text[found.end() :]
    return MORE, text


def _months(text: str) -> tuple[str, list[int]]:
    if found := _OUTSIDE.search(text):
        barred = _MONTH_WORDS[found[1]]
        return text.replace(found[0], " "), [month for month in range(1, 13) if month not in barred]
    if found := _INSIDE.search(text):
        return text.replace(found[0], " "), sorted(_MONTH_WORDS[found[1]])
    return text, []


def _end(text: str, now: datetime) -> tuple[str, datetime | None]:
    """``text`` without the time that it names, and when that is over: a month that is named ends it as it begins next."""
    if found := _FOR.search(text):
        number = _NUMBERS.get(found[1]) or int(found[1])
        return text.replace(found[0], " "), now + timedelta(days=number * _DAYS[found[2]])
    found = _UNTIL.search(text)
    if not found:
        return text, None
    said, rest = found[1], text.replace(found[0], " ")
    if re.fullmatch(r"\d{4}-\d\d-\d\d", said):
        try:
            return rest, datetime.fromisoformat(said).replace(tzinfo=now.tzinfo)
        except ValueError:
            return text, None
    if said.isdigit():
        return rest, now.replace(year=int(said), month=1, day=1, hour=0, minute=0, second=0, microsecond=0)
    month, day = {"christmas": (12, 25), "easter": (4, 5), "new year": (1, 1)}.get(said) or (_MONTH_WORDS[said][0], 1)
    end = now.replace(month=month, day=day, hour=0, minute=0, second=0, microsecond=0)
    if "end of" in found[0]:
        end = (end + timedelta(days=32)).replace(day=1)
    return rest, end if end > now else end.replace(year=end.year + 1)
