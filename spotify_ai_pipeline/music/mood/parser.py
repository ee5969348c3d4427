"""Moods in words: what "rainy sunday, nothing too loud" asks of audio features, tags and years; how features are called.

Understood are the words of the lexicon, the library's own tags, decades, and spans of time; what is none of these is named,
never guessed. A word that denies turns around what follows it, up to the next mark or "but".
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from spotify_ai_pipeline.durations import DAY, HOUR, MINUTE, WEEK
from spotify_ai_pipeline.music.mood.lexicon import LEXICON, SAME

NEGATIONS = frozenset(
    {
        "not",
        "no",
        "without",
        "less",
        "never",
        "nothing",
        "none",
        "hardly",
        "dont",
        "isnt",
        "wont",
        "cant",
        "stop",
        "avoid",
    }
) | {"anything but", "opposite of", "tired of", "too tired for", "sick of", "instead of", "less of"}
STRONGER = frozenset({"very", "really", "super", "more", "extremely", "so"})
_FILLERS = (
    "a an and the some something anything music songs song tunes stuff for of in with to on at by from as it its is are be am i "
    "im me my we us you that this these which who please just need want wants like give play put make get hear listen "
    "listening feel feeling mood too bit little kind sort rather quite maybe about while when after before up today now go "
    "going lets time day let have has any or nor but then"
)
FILLERS = frozenset(_FILLERS.split())
LINKS = frozenset({"or", "nor"})
"""Words that carry a denial on: "not loud or fast"."""

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
    """What a text asks for: ``axes`` from -1 to 1 (features that it does not speak of are absent), ``tags`` with weights
    (negative: not this), its words, understood and not, names of the listener's ``clusters``, ``eras`` as first and last
    year, and for how long (None: it does not say)."""

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


def understand(text: str, vocabulary: Collection[str] = (), clusters: Collection[str] = ()) -> MoodQuery:
    """What ``text`` asks for, in words of the lexicon, of ``vocabulary`` (tags that the library knows) and of ``clusters``.

    The longest run of words that is known is taken first ("drum and bass"). Tags that the vocabulary lacks are left out,
    unless it is empty.
    """
    known = {_plain(tag): tag for tag in vocabulary}
    lowered = re.sub(r"n['’]t\b", "nt", text.casefold())
    lowered, seconds = _span(lowered)
    lowered, eras, said_eras = _eras(lowered)
    named = [cluster for cluster in clusters if f" {_plain(cluster)} " in f" {_plain(lowered)} "]
    for cluster in named:
        lowered = _plain(lowered).replace(_plain(cluster), " ")
    axes: dict[str, list[float]] = {}
    tags: dict[str, float] = {}
    understood: list[str] = [*named, *said_eras]
    unknown: list[str] = []
    longest = max(len(key.split()) for keys in (known, LEXICON, SAME, NEGATIONS) for key in [*keys, ""])
    for clause in re.split(r"[,.;:!?]|\bbut (?!rather)", lowered.replace("anything but", "without")):
        words = _plain(clause).split()
        sign = strength = 1.0
        place = 0
        while place < len(words):
            runs = (" ".join(words[place : place + n]) for n in range(min(longest, len(words) - place), 0, -1))
            said = next((run for run in runs if run in known or run in LEXICON or run in SAME or run in NEGATIONS), "")
            word = words[place]
            place += max(len(said.split()), 1)
            if said in NEGATIONS:
                sign = -1.0
                continue
            if not said:
                if word in STRONGER:
                    strength = 1.5
                elif word not in FILLERS:
                    unknown.append(word)
                continue
            entry = LEXICON.get(SAME.get(said, said))
            understood.append(f"not {said}" if sign < 0 else said)
            if said in known:
                _add(tags, known[said], sign * strength)
            for axis, value in entry.axes.items() if entry else ():
                axes.setdefault(axis, []).append(sign * strength * value)
            for tag in entry.tags if entry else ():
                if (its_name := known.get(_plain(tag), "" if known else tag)) and its_name != known.get(said):
                    _add(tags, its_name, sign * strength / 2)
            carried = place < len(words) and words[place] in LINKS
            sign, strength = (sign if carried else 1.0), 1.0
    means = {axis: max(-1.0, min(1.0, sum(values) / len(values))) for axis, values in axes.items()}
    return MoodQuery(means, tags, understood, unknown, named, eras, seconds)


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


def _plain(text: str) -> str:
    """Lower case, words parted by single spaces, signs left out ("Late-night" is "late night", "R&B" is "r b")."""
    return " ".join(re.findall(r"[^\W_]+", text.casefold()))
