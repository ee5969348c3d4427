"""Moods in words: what "rainy late-night piano" asks of the audio features and of the tags, and how features are called.

A lexicon of common words, each a direction on six features (-1 far below the library's median .. 1 far above) and the tags
that songs of its kind bear. Directions are priors from the words' meaning, not learned. Words of the library's own tags
are understood too; what is neither is named, never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

AXES = ("valence", "energy", "tempo", "acousticness", "danceability", "instrumentalness")


@dataclass(frozen=True)
class Entry:
    """One word: its direction on some of ``AXES``, and tags that mean the same or go with it."""

    axes: Mapping[str, float] = field(default_factory=dict[str, float])
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Wish:
    """What a text asks for: ``axes`` from -1 to 1 (features that it does not speak of are absent), ``tags`` with weights
    (negative: not this), and its words, understood and not."""

    axes: dict[str, float]
    tags: dict[str, float]
    understood: list[str]
    unknown: list[str]


def _entry(tags: str = "", **axes: float) -> Entry:
    return Entry(axes, tuple(filter(None, tags.split(", "))))


LEXICON: dict[str, Entry] = {
    "calm": _entry("mellow, ambient, chillout, chill", energy=-1, tempo=-0.5),
    "quiet": _entry("mellow, ambient", energy=-1, acousticness=0.5),
    "soft": _entry("mellow, soft rock", energy=-0.8, acousticness=0.5),
    "gentle": _entry("mellow", energy=-0.8, acousticness=0.5),
    "relaxed": _entry("mellow, chillout, downtempo", energy=-0.8, tempo=-0.3),
    "chill": _entry("chillout, chill, downtempo, mellow", energy=-0.6, tempo=-0.3),
    "peaceful": _entry("ambient, mellow, new age", energy=-1, acousticness=0.6),
    "sleepy": _entry("ambient, mellow, sleep", energy=-1, tempo=-0.6, instrumentalness=0.4),
    "dreamy": _entry("dream pop, shoegaze, ethereal", energy=-0.4, danceability=-0.2),
    "energetic": _entry("energetic, party", energy=1, tempo=0.4),
    "lively": _entry("energetic", energy=0.8, valence=0.5, tempo=0.4),
    "powerful": _entry("energetic", energy=1),
    "loud": _entry("noise rock, hard rock, metal", energy=1, acousticness=-0.6),
    "heavy": _entry("metal, heavy metal, hard rock, doom metal", energy=1, acousticness=-0.8),
    "hard": _entry("hard rock, hardcore, metal", energy=1, acousticness=-0.7),
    "intense": _entry("energetic", energy=1),
    "angry": _entry("metal, hardcore, punk, aggressive", energy=1, valence=-0.6),
    "aggressive": _entry("aggressive, metal, hardcore", energy=1, valence=-0.5),
    "happy": _entry("happy, feel good", valence=1, energy=0.4),
    "cheerful": _entry("happy", valence=1, energy=0.3),
    "sunny": _entry("summer, happy, surf", valence=0.9, energy=0.3),
    "summer": _entry("summer, reggae, surf", valence=0.8, danceability=0.4),
    "uplifting": _entry("uplifting, happy", valence=0.8, energy=0.6),
    "fun": _entry("fun, party", valence=0.8, danceability=0.5),
    "sad": _entry("sad, melancholic, melancholy", valence=-1, energy=-0.4),
    "melancholic": _entry("melancholic, melancholy, sad", valence=-0.8, energy=-0.4),
    "gloomy": _entry("dark, melancholic, gothic", valence=-0.9, energy=-0.2),
    "dark": _entry("dark, dark ambient, gothic, darkwave", valence=-0.9),
    "heartbroken": _entry("sad, melancholic, love", valence=-0.8, energy=-0.4, acousticness=0.3),
    "lonely": _entry("melancholic, sad, singer-songwriter", valence=-0.7, energy=-0.5),
    "nostalgic": _entry("oldies, classic rock, 80s", valence=0.1),
    "romantic": _entry("love, romantic, soul", energy=-0.4, valence=0.2),
    "rain": _entry("melancholic, mellow, ambient", energy=-0.6, valence=-0.5, acousticness=0.4),
    "winter": _entry("melancholic, folk, ambient", energy=-0.5, valence=-0.3, acousticness=0.4),
    "autumn": _entry("folk, melancholic, singer-songwriter", energy=-0.4, valence=-0.2, acousticness=0.6),
    "night": _entry("downtempo, trip-hop, ambient, chillout", energy=-0.4, valence=-0.3, tempo=-0.2),
    "late": _entry("downtempo, chillout", energy=-0.3),
    "midnight": _entry("downtempo, trip-hop, ambient", energy=-0.4, valence=-0.3),
    "evening": _entry("mellow, chillout", energy=-0.3),
    "morning": _entry("acoustic, folk, mellow", energy=-0.2, valence=0.4, acousticness=0.4),
    "sunday": _entry("mellow, acoustic, soul", energy=-0.4, valence=0.3, acousticness=0.3),
    "fast": _entry("punk, speed metal, drum and bass", tempo=1, energy=0.6),
    "slow": _entry("downtempo, slowcore", tempo=-1, energy=-0.4),
    "dance": _entry("dance, danceable, house, disco", danceability=1, energy=0.5),
    "groovy": _entry("groove, funk, groovy", danceability=0.9, valence=0.4),
    "party": _entry("party, dance, dance pop", danceability=0.9, energy=0.8, valence=0.6),
    "workout": _entry("energetic, workout", energy=1, tempo=0.7, danceability=0.4),
    "running": _entry("energetic", energy=0.9, tempo=0.8),
    "driving": _entry("rock, classic rock", energy=0.6, tempo=0.4),
    "study": _entry("ambient, instrumental, modern classical", energy=-0.6, instrumentalness=0.9),
    "focus": _entry("ambient, instrumental, minimal", energy=-0.4, instrumentalness=0.9),
    "background": _entry("ambient, lounge", energy=-0.6, instrumentalness=0.5),
    "acoustic": _entry("acoustic, folk, singer-songwriter", acousticness=1, energy=-0.4),
    "unplugged": _entry("acoustic", acousticness=1, energy=-0.4),
    "electronic": _entry("electronic, techno, house", acousticness=-0.8),
    "electric": _entry("rock", acousticness=-0.7, energy=0.4),
    "instrumental": _entry("instrumental, post-rock, soundtrack", instrumentalness=1),
    "vocal": _entry("vocal, singer-songwriter", instrumentalness=-0.8),
    "piano": _entry("piano, classical, modern classical", acousticness=0.9, energy=-0.6, instrumentalness=0.4),
    "guitar": _entry("guitar, acoustic, rock", danceability=-0.1),
    "strings": _entry("classical, chamber pop, orchestral", acousticness=0.8, energy=-0.4),
    "orchestral": _entry("classical, orchestral, soundtrack", acousticness=0.6, instrumentalness=0.8),
    "old": _entry("oldies, classic rock, 60s, 70s", acousticness=0.3),
}

SAME = {
    "calming": "calm", "relaxing": "relaxed", "relax": "relaxed", "mellow": "relaxed", "tranquil": "peaceful",
    "sleep": "sleepy", "dream": "dreamy", "energy": "energetic", "noisy": "loud", "joyful": "happy", "joy": "happy",
    "upbeat": "lively", "feelgood": "happy", "melancholy": "melancholic", "moody": "gloomy", "blue": "sad",
    "love": "romantic", "rainy": "rain", "raining": "rain", "nighttime": "night", "nights": "night", "quick": "fast",
    "uptempo": "fast", "downtempo": "slow", "danceable": "dance", "dancing": "dance", "dancefloor": "dance",
    "groove": "groovy", "gym": "workout", "sport": "workout", "run": "running", "drive": "driving", "road": "driving",
    "studying": "study", "working": "focus", "work": "focus", "concentration": "focus", "summery": "summer",
    "singing": "vocal", "voice": "vocal", "vintage": "old", "retro": "old", "wintry": "winter", "autumnal": "autumn",
}  # fmt: skip
"""Other forms of the lexicon's words."""

NEGATIONS = frozenset({"not", "no", "without", "less", "never"})
STRONGER = frozenset({"very", "really", "super", "more"})
FILLERS = frozenset(
    {"a", "an", "and", "the", "some", "something", "music", "songs", "song", "for", "of", "in", "with", "to"}
)

CALLED = {
    "energy": ("calm", "energetic"),
    "valence": ("melancholic", "happy"),
    "acousticness": ("electric", "acoustic"),
    "danceability": ("", "danceable"),
    "instrumentalness": ("", "instrumental"),
    "tempo": ("slow", "fast"),
}
"""What the low and the high end of a feature are called; "" where it has no name of its own."""


def understand(text: str, vocabulary: Collection[str] = ()) -> Wish:
    """What ``text`` asks for, in words of the lexicon and of ``vocabulary`` (tags that the library knows).

    The longest run of words that is a tag is taken first ("drum and bass"); "not" turns the next word around. Tags that the
    vocabulary lacks are left out, unless it is empty.
    """
    known = {_plain(tag): tag for tag in vocabulary}
    words = _plain(text).split()
    longest = max([len(tag.split()) for tag in known], default=1)
    axes: dict[str, list[float]] = {}
    tags: dict[str, float] = {}
    understood: list[str] = []
    unknown: list[str] = []
    sign = strength = 1.0
    place = 0
    while place < len(words):
        word = words[place]
        size = next((n for n in range(longest, 0, -1) if " ".join(words[place : place + n]) in known), 0)
        said = " ".join(words[place : place + max(size, 1)])
        entry = LEXICON.get(SAME.get(said, said)) if size <= 1 else None
        place += max(size, 1)
        if not size and entry is None:
            if word in NEGATIONS:
                sign = -1.0
            elif word in STRONGER:
                strength = 1.5
            elif word not in FILLERS:
                unknown.append(word)
            continue
        understood.append(f"not {said}" if sign < 0 else said)
        if size:
            _add(tags, known[said], sign * strength)
        for axis, value in entry.axes.items() if entry else ():
            axes.setdefault(axis, []).append(sign * strength * value)
        for tag in entry.tags if entry else ():
            if (its_name := known.get(_plain(tag), "" if known else tag)) and its_name != known.get(said):
                _add(tags, its_name, sign * strength / 2)
        sign = strength = 1.0
    means = {axis: max(-1.0, min(1.0, sum(values) / len(values))) for axis, values in axes.items()}
    return Wish(means, tags, understood, unknown)


def describe(scores: Mapping[str, float], least: float = 0.3, most: int = 3) -> list[str]:
    """The features that stand out, in words, the strongest first; ``scores`` are in standard deviations from the median."""
    strong = sorted(scores.items(), key=lambda item: -abs(item[1]))
    words = [CALLED[name][score > 0] for name, score in strong if name in CALLED and abs(score) >= least]
    return list(filter(None, words))[:most]


def _add(tags: dict[str, float], tag: str, weight: float) -> None:
    tags[tag] = max(tags.get(tag, 0.0), weight) if weight > 0 else min(tags.get(tag, 0.0), weight)


def _plain(text: str) -> str:
    """Lower case, words parted by single spaces, signs left out ("Late-night" is "late night", "R&B" is "r b")."""
    return " ".join(re.findall(r"[^\W_]+", text.casefold()))
