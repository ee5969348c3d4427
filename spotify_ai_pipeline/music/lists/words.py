"""A list in words: "deep cuts of my most played artists, unheard for a year" made into conditions and an order.

What is said of plays and time is read here. What is said of artists, tags, clusters, years and sound is read as standing taste
reads it. What neither understands is named.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from spotify_ai_pipeline.music.lists.recipe import AT_LEAST, AT_MOST, IS, IS_NOT, Condition, Recipe
from spotify_ai_pipeline.music.mood.parser import Meaning, MoodQuery
from spotify_ai_pipeline.music.taste.standing import understand_rule

OF_MINE = Condition(column="in_library", op=IS, value=True)


@dataclass(frozen=True)
class Template:
    """A list that many want, under its name."""

    about: str
    recipe: Recipe
    max_change: float | None = None
    """What one refresh may change; None for as much as of the mix. A list of a moving time changes with it."""


def _where(*written: str, sort: str) -> Recipe:
    return Recipe(where=[Condition.read(one) for one in written], sort=[sort])


TEMPLATES: Mapping[str, Template] = {
    "forgotten favourites": Template(
        "what you played most, and have not heard for half a year",
        _where("in_library is yes", "plays_above >= 75", "days_quiet >= 180", sort="-plays"),
    ),
    "this time last year": Template(
        "what you played within two weeks of this day a year ago", _where("plays_then >= 1", sort="-plays_then"), 1.0
    ),
    "discovered this month": Template(
        "what you first heard in the last 30 days", _where("days_known <= 30", sort="-plays"), 1.0
    ),
    "deep cuts": Template(
        "what you play least of the artists that you play most",
        _where("in_library is yes", "artist_rank <= 20", "rank_in_artist >= 4", sort="-forecast"),
    ),
    "never heard": Template(
        "songs of your library that you never played", _where("in_library is yes", "plays <= 0", sort="days_added")
    ),
}

_NUMBER = r"(?:an?|one|two|three|four|five|six|ten|\d+)"
_NUMBERS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "ten": 10, "": 1}
_DAYS = {"day": 1, "week": 7, "fortnight": 14, "month": 30, "year": 365}
_NOT_HEARD = (
    r"(?:unheard|unplayed|not (?:heard|played|listened to)|(?:i )?(?:have ?n.?t|have not) (?:heard|played)|quiet)"
)
_SPAN = rf"(?:the (?:last|past) )?({_NUMBER})?\s*(day|week|fortnight|month|year)s?"


def _number(said: str | None) -> int:
    return int(said) if said and said.isdigit() else _NUMBERS[said or ""]


def _days(found: re.Match[str]) -> float:
    return _number(found[1]) * _DAYS[found[2]]


Read = Callable[[re.Match[str]], tuple[list[Condition], str]]
"""What a phrase asks for: conditions, and an order or nothing."""


def _cond(column: str, op: str, value: Callable[[re.Match[str]], float] | float) -> Read:
    return lambda found: ([Condition(column=column, op=op, value=value(found) if callable(value) else value)], "")


def _flag(column: str, *, value: bool) -> Read:
    return lambda _: ([Condition(column=column, op=IS, value=value)], "")


def _order(sort: str) -> Read:
    return lambda _: ([], sort)


_PHRASES: list[tuple[str, Read]] = [
    (rf"\b{_NOT_HEARD} (?:for|in|since) {_SPAN}\b",
     _cond("days_quiet", AT_LEAST, _days)),
    (rf"\b(?:first heard|discovered|new|found|got to know) (?:in|within) {_SPAN}\b", _cond("days_known", AT_MOST, _days)),
    (r"\b(?:first heard|discovered|new|found) this ()(week|month|year)\b", _cond("days_known", AT_MOST, _days)),
    (rf"\badded (?:in|within) {_SPAN}\b", _cond("days_added", AT_MOST, _days)),
    (r"\badded this ()(week|month|year)\b", _cond("days_added", AT_MOST, _days)),
    (rf"\b(?:heard|played) (?:in|within) {_SPAN}\b", _cond("days_quiet", AT_MOST, _days)),
    (r"\b(?:heard|played) this ()(week|month|year)\b", _cond("days_quiet", AT_MOST, _days)),
    (r"\b(?:never (?:heard|played)|not (?:heard|played) yet|unheard|unplayed)\b", _cond("plays", AT_MOST, 0.0)),
    (rf"\b(?:played|heard|plays?) (?:at least|more than|over) ({_NUMBER})(?: times| plays)?\b",
     _cond("plays", AT_LEAST, lambda found: _number(found[1]))),
    (rf"\bat least ({_NUMBER}) plays\b", _cond("plays", AT_LEAST, lambda found: _number(found[1]))),
    (rf"\b(?:played|heard|plays?) (?:at most|less than|fewer than|under|hardly more than) ({_NUMBER})(?: times| plays)?\b",
     _cond("plays", AT_MOST, lambda found: _number(found[1]))),
    (rf"\b(?:of |by |from )?(?:my )?(?:top|favou?rite|most[- ]played|best|biggest) ?({_NUMBER})? ?artists?\b",
     _cond("artist_rank", AT_MOST, lambda found: _number(found[1]) if found[1] else 20)),
    (r"\b(?:deep cuts?|album tracks?|lesser[- ]known(?: songs?)?)\b", _cond("rank_in_artist", AT_LEAST, 4.0)),
    (rf"\b(\d(?:\.\d)?|{_NUMBER})\+?(?: or more)? stars?(?: or more)?\b",
     _cond("rating", AT_LEAST, lambda found: float(found[1]) if found[1][0].isdigit() else _number(found[1]))),
    (r"\b(?:forgotten|long unheard|neglected)\b", _cond("days_quiet", AT_LEAST, 180.0)),
    (r"\bnot (?:liked|loved|hearted)\b", _flag("liked", value=False)),
    (r"\b(?:that i )?(?:liked?|loved?|hearted)(?: songs)?\b", _flag("liked", value=True)),
    (r"\bfavou?rites?\b", _cond("plays_above", AT_LEAST, 75.0)),
    (r"\b(?:most[- ]played|played most|most heard)(?: first)?\b", _order("-plays")),
    (r"\b(?:least[- ]played|played least|hardly (?:played|heard))(?: first)?\b", _order("plays")),
    (r"\b(?:newest|latest)(?: first)?\b", _order("-year")),
    (r"\boldest(?: first)?\b", _order("year")),
    (r"\brecently added(?: first)?\b", _order("days_added")),
    (r"\blongest (?:unheard|quiet)(?: first)?\b", _order("-days_quiet")),
]  # fmt: skip
_READ = [(re.compile(pattern), read) for pattern, read in _PHRASES]
_PARTS = re.compile(r"[,;]|\bbut\b")
_FILLERS = frozenset({
    "a", "all", "am", "an", "and", "any", "are", "by", "for", "from", "have", "heard", "i", "in", "is", "it", "list", "me",
    "mine", "music", "my", "of", "on", "only", "or", "out", "played", "playlist", "some", "song", "songs", "stuff", "that",
    "the", "them", "these", "things", "those", "to", "track", "tracks", "what", "which", "with",
})  # fmt: skip
_HIGH, _LOW = 65.0, 35.0
"""Percent of the library's songs that a song must have more, or less, of a sound than, to be called by it."""


@dataclass(frozen=True)
class Understood:
    """A list as it was understood, and the words that were not."""

    recipe: Recipe
    unknown: list[str]
    max_change: float | None = None
    by: str = ""
    """The reader of what the layers left over; empty where nothing was."""

    def with_wish(self, wish: MoodQuery, by: str) -> Understood:
        """Gives what was understood, and what ``by`` made of the words that were left over."""
        shunned = [tag for tag, weight in wish.tags.items() if weight < 0]
        named = {"tags": [tag for tag in wish.tags if tag not in shunned], "cluster": wish.clusters}
        more = [*_conditions(named, wish.eras, wish.axes), *_conditions({"tags": shunned}, [], {}, wanted=False)]
        kept = {(one.column, one.op) for one in self.recipe.where}
        recipe = self.recipe.changed([one for one in more if (one.column, one.op) not in kept])
        return Understood(recipe, self.unknown, self.max_change, by)

    @property
    def says_something(self) -> bool:
        return any(one != OF_MINE for one in self.recipe.where) or self.recipe.sort != Recipe().sort


def _conditions(
    named: Mapping[str, Sequence[str]],
    eras: Sequence[tuple[int, int]],
    axes: Mapping[str, float],
    *,
    wanted: bool = True,
) -> list[Condition]:
    """Conditions on what is ``named`` of a column, on years, and on sound."""
    op = IS if wanted else IS_NOT
    found = [Condition(column=column, op=op, value=list(values)) for column, values in named.items() if values]
    for first, last in eras[:1]:
        found.append(Condition(column="year", op=AT_LEAST, value=first))
        found.append(Condition(column="year", op=AT_MOST, value=last))
    for axis, value in axes.items():
        high = (value > 0) == wanted
        found.append(Condition(column=axis, op=AT_LEAST if high else AT_MOST, value=_HIGH if high else _LOW))
    return found


def understand_list(
    text: str,
    now: datetime,
    tags: Collection[str] = (),
    clusters: Collection[str] = (),
    artists: Collection[str] = (),
    meaning: Meaning | None = None,
) -> Understood:
    """Gives what ``text`` asks for: a template by its name, else its conditions and order."""
    said = " ".join(text.casefold().replace("’", "'").split())
    if (template := TEMPLATES.get(said.replace("favorites", "favourites"))) is not None:
        return Understood(template.recipe, [], template.max_change)
    found, sort, left = [OF_MINE], list[str](), said
    for pattern, read in _READ:
        while heard := pattern.search(left):
            more, order = read(heard)
            found += more
            sort += [order] if order else []
            left = f"{left[: heard.start()]} , {left[heard.end() :]}"
    unknown: list[str] = []
    for part in _PARTS.split(left):
        if not set(part.split()) - _FILLERS:
            continue
        rule, _ = understand_rule(part, now, tags, clusters, artists, meaning)
        wanted = rule.factor >= 1
        named = {"artist": rule.artists, "tags": rule.tags, "cluster": rule.clusters}
        found += _conditions(named, rule.eras, rule.axes, wanted=wanted)
        unknown += [word for word in rule.unknown if set(word.split()) - _FILLERS]
    recipe = Recipe().changed(list({(one.column, one.op, str(one)): one for one in found}.values()))
    return Understood(recipe.model_copy(update={"sort": sort or Recipe().sort}), unknown)
