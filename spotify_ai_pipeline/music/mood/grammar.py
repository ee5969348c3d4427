"""The grammar of moods: which words deny, soften, strengthen, compare and join, and where a clause ends.

The words, of nine languages, are in ``grammar.json``.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable
from importlib.resources import files


def plain(text: str) -> str:
    """Lower case without accents and signs, words parted by single spaces ("Late-night" is "late night", "R&B" is "r b")."""
    parts = unicodedata.normalize("NFKD", text.casefold().replace("œ", "oe"))
    bare = "".join(sign for sign in parts if not "\u0300" <= sign <= "\u036f")
    return " ".join(re.findall(r"[^\W_]+", unicodedata.normalize("NFC", bare)))


_DATA: dict[str, list[str]] = json.loads(
    files("spotify_ai_pipeline.music.mood").joinpath("grammar.json").read_text("utf-8")
)


def _words(kind: str) -> frozenset[str]:
    return frozenset(map(plain, _DATA[kind]))


NEGATIONS = _words("negations")
"""Words that turn around what follows them."""
AFFIRMATIONS = _words("affirmations")
"""Words that look like a denial and are none."""
STRONGER, SOFTER = _words("stronger"), _words("softer")
LINKS = _words("links")
"""Words that carry a denial on: "not loud or fast"."""
COMPARED = _words("compared")
"""Words before what something is compared with."""
FILLERS = _words("fillers") | STRONGER | SOFTER | LINKS
"""Words that say nothing of a mood by themselves."""

_BREAK = re.compile(rf"[,.;:!?…、。]|\b(?:but(?! rather)|{'|'.join(_DATA['breaks'])})\b", re.IGNORECASE)
_CONTRACTION = re.compile(r"n['’]t\b")
_WHOLE = re.compile(
    r"\bthe (?:exact |very |total )?opposite\b(?! of)|\bdas gegenteil\b(?! von)|\ble contraire\b(?! de)"
)
"""What turns around all that was said: "so wound up, I need the opposite"."""
_REFUSED = re.compile(
    r"\b(?:is|are|isnt|arent|s|would be)?\s*"
    r"(?:not what|(?:really )?the last thing|out of the question|not for me|not my thing|no good)(?: that)?"
    r"(?: i(?: really)? (?:want|need|like)| im after)?(?: now| today| right now| tonight)?$"
    r"|\b(?:no thanks?|nein danke|non merci|no gracias|no grazie|nao obrigad[oa])(?: you)?$|\b(?:is|are) not$"
)
"""What follows the words that it denies: "calm is the last thing I want"."""


def clauses(text: str) -> list[list[str]]:
    """The words of each clause of ``text``; marks and words such as "but" end one."""
    lowered = _CONTRACTION.sub("nt", text.casefold()).replace("anything but", "without")
    lowered = re.sub(r"['’](?=[mdsvlr])", "", lowered)
    return [words for part in _BREAK.split(lowered) if (words := plain(part).split())]


def refused(words: list[str]) -> tuple[list[str], bool]:
    """A clause without the words at its end that deny all of it, and whether there were such words."""
    text = " ".join(words)
    found = _REFUSED.search(text)
    return (text[: found.start()].split(), True) if found and found.start() else (words, False)


def turned_around(text: str) -> tuple[str, bool]:
    """``text`` without the words that turn all of it around, and whether there were such words."""
    found = _WHOLE.subn(" ", text.casefold())
    return found[0], found[1] > 0


def runs(words: list[str], place: int, longest: int) -> Iterable[str]:
    """The runs of words that begin at ``place``, the longest first."""
    return (" ".join(words[place : place + n]) for n in range(min(longest, len(words) - place), 0, -1))


LONGEST = max(len(phrase.split()) for phrase in NEGATIONS | AFFIRMATIONS)
