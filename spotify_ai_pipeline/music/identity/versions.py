"""Versions: what stands behind a title, read as data.

A remaster is the same recording under another label; a live take, an acoustic version or an edit is another recording.
"""

from __future__ import annotations

import re
from functools import lru_cache

from spotify_ai_pipeline.music.identity.spelling import fold

_SAME_RECORDING = (
    r"(?:(?:19|20)\d\d\s+)?(?:digital(?:ly)?\s+|newly\s+)?re-?master(?:ed|ing)?(?:\s+(?:in\s+|version|edition|(?:19|20)\d\d))*"
    r"|(?:mono|stereo)(?:\s+version)?|(?:album|lp|original|original\s+album|main|full\s+length|explicit|clean|studio)\s+version"
    r"|single\s+version|original\s+mix|bonus(?:\s+track)?|explicit|clean|(?:super\s+)?deluxe(?:\s+(?:edition|version))?"
    r"|(?:\d+(?:st|nd|rd|th)\s+)?anniversary(?:\s+(?:edition|version))?|expanded(?:\s+edition)?"
    r"|(?:official\s+)?(?:(?:hd|hq|4k)\s+)?(?:music\s+|lyrics?\s+)?(?:video|audio)(?:\s+clip)?|official|with\s+lyrics|hd|hq"
    r"|(?:from\s+)?(?:the\s+)?(?:original\s+)?(?:motion\s+picture\s+)?soundtrack|ost"
)
_OTHER_RECORDING = (
    r"live|en\s+vivo|ao\s+vivo|en\s+directo?|unplugged|acoustic|ac[uú]stic[oa]|acoustique|demos?|instrumental|karaoke"
    r"|a\s?capp?ella|remix(?:ed)?|rmx|mix|mixed|edit(?:ed)?|extended|sessions?|takes?|cover(?:ed)?|tribute|orchestral"
    r"|symphonic|piano|strings?|stripped|versi[oó]n[e]?|vers[aã]o|ver\.?|re-?record(?:ed|ing)|sped\s+up|speed\s+up|slowed|nightcore|reverb"
    r"|reprise|dub|rehearsal|outtakes?|alternat(?:e|ive)|bootleg|mash-?up|rework(?:ed)?|flip|vip|reimagined|lullaby"
    r"|in\s+the\s+style\s+of|(?:originally\s+performed|made\s+famous|as\s+performed)\s+by|8-?bit|commentary|interview|skit"
    r"|backing\s+track|minus\s+one|sing-?along|medley|megamix|unreleased|dubstep|refix|chopped|screwed|home\s+recording|bbc"
    r"|ライブ|ライヴ|カラオケ|라이브"
)
_FEATURED = re.compile(
    r"\s*(?:[\(\[\{]\s*(?:feat|ft|featuring|with)\b\.?\s[^\)\]\}]*[\)\]\}]"
    r"|\s-\s(?:feat|ft|featuring)\b\.?\s.*$|(?<=\S)\s(?:feat\b|ft\.|featuring\b)\.?\s+(?=\S)(?:(?!\s[-–—(\[{]).)*)",
    re.IGNORECASE,
)
_BRACKETED = re.compile(r"\s*[\(\[\{（【]([^\(\)\[\]\{\}（）【】]*)[\)\]\}）】]")
_DASHED = re.compile(r"(?:\s+[-–—~/]|(?<=\S)[–—])\s+([^-–—~]+|.+?)$")
_TRAILING_REMASTER = re.compile(
    r"(?<=[^\s\-–—])\s+(?:(?:19|20)\d\d\s+(?:digital\s+)?)?remaster(?:ed)?(?:\s+(?:19|20)\d\d)?$", re.IGNORECASE
)
_SAME = re.compile(rf"(?<!\w)(?:{_SAME_RECORDING})(?!\w)", re.IGNORECASE)
_OTHER = re.compile(rf"(?<!\w)(?:{_OTHER_RECORDING})(?!\w)", re.IGNORECASE)
_FROM = re.compile(r"^\s*(?:music\s+|theme\s+|song\s+)?from\s", re.IGNORECASE)
_YEAR = re.compile(r"^\s*(?:19|20)\d\d\s*$")
_LIVE = re.compile(r"\blive\b", re.IGNORECASE)
_NOTHING_MORE = re.compile(r"[\W\d]|edition|version|the", re.IGNORECASE)
_HINT = re.compile(r"[\(\[\{（【\-–—~/]|feat|ft\.|remaster", re.IGNORECASE)
_FILLER = frozenset(
    {"version", "ver", "the", "a", "recording", "recorded", "performance", "in", "at", "from", "on", "and"}
)


@lru_cache(maxsize=131_072)
def split_version(title: str) -> tuple[str, str]:
    """(title without its version, version), e.g. ("Iron Man - 2012 - Remaster") -> ("Iron Man", "").

    Featured artists are dropped; labels of the same recording (remaster, mono, album version) are dropped; words that name
    another one (live, acoustic, edit) are the version: folded, in alphabetical order, so that "Remix by A" is "A remix by".
    A bracket with neither belongs to the title: "(I Can't Get No) Satisfaction".
    """
    if not _HINT.search(title):
        return title, ""
    core, version = _TRAILING_REMASTER.sub("", _FEATURED.sub("", title)), list[str]()
    for found in _BRACKETED.finditer(core):
        if not core.replace(found.group(0), "", 1).strip():
            break  # nothing but a bracket: it is the title
        described = _label(found.group(1))
        if described is not None:
            core = core.replace(found.group(0), " ", 1)
            version.append(described)
    while (found := _DASHED.search(core)) and found.start() > 0:
        described = "" if _YEAR.match(found.group(1)) else _label(found.group(1))
        if described is None:
            break
        core = core[: found.start()]
        version.append(described)
    words = {word for word in fold(" ".join(version)).split() if word}
    telling = words - _FILLER or words
    return (" ".join(core.split()) or title), " ".join(sorted(telling)) if "".join(version).strip() else ""


def names_version(words: str) -> bool:
    """Whether ``words`` hold one that names another recording."""
    return _OTHER.search(words) is not None


def _label(words: str) -> str | None:
    """The version that ``words`` name: "" for the same recording, None where they name no version at all."""
    rest = _SAME.sub(" ", words)
    if _FROM.match(words) and not _LIVE.search(words):
        return ""
    if _OTHER.search(rest):
        return rest
    return "" if rest != words and not _NOTHING_MORE.sub("", rest) else None
