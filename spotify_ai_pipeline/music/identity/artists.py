"""Artists: who is credited, however the credit is written."""

from __future__ import annotations

import re
from functools import lru_cache

from spotify_ai_pipeline.music.identity.languages import (
    CHANNELS,
    FEATURING,
    JOINING_SIGNS,
    JOINING_WORDS,
    SIGNS_WITHIN_NAMES,
    Words,
    words,
)
from spotify_ai_pipeline.music.identity.spelling import compact, fold

PROTECTED_NAMES = (
    "Earth, Wind & Fire",
    "Tyler, The Creator",
    "Simon & Garfunkel",
    "Crosby, Stills & Nash",
    "Crosby, Stills, Nash & Young",
    "Emerson, Lake & Palmer",
    "Blood, Sweat & Tears",
    "Peter, Paul & Mary",
    "Peter Bjorn and John",
    "Hall & Oates",
    "Brooks & Dunn",
    "Mumford & Sons",
    "Florence + the Machine",
    "Echo & the Bunnymen",
    "Belle and Sebastian",
    "Above & Beyond",
    "Chase & Status",
    "Angus & Julia Stone",
    "Ike & Tina Turner",
    "AC/DC",
    "Years & Years",
    "Of Monsters and Men",
    "Kool & The Gang",
    "Death from Above",
    "Iron & Wine",
    "Matt and Kim",
    "King Gizzard & The Lizard Wizard",
    "Nothing, Nowhere",
    "Me First and the Gimme Gimmes",
)
"""Artists whose names hold what elsewhere parts two artists: they are one, whatever their first part is the name of."""


def either(table: Words, fold_each: bool = False) -> str:
    """A pattern for any word of ``table`` where it stands as a word."""
    each = sorted({fold(word) if fold_each else word for word in words(table)}, key=len, reverse=True)
    return "|".join(re.escape(word) + (r"(?!\w)" if word[-1].isalnum() else "") for word in each)


GUEST = rf"(?<![\w-])(?:{either(FEATURING)})\.?\s*(?!\d|[ivx]+\b)"
"""What stands before a guest; "part. 2" is none."""

_FEATURED = re.compile(rf"(?<=\S)\s*[\(\[]?{GUEST}(?<=[\s./])[^\)\]]+[\)\]]?\s*$", re.IGNORECASE)
_GUESTS = re.compile(rf"(?<=\S)[\(\[\s]+{GUEST}(?<=[\s./])([^\)\]]+)", re.IGNORECASE)
_ANYWHERE = re.escape("".join(sign for sign in JOINING_SIGNS if sign not in SIGNS_WITHIN_NAMES))
_SEPARATOR = re.compile(
    rf"\s+(?:{either(JOINING_WORDS)})(?=\s+\S)|\s+[{re.escape(SIGNS_WITHIN_NAMES)}]\s+|\s*[{_ANYWHERE}]\s*",
    re.IGNORECASE,
)
_AND = re.compile(r"(?:^| )and(?: |$)")
_SUFFIX = re.compile(r"\s*[\(\[].*$|\s+-\s+.*$|\s+official(?:\s+channel)?$", re.IGNORECASE)
_CHANNEL = re.compile(rf"(?<=\S)\s*vevo$|\s+(?:{either(CHANNELS)})$", re.IGNORECASE)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def channel_owner(artist: str) -> str:
    """The artist whose channel this is: "AdeleVEVO" and "Adele - Topic" are Adele's."""
    owner = _CHANNEL.sub("", artist)
    return _CAMEL.sub(" ", owner) if owner != artist and " " not in owner else owner


@lru_cache(maxsize=131_072)
def credited(artist: str) -> tuple[str, ...]:
    """The names in a credit, folded, in order, without "The" and without those behind "feat."; one for a protected name."""
    main = _FEATURED.sub("", channel_owner(artist))
    if (whole := _bare(main)) in _protected():
        return (whole,)
    parts = [part for piece in _SEPARATOR.split(main) if piece for part in _AND.split(fold(piece))]
    names = tuple(name for part in parts if (name := part.strip().removeprefix("the ")) and name != "the")
    return names or (fold(artist),)


@lru_cache(maxsize=131_072)
def artist_key(artist: str) -> str:
    """What all spellings of a credit share: its names in alphabetical order, in one word.

    "Beatles, The" is "The Beatles", "B & A" is "A, B", "Barber, Samuel" stays apart from "Samuel Barber".
    """
    return "".join(sorted(compact(name) for name in credited(artist)))


def guests(text: str) -> tuple[str, ...]:
    """The names behind "feat." in a credit or title, folded."""
    found = _GUESTS.search(text)
    return credited(found[1].strip()) if found is not None else ()


@lru_cache(maxsize=131_072)
def without_suffix(artist: str) -> str:
    """The name without what a tagger hung on: "Radiohead (On a Friday)", "Poe - Haunted"."""
    return _SUFFIX.sub("", artist).strip() or artist


def _bare(artist: str) -> str:
    return "".join(word for word in fold(artist).split() if word not in ("and", "the"))


@lru_cache(maxsize=1)
def _protected() -> frozenset[str]:
    return frozenset(map(_bare, PROTECTED_NAMES))
