"""Moods from a language model: what it is told, the small form that it fills in, and what of that is believed."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Sequence

from pydantic import BaseModel, Field

from spotify_ai_pipeline.durations import HOUR
from spotify_ai_pipeline.music.mood.parser import MoodQuery

MOST_TAGS, MOST_HOURS = 150, 24.0 * 30
LONGEST_TEXT = 500
"""Characters of the listener's words that are passed on."""

FIELDS = ("valence", "energy", "tempo", "acousticness")


class Years(BaseModel):
    first: int = Field(description="the first year, such as 1990")
    last: int = Field(description="the last year, such as 1999")


class MoodAnswer(BaseModel):
    """The form. There is no place in it for a title or an artist."""

    valence: float | None = Field(description="-1 sad or dark .. 1 happy; null: not spoken of")
    energy: float | None = Field(description="-1 calm or quiet .. 1 energetic or loud; null: not spoken of")
    tempo: float | None = Field(description="-1 slow .. 1 fast; null: not spoken of")
    acousticness: float | None = Field(description="-1 electric .. 1 acoustic; null: not spoken of")
    tags: list[str] = Field(description="up to six of the given tags that fit, spelled as given")
    not_tags: list[str] = Field(description="up to six of the given tags that are not wanted, spelled as given")
    clusters: list[str] = Field(description="up to two of the given clusters that fit, spelled as given")
    eras: list[Years] = Field(description="spans of years that are asked for; empty: none is")
    hours: float | None = Field(description="for how many hours it should hold; null: not spoken of")


def question(text: str, tags: Sequence[str], clusters: Sequence[str]) -> str:
    """The listener's words and what the answer may be made of, as JSON; ``tags`` best first."""
    told = {"wish": " ".join(text.split())[:LONGEST_TEXT], "tags": list(tags[:MOST_TAGS]), "clusters": list(clusters)}
    return json.dumps(told, ensure_ascii=False, indent=1)


def grounded(answer: MoodAnswer, text: str, tags: Collection[str], clusters: Collection[str]) -> MoodQuery:
    """Gives what can be believed of an answer: numbers brought into their range, only tags and clusters of the
    listener's own, and only years that the words speak of. Empty where nothing is left."""
    axes = {name: max(-1.0, min(1.0, value)) for name in FIELDS if (value := getattr(answer, name)) is not None}
    known_tags, known_clusters = {tag.casefold(): tag for tag in tags}, {name.casefold(): name for name in clusters}
    liked = [known_tags[tag.casefold()] for tag in answer.tags if tag.casefold() in known_tags]
    unwanted = [known_tags[tag.casefold()] for tag in answer.not_tags if tag.casefold() in known_tags]
    weights = dict.fromkeys(liked, 1.0) | {tag: -1.0 for tag in unwanted if tag not in liked}
    near = [known_clusters[name.casefold()] for name in answer.clusters if name.casefold() in known_clusters]
    dated = re.search(r"\d\d|ties|teens|old|new|recent|modern|classic|era|decade", text.casefold()) is not None
    eras = [(era.first, era.last) for era in answer.eras if dated and 1900 <= era.first <= era.last <= 2100]
    seconds = answer.hours * HOUR if answer.hours and 0 < answer.hours <= MOST_HOURS else None
    called = [f"{name} {value:+.1f}" for name, value in axes.items() if value]
    return MoodQuery({name: value for name, value in axes.items() if value}, weights, called, [], near, eras, seconds)
