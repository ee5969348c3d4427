"""The lexicon of moods: a few hundred common words, each a direction on six features and the tags that songs of its kind bear.

Directions (-1 far below the library's median .. 1 far above) are priors from the words' meaning, not learned. The words are in
``lexicon.json``, each with its other forms (``also``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

AXES = ("valence", "energy", "tempo", "acousticness", "danceability", "instrumentalness")


@dataclass(frozen=True)
class Entry:
    """One word: its direction on some of ``AXES``, and tags that mean the same or go with it."""

    axes: Mapping[str, float]
    tags: tuple[str, ...]


_WORDS: dict[str, Any] = json.loads(files("spotify_ai_pipeline.music.mood").joinpath("lexicon.json").read_text("utf-8"))
LEXICON = {word: Entry(said["axes"], tuple(said.get("tags", ()))) for word, said in _WORDS.items()}
SAME: dict[str, str] = {form: word for word, said in _WORDS.items() for form in said.get("also", ())}
"""Other forms of the lexicon's words, each with its word."""
