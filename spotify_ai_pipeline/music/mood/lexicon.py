"""The lexicon of moods: two thousand words and idioms, each a direction on six features and the tags that songs of its kind bear.

Directions (-1 far below the library's median .. 1 far above) are priors from the words' meaning, not learned. The words are in
``lexicon.json``, each with its other forms (``also``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from spotify_ai_pipeline.music.mood.grammar import plain

AXES = ("valence", "energy", "tempo", "acousticness", "danceability", "instrumentalness")


@dataclass(frozen=True)
class Entry:
    """One word: its direction on some of ``AXES``, and tags that mean the same or go with it."""

    axes: Mapping[str, float]
    tags: tuple[str, ...]


_WORDS: dict[str, Any] = json.loads(files("spotify_ai_pipeline.music.mood").joinpath("lexicon.json").read_text("utf-8"))
LEXICON = {word: Entry(said["axes"], tuple(said.get("tags", ()))) for word, said in _WORDS.items()}
SAME: dict[str, str] = {form: word for word, said in _WORDS.items() for form in said.get("also", ())}
"""Other forms of the lexicon's words, idioms, and words of other languages, each with its word."""

FORMS: dict[str, str] = {plain(form): word for form, word in (SAME | {word: word for word in LEXICON}).items()}
"""Every form without accents and signs, with its word."""
SINGLE = tuple(form for form in FORMS if " " not in form)
MOODS: tuple[str, ...] = (
    "calm",
    "energetic",
    "happy",
    "sad",
    "angry",
    "romantic",
    "party",
    "workout",
    "focus",
    "sleepy",
    "cozy",
    "dreamy",
)
"""Words to name where the listener's own were not understood."""

_UNPARTED = re.compile(
    "|".join(sorted((form for form in FORMS if re.match(r"[\u3040-\u9fff\uac00-\ud7af]", form)), key=len, reverse=True))
)


def parted(text: str) -> str:
    """``text`` with spaces around the lexicon's words in scripts that part no words, or write their endings on to them."""
    return _UNPARTED.sub(lambda found: f" {found[0]} ", text)
