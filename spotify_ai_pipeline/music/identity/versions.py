"""Versions: what stands behind a title, read as data.

A remaster is the same recording under another label; a live take, an acoustic version or an edit is another recording. The
labels stand in ``languages``.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import chain

from spotify_ai_pipeline.music.identity.artists import GUEST, either
from spotify_ai_pipeline.music.identity.languages import (
    AROUND_LABELS,
    FROM,
    IN_ENGLISH,
    OTHER_RECORDING,
    REMASTERS,
    SAME_RECORDING,
    SESSIONS,
    Words,
    words,
)
from spotify_ai_pipeline.music.identity.spelling import fold

_OPEN, _CLOSE = r"[\(\[\{（【「『〔［]", r"[\)\]\}）】」』〕］]"
_FEATURED = re.compile(
    rf"\s*(?:[\(\[\{{（【]\s*{GUEST}[^\)\]\}}）】]*[\)\]\}}）】]"
    rf"|\s-\s{GUEST}.*$|(?<=\S)\s{GUEST}(?=\S)(?:(?!\s[-–—(\[{{]).)*)",
    re.IGNORECASE,
)
_BRACKETED = re.compile(rf"\s*{_OPEN}([^\(\)\[\]\{{\}}（）【】「」『』〔〕［］]*){_CLOSE}")
_DASHED = re.compile(r"(?:\s+[-–—~/|•·:]|(?<=\S)[–—])\s+(?!.*\s[-–—~/|•·:]\s)(\S.*?)\s*$")
_YEAR = re.compile(r"\s*(?:19|20)\d\d\s*")
_QUOTED = re.compile(r"[\"“”„«»][^\"“”„«»]*[\"“”„«»]|(?<!\w)['‘][^'’]*['’](?!\w)")
_FROM = re.compile(rf"\s*(?:{either(FROM)})\s", re.IGNORECASE)
_HINT = re.compile(r"[\(\[\{（【「『〔［\-–—~/|•·:]|feat|ft\.|f/|part\.|master|マスター|마스터", re.IGNORECASE)
_FILLER = frozenset(
    {"version", "ver", "the", "a", "recording", "recorded", "performance", "in", "at", "from", "on", "and"}
    | {
        fold(word)
        for word in (
            "versão",
            "versione",
            "versie",
            "versio",
            "versiyon",
            "версия",
            "версія",
            "wersja",
            "verze",
            "バージョン",
        )
    }
)


def _pattern(*tables: Words) -> str:
    """A pattern for any entry of ``tables`` in folded text; scripts that part no words are found within them."""
    each = sorted({fold(word) for word in chain(*map(words, tables))}, key=len, reverse=True)
    return "|".join(rf"(?<!\w){re.escape(word)}(?!\w)" if _parts_words(word) else re.escape(word) for word in each)


def _parts_words(word: str) -> bool:
    return not re.search("[\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u3040-\u9fff\uac00-\ud7ff]", word)


_AROUND = rf"(?:{_pattern(AROUND_LABELS)}|(?<!\w)\d+(?:st|nd|rd|th|e|er)?(?![a-z\d]))"
_SAME = re.compile(
    rf"(?:{_AROUND}\s*)*(?:{_pattern(REMASTERS)}|{_pattern(SAME_RECORDING)})(?:\s*(?:{_AROUND}|{_pattern(REMASTERS)}))*"
)
_OTHER = re.compile(_pattern(OTHER_RECORDING))
_SESSION = re.compile(_pattern(SESSIONS))
_ENGLISH = {fold(word): english for word, english in (entry.split("=") for entry in words(IN_ENGLISH))}
_FOREIGN = re.compile(
    "|".join(
        rf"(?<!\w){re.escape(word)}(?!\w)" if _parts_words(word) else re.escape(word)
        for word in sorted(_ENGLISH, key=len, reverse=True)
    )
)
_TRAILING_REMASTER = re.compile(
    rf"(?<=\w)[\w\"'!?.)\]]*\s+((?:(?:19|20)\d\d\s+)?(?:digital(?:ly)?\s+)?(?:{either(REMASTERS)})(?:\s+(?:19|20)\d\d)?)\s*$",
    re.IGNORECASE,
)


@lru_cache(maxsize=131_072)
def split_version(title: str) -> tuple[str, str]:
    """(title without its version, version), e.g. ("Iron Man - 2012 - Remaster") -> ("Iron Man", "").

    Featured artists are dropped; labels of the same recording (remaster, mono, album version) are dropped; words that name
    another one (live, acoustic, edit) are the version: folded, in alphabetical order, so that "Remix by A" is "A remix by".
    Whatever names neither belongs to the title: "(I Can't Get No) Satisfaction", '(From "Frozen")'.
    """
    if not _HINT.search(title):
        return title, ""
    core, version, stays = _FEATURED.sub("", title), list[str](), ""
    for found in _BRACKETED.finditer(core):
        if not core.replace(found.group(0), "", 1).strip():
            break  # nothing but a bracket: it is the title
        described = _label(found.group(1))
        if described is not None:
            core = core.replace(found.group(0), " ", 1)
            version.append(described)
    years = ""
    while (found := _DASHED.search(core)) and found.start() > 0:
        described = _label(found.group(1))
        if described is None and not version and _FROM.match(found.group(1)) and not stays:
            stays = found.group(0)  # the work that it was made for; a label may stand before it
        elif described is None and _YEAR.fullmatch(found.group(1)) and not stays:
            years = found.group(0) + years  # a year may belong to the label before or after it
        elif described is None:
            break
        else:
            version.append(described)
        core = core[: found.start()]
    if years and not version:
        core += years
    if (remaster := _TRAILING_REMASTER.search(core)) is not None:
        core = core[: remaster.start(1)]
    core = core.rstrip() + stays
    said = _FOREIGN.sub(lambda found: f" {_ENGLISH[found[0]]} ", fold(" ".join(version)))
    told = {word for word in said.split() if word}
    telling = told - _FILLER or told
    return (" ".join(core.split()) or title), " ".join(sorted(telling)) if "".join(version).strip() else ""


def names_version(words: str) -> bool:
    """Whether ``words`` hold one that names another recording."""
    return _OTHER.search(fold(words)) is not None


def is_from(words: str) -> bool:
    """Whether ``words`` begin as the name of the work does that a song was made for."""
    return _FROM.match(words) is not None


@lru_cache(maxsize=16_384)
def _label(label: str) -> str | None:
    """The version that ``label`` names: "" for the same recording, None where it names no version at all."""
    said = fold(label)
    if _FROM.match(label):  # the name of a film may hold any word
        session = _SESSION.search(said) or _OTHER.search(fold(_QUOTED.sub(" ", label)))
        return said if session is not None else None
    rest = _SAME.sub(" ", said)
    if _OTHER.search(rest):
        return rest
    return "" if rest != said and not rest.strip() else None
