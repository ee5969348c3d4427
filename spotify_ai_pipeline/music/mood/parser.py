"""Moods in words: what "rainy sunday, nothing too loud" asks of audio features, tags and years; how features are called.

Three layers read the words. The grammar (``grammar``) says what is denied, softened and compared. The lexicon knows words and
idioms, the library's own tags, decades and spans of time, with slips of the pen (``spelling``). An encoder may read what the
lexicon does not know (``Meaning``). What none of them understands is named, never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass, field
from math import hypot
from typing import Any

from spotify_ai_pipeline.durations import DAY, HOUR, MINUTE, WEEK
from spotify_ai_pipeline.music.mood import grammar, spelling
from spotify_ai_pipeline.music.mood.grammar import plain
from spotify_ai_pipeline.music.mood.lexicon import FORMS, LEXICON, MOODS, SINGLE, parted

Meaning = Callable[[str], Mapping[str, float]]
"""What an encoder makes of a text: values of features from -1 to 1."""

STRONG, SOFT = 1.5, 0.6
DENIED = 0.5
"""What is denied says less than what is asked for: "energetic but not angry" is energetic."""
LEAST = 0.15
"""What an encoder says below this is not heard."""
LONGEST = max(len(form.split()) for form in FORMS)

DECADE = re.compile(r"\b(?:19|20)?(\d0)['’]?s\b")
DECADES = {
    "fifties": 1950, "sixties": 1960, "seventies": 1970, "eighties": 1980, "nineties": 1990, "noughties": 2000,
}  # fmt: skip
SPAN = re.compile(
    r"\bfor (?:the next |about )?(an?|half an|\d+(?:\.\d+)?|two|three|four|six) (minute|hour|day|week)s?\b"
)
NUMBERS = {"a": 1.0, "an": 1.0, "half an": 0.5, "two": 2.0, "three": 3.0, "four": 4.0, "six": 6.0}
UNITS = {"minute": MINUTE, "hour": HOUR, "day": DAY, "week": WEEK}
SPANS = {
    "all day": 12 * HOUR,
    "all night": 8 * HOUR,
    "tonight": 5 * HOUR,
    "this weekend": 2 * DAY,
    "this week": WEEK,
}

CALLED = {
    "energy": ("calm", "energetic"),
    "valence": ("melancholic", "happy"),
    "acousticness": ("electric", "acoustic"),
    "danceability": ("", "danceable"),
    "instrumentalness": ("", "instrumental"),
    "tempo": ("slow", "fast"),
}
"""What the low and the high end of a feature are called; "" where it has no name of its own."""


@dataclass(frozen=True)
class MoodQuery:
    """The mood that a text asks for: ``axes`` from -1 to 1 (features that it does not speak of are absent), ``tags``
    with weights (negative: not this), its words, understood and not, names of the listener's ``clusters``, ``eras`` as
    first and last year, and for how long (None: it does not say)."""

    axes: dict[str, float]
    tags: dict[str, float]
    understood: list[str]
    unknown: list[str]
    clusters: list[str] = field(default_factory=list[str])
    eras: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    seconds: float | None = None

    @property
    def says_something(self) -> bool:
        return bool(self.axes or self.tags or self.clusters or self.eras)

    def as_data(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_data(cls, kept: Mapping[str, Any]) -> MoodQuery:
        values: dict[str, Any] = {**kept, "eras": [(int(first), int(last)) for first, last in kept["eras"]]}
        return cls(**values)


@dataclass
class _Segment:
    """Words under one sign: ``axes`` is what the lexicon says of them, with that sign."""

    sign: float
    words: list[str] = field(default_factory=list[str])
    axes: list[dict[str, float]] = field(default_factory=list[dict[str, float]])
    known: int = 0
    unknown: list[str] = field(default_factory=list[str])
    strength: float = 1.0

    def directions(self, meaning: Meaning | None) -> tuple[dict[str, float], bool]:
        """Gives what the segment asks for, and whether the encoder spoke: the lexicon counts by the share of words that
        it knows."""
        every = {axis for axes in self.axes for axis in axes}
        said = {axis: _mean([axes[axis] for axes in self.axes if axis in axes]) for axis in every}
        if meaning is None or not self.unknown:
            return said, False
        if self.known and not _speaks(meaning(" ".join(self.unknown))):
            return said, False  # what is not known by the words says nothing to the encoder either
        read = {axis: value for axis, value in meaning(" ".join(self.words)).items() if abs(value) >= LEAST}
        if not read:
            return said, False
        share = self.known / (self.known + len(self.unknown))
        for axis, value in read.items():
            guess = self.sign * self.strength * value
            said[axis] = share * said[axis] + (1 - share) * guess if axis in said else guess
        return said, True


def _speaks(read: Mapping[str, float]) -> bool:
    return any(abs(value) >= LEAST for value in read.values())


def understand(
    text: str, vocabulary: Collection[str] = (), clusters: Collection[str] = (), meaning: Meaning | None = None
) -> MoodQuery:
    """Gives what ``text`` asks for, in words of the lexicon, of ``vocabulary`` (tags that the library knows) and of
    ``clusters``; ``meaning`` reads what these do not know.

    The longest run of words that is known is taken first ("drum and bass"). Tags that the vocabulary lacks are left out,
    unless it is empty.
    """
    known = {plain(tag): tag for tag in vocabulary}
    lowered, seconds = _span(parted(text.casefold()))
    lowered, eras, said_eras = _eras(lowered)
    named = [cluster for cluster in clusters if f" {plain(cluster)} " in f" {plain(lowered)} "]
    for cluster in named:
        lowered = plain(lowered).replace(plain(cluster), " ")
    lowered, around = grammar.turned_around(lowered)
    tags: dict[str, float] = {}
    understood: list[str] = [*named, *said_eras]
    segments = [
        one for clause in grammar.clauses(lowered) for one in _segments(clause, known, tags, understood, bool(meaning))
    ]
    axes: dict[str, list[tuple[float, float]]] = {}
    unknown: list[str] = []
    for segment in segments:
        said, read = segment.directions(meaning)
        for axis, value in said.items():
            weight = max(segment.known, 1) * (DENIED if segment.sign < 0 else 1.0)
            axes.setdefault(axis, []).append((value, weight))
        if read:
            heard = " ".join(segment.words)
            understood.append(f"not {heard}" if segment.sign < 0 else heard)
        else:
            unknown += segment.unknown
    turn = -1.0 if around else 1.0
    means = {
        axis: max(
            -1.0, min(1.0, turn * sum(value * weight for value, weight in said) / sum(weight for _, weight in said))
        )
        for axis, said in axes.items()
    }
    tags = {tag: turn * weight for tag, weight in tags.items()}
    return MoodQuery(means, tags, understood, unknown, named, eras, seconds)


def nearest_moods(text: str, meaning: Meaning | None = None, count: int = 3) -> list[str]:
    """Moods to offer where ``text`` was not understood: what the encoder holds for nearest, else words that look alike."""
    read = dict(meaning(text)) if meaning else {}
    if any(abs(value) >= LEAST / 3 for value in read.values()):

        def along(mood: str) -> float:
            said = LEXICON[mood].axes
            return sum(said.get(axis, 0.0) * value for axis, value in read.items()) / hypot(*said.values())

        return sorted(MOODS, key=along, reverse=True)[:count]
    words = [word for clause in grammar.clauses(text) for word in clause if word not in grammar.FILLERS]
    alike = dict.fromkeys(FORMS[form] for form in spelling.nearest(words, SINGLE, 3 * count))
    return [*alike, *(mood for mood in MOODS if mood not in alike)][:count]


def _segments(
    words: list[str], known: Mapping[str, str], tags: dict[str, float], understood: list[str], encoder: bool
) -> list[_Segment]:
    """The segments of a clause; its tags and the words that were understood are added to ``tags`` and ``understood``."""
    words, denied = grammar.refused(words)
    usual = -1.0 if denied else 1.0
    found = [_Segment(usual)]
    longest = max(LONGEST, grammar.LONGEST, *(len(tag.split()) for tag in known), 1)
    strength, place = 1.0, 0
    while place < len(words):
        word, segment = words[place], found[-1]
        said = next((run for run in grammar.runs(words, place, longest) if _is_known(run, known)), "")
        place += max(len(said.split()), 1)
        if said in grammar.NEGATIONS:
            found.append(_Segment(-usual))
            continue
        if said in grammar.AFFIRMATIONS:
            continue
        if word in grammar.COMPARED and not said:
            if "rather" not in words:
                break
            found.append(_Segment(-1.0))
            continue
        segment.words.append(said or word)
        if not said and (word in grammar.FILLERS or word.isdigit()):
            strength = STRONG if word in grammar.STRONGER else SOFT if word in grammar.SOFTER else strength
            continue
        said = said or spelling.inflected(word, FORMS) or spelling.corrected(word, SINGLE) or ""
        if not said:
            segment.unknown.append(word)
            segment.strength = max(segment.strength, strength)
            continue
        understood.append(f"not {said}" if segment.sign < 0 else said)
        weight = segment.sign * strength
        entry = LEXICON.get(FORMS.get(said, ""))
        segment.known += 1
        segment.axes.append({axis: weight * value for axis, value in entry.axes.items()} if entry else {})
        if said in known:
            _add(tags, known[said], weight)
        for tag in entry.tags if entry else ():
            if (its_name := known.get(plain(tag), "" if known else tag)) and its_name != known.get(said):
                _add(tags, its_name, weight / 2)
        carried = place < len(words) and words[place] in grammar.LINKS
        strength = 1.0
        if segment.sign != usual and not carried:
            found.append(_Segment(usual))
    return [segment for segment in found if segment.words]


def _is_known(run: str, known: Mapping[str, str]) -> bool:
    return run in known or run in FORMS or run in grammar.NEGATIONS or run in grammar.AFFIRMATIONS


def describe(scores: Mapping[str, float], least: float = 0.3, most: int = 3) -> list[str]:
    """The features that stand out, in words, the strongest first; ``scores`` are in standard deviations from the median."""
    strong = sorted(scores.items(), key=lambda item: -abs(item[1]))
    words = [CALLED[name][score > 0] for name, score in strong if name in CALLED and abs(score) >= least]
    return list(filter(None, words))[:most]


def _eras(text: str) -> tuple[str, list[tuple[int, int]], list[str]]:
    """``text`` without its decades, their years, and their words: a "20s" is of this century."""
    found: dict[int, str] = {}
    for match in DECADE.finditer(text):
        short = int(match[1])
        whole = re.match(r"(?:19|20)\d0", match[0])
        found[int(whole[0]) if whole else (1900 if short >= 30 else 2000) + short] = match[0]
    text = DECADE.sub(" ", text)
    for word, year in DECADES.items():
        if re.search(rf"\b{word}\b", text):
            found[year] = word
            text = re.sub(rf"\b{word}\b", " ", text)
    return text, [(year, year + 9) for year in sorted(found)], [found[year] for year in sorted(found)]


def _span(text: str) -> tuple[str, float | None]:
    """``text`` without the time that it names, and that time in seconds."""
    if match := SPAN.search(text):
        number = NUMBERS.get(match[1]) or float(match[1])
        return text.replace(match[0], " "), number * UNITS[match[2]]
    for words, seconds in SPANS.items():
        if words in text:
            return text.replace(words, " "), seconds
    return text, None


def _add(tags: dict[str, float], tag: str, weight: float) -> None:
    tags[tag] = max(tags.get(tag, 0.0), weight) if weight > 0 else min(tags.get(tag, 0.0), weight)


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
