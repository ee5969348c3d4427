"""Slips of the pen in words of a mood: "energtic" is "energetic", while "sand" is not "sad"."""

from __future__ import annotations

from collections.abc import Container, Sequence

from rapidfuzz import process
from rapidfuzz.distance import OSA

SHORTEST = 4
LONG = 8
"""Letters from which two slips may be in one word."""
ALIKE = (frozenset("aeiouy"), frozenset("cskz"), frozenset("td"), frozenset("vf"))
"""Letters that are written for each other."""
_ENDINGS = {
    "": "s es er ers en em e n a o os as i ly ness ish ed ing ego ej ych ym est y ie t",
    "e": "er est ing ed y",
    "y": "ier iest ily iness ies ego ej ych ym a e i",
    "o": "os as i e a mente",
    "a": "os as i e o mente",
}
ENDINGS = {
    ending: [stem for stem, its in _ENDINGS.items() if ending in its.split()]
    for ending in sorted({one for its in _ENDINGS.values() for one in its.split()}, key=len)
}
"""Endings of words in several languages, each with what may stand in their place: "rowdier" is of "rowdy"."""


def corrected(word: str, known: Sequence[str]) -> str | None:
    """The one of the ``known`` words that ``word`` was meant to be; None where none is near enough.

    A slip is a letter doubled or not, two letters swapped, or one for another of like sound; in words of six letters and more
    also one that is missing or too many, in words of eight one for another. The first letter is never wrong.
    """
    if len(word) < SHORTEST:
        return None
    near = process.extract(
        word, [one for one in known if one[0] == word[0]], scorer=OSA.distance, limit=5, score_cutoff=2
    )
    found = [(distance, one) for one, distance, _ in near if _slip(word, one, int(distance))]
    return min(found)[1] if found else None


def inflected(word: str, known: Container[str]) -> str | None:
    """The one of the ``known`` words of which ``word`` is another form; None where it is of none."""
    for ending, stems in ENDINGS.items():
        bare = word.removesuffix(ending)
        if bare == word or len(bare) < SHORTEST:
            continue
        for stem in stems:
            if bare + stem in known:
                return bare + stem
    return None


def nearest(words: Sequence[str], known: Sequence[str], count: int = 3) -> list[str]:
    """The ``known`` words that look most like any of ``words``, best first."""
    best: dict[str, float] = {}
    for word in words:
        for one, score, _ in process.extract(word, known, scorer=OSA.normalized_similarity, limit=count):
            best[one] = max(best.get(one, 0.0), score)
    return sorted(best, key=lambda one: (-best[one], one))[:count]


def _slip(word: str, meant: str, distance: int) -> bool:
    if distance > 1:
        return min(len(word), len(meant)) >= LONG
    if len(word) == len(meant):
        wrong = [(one, other) for one, other in zip(word, meant, strict=True) if one != other]
        swapped = len(wrong) == 2
        return swapped or len(word) >= LONG or (len(word) >= 5 and any({*wrong[0]} <= group for group in ALIKE))
    if _undoubled(word) == _undoubled(meant):
        return True
    return min(len(word), len(meant)) >= 6


def _undoubled(word: str) -> str:
    return "".join(sign for place, sign in enumerate(word) if place == 0 or word[place - 1] != sign)
