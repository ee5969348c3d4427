"""One line why a new song may fit, from a language model: what it is told, what it may answer, and what is believed of it.

A model is told facts and may put them into words. A line counts only where it rests on those facts and names nothing else:
no name, no number and no quotation that it was not given.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel, Field

LONGEST = 160


class Line(BaseModel):
    """One line as a model gives it."""

    song: int = Field(description="the number of the song, as given")
    line: str = Field(description="one sentence")
    rests_on: list[str] = Field(description="the given tags and facts that the line rests on, spelled as given")


class Lines(BaseModel):
    lines: list[Line]


@dataclass(frozen=True)
class Facts:
    """A new song as it is known: its names, its tags, and why the sources put it forward."""

    artist: str
    title: str
    tags: list[str]
    because: list[str]

    @property
    def every(self) -> list[str]:
        return [*self.tags, *self.because]


def question(songs: Sequence[Facts]) -> str:
    """The facts as JSON: names and tags are quoted data, whatever they say."""
    return json.dumps(
        {"songs": [{"song": number, **vars(one)} for number, one in enumerate(songs)]}, ensure_ascii=False, indent=1
    )


def grounded(answer: Lines, songs: Sequence[Facts]) -> dict[int, str]:
    """The lines that can be believed, by the song's place."""
    believed: dict[int, str] = {}
    for given in answer.lines:
        line = " ".join(given.line.split())
        if 0 <= given.song < len(songs) and given.song not in believed and _sound(line, given, songs[given.song]):
            believed[given.song] = line
    return believed


def _sound(line: str, given: Line, facts: Facts) -> bool:
    """Tells whether a line is short and one sentence, rests on facts that it names, and names nothing that was not
    given."""
    told = " ".join([facts.artist, facts.title, *facts.every])
    known = set(_words(told))
    rest = [fact for fact in given.rests_on if fact in facts.every]
    named = any(set(_words(fact)) & set(_words(line)) for fact in rest)
    first, *others = re.findall(r"[^\W_]+", line) or [""]
    names = [word for word in others if word[0].isupper() or word[0].isdigit()]
    if first[:1].isdigit():
        names.append(first)
    return (
        1 < len(line) <= LONGEST
        and not re.search(r"[.!?](?=\s)", _without(line, [facts.artist, facts.title, *facts.every]))
        and bool(rest)
        and len(rest) == len(given.rests_on)
        and named
        and all(name.casefold() in known for name in names if name != "I")
    )


def _without(line: str, given: Sequence[str]) -> str:
    """``line`` without what was given: "St. Vincent" ends no sentence."""
    for text in filter(None, given):
        line = line.replace(text, "")
    return line


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.casefold())
