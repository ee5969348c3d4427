"""Titles: whether two of one artist's titles are spellings of one name, and why.

An exact comparison is a matter of keys; this is what lies between. The rules prefer to split: a slip of the pen changes
few letters inside a word, never a number, a negation or a word's first letter.
"""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from functools import lru_cache
from itertools import pairwise, zip_longest

from rapidfuzz.distance import OSA

from spotify_ai_pipeline.music.identity import languages
from spotify_ai_pipeline.music.identity.artists import artist_key, channel_owner, either
from spotify_ai_pipeline.music.identity.spelling import compact, fold, fold_in_script, in_latin, signs, without_points
from spotify_ai_pipeline.music.identity.versions import is_from, names_version

SHORTEST_CUT = 22
"""Letters from which a title that ends inside a word of another was cut: the oldest tags of MP3 files (ID3v1) hold thirty,
punctuation included."""

SHORTEST_TYPO = 8
"""Letters below which two different titles are two songs."""

LONG = 20
"""Letters from which a title is known by nine tenths of them."""

WORDS_TO_KNOW_BY = 4
"""Words, articles aside, by which a title is known even where one is missing."""

DIFFERENT_NUMBERS = "different numbers"
"""The one refusal that leaves no doubt: part 1 is not part 2."""

SAME_LETTERS = "same letters"

_ARTICLES = frozenset({"the", "a", "an"})
_ROMAN = {"ii": "2", "iii": "3", "iv": "4", "vi": "6", "vii": "7", "viii": "8", "ix": "9", "xi": "11", "xii": "12"}
_ROMAN_LIKE = re.compile(r"(?:part|pt|vol)?[ivx]{2,}[a-d]?")
_ROMAN_AFTER = _ROMAN | {"i": "1", "v": "5", "x": "10"}
_COUNT = {
    word: str(number) for number, word in enumerate(("one", "two", "three", "four", "five", "six", "seven", "eight"), 1)
}
_NUMBER = {
    fold_in_script(word): number for word, number in (entry.split("=") for entry in languages.words(languages.NUMBERS))
}
_PART = re.compile(r"\b(parts?|pts?|volume|vol|act|chapter|movement|mvt|book) (\w+)\b")
_SHORT = {"til": "until", "till": "until", "tonite": "tonight", "nite": "night", "thru": "through", "rd": "road"}
_CANONICAL = {"pt": "part", "pts": "part", "parts": "part", "vol": "volume", "mvt": "movement"}
_TELLING = frozenset(fold_in_script(word) for word in languages.words(languages.TELLING))
_FLAT = re.compile(r"\b([a-g])b(?= (?:major|minor|maj|min)\b)|(?<=\bin )([a-g])b\b")
_ACRONYM = re.compile(r"(?<!\w)(?:[^\W\d_]\.){2,}")
_ROMANS_APART = re.compile(r"\b([ivx]+|\d\w*) (?=[ivx]+\b)|\b([ivx]+) (?=\d)")
_TRACK_NUMBER = re.compile(
    r"^(?:(?:soundtrack|ost)\s*[-:]\s*|\(?\d{1,3}\)?\s*[-–._)]\s*|0\d\s+|\d-\d\d\s+)(?=\S)|^1\d\s+(?=[^\W\d])",
    re.IGNORECASE,
)
_FIRST_PART = re.compile(r"^(.+?)(?: - |: )(.+)$")
_YEAR_AT_END = re.compile(r"\s*[\(\[](?:19|20)\d\d[\)\]]\s*$|\s+[-–—]\s+(?:19|20)\d\d\s*$")
_LEADING_BRACKET = re.compile(r"^\s*[\(\[][^\)\]\d]+[\)\]]\s*(?=\w)")
_CLAUSE = re.compile(r"\s*[\(\[](?=(?:[^\s\)\]]+\s+){2})[^\)\]\d]+[\)\]]\s*$")
_WITH = re.compile(
    rf"\s*[\(\[](?:{either(languages.WITH)})\s[^\)\]]+[\)\]]|\s+-\s+(?:{either(languages.WITH)})\s.+$", re.IGNORECASE
)
_FROM = re.compile(r"\s*[\(\[]([^\)\]]+)[\)\]]|\s+[-–—~/|]\s+(.+)$")
_BRACKETS = re.compile(r"[\(\[（【]([^\)\]）】]+)[\)\]）】]")
_KEY_WORDS = frozenset({"major", "minor", "sharp", "flat", "natural", "maj", "min"})
_OF_LETTERS = re.compile("[^a-z0-9\u0370-\u052f\u1f00-\u1fff ]")
"""What is no plain letter of the Latin, Greek or Cyrillic alphabet: elsewhere no letter is a slip of another."""


@lru_cache(maxsize=131_072)
def title_words(title: str) -> str:
    """The folded title in its own script, with its numerals in one form: "Pt. II", "Part Two" and "Part 2" are "part 2".
    Signs that stand for something (hearts, stars) come last."""
    words = fold_in_script(_ACRONYM.sub(_without_dots, title) if "." in title else title)
    if (shown := signs(title)) and shown != words:
        words = f"{words} {shown}"
    if any(short in words for short in ("til", "nite", "thru", "rd")):
        words = " ".join(_SHORT.get(word, word) for word in words.split())
    if "b" in words:
        words = _FLAT.sub(lambda found: f"{found[1] or found[2]} flat", words)
    return _PART.sub(_numbered, words) if _PART.search(words) else words


@lru_cache(maxsize=131_072)
def title_key(words: str) -> str:
    """``words`` (as ``title_words`` gives them) without spaces, but for those that keep two numbers apart."""
    return compact(_ROMANS_APART.sub(r"\1\2.", words))


def _without_dots(found: re.Match[str]) -> str:
    return found[0].replace(".", "")


def _numbered(found: re.Match[str]) -> str:
    word, number = found.groups()
    return f"{_CANONICAL.get(word, word)} {_ROMAN_AFTER.get(number) or _COUNT.get(number, number)}"


@lru_cache(maxsize=131_072)
def in_front(title: str, artist: str) -> list[tuple[str, str]]:
    """(title, why) without what players put in front of it: the track's number, the artist."""
    found = list[tuple[str, str]]()
    if (bare := _TRACK_NUMBER.sub("", title)) != title:
        found.append((bare, "track number in front"))
    owner = channel_owner(artist)
    if (parted := _FIRST_PART.match(title)) and (
        fold(parted[1]).split()[-1:] == fold(owner).split()[-1:] or artist_key(parted[1]) == artist_key(artist)
    ):
        found.append((parted[2], "artist in front"))
    return found


@lru_cache(maxsize=16_384)
def other_forms(core: str) -> list[tuple[str, str]]:
    """(form, why) of what may be left out of a title or written otherwise: a year, guest, film or subtitle, the work that a
    part belongs to, signs, the points of a script, the script itself, articles. ``core`` is a title without its version; forms
    are as ``title_words`` gives them."""
    forms, words = list[tuple[str, str]](), title_words(core)
    if any(sign in core for sign in "([-–—~/|"):
        forms += [(title_words(core.replace(found[0], " ", 1)), why) for found, why in _asides(core)]
    if "(" in core or "[" in core:
        for pattern in (_LEADING_BRACKET, _CLAUSE):
            if (found := pattern.search(core)) is not None and not is_from(found[0].strip(" ([")):
                bare = core.replace(found[0], " ", 1)
                forms += [
                    (title_words(part), "subtitle") for part in (bare, found[0]) if len(fold(part)) >= SHORTEST_TYPO
                ]
    if ":" in core:
        work, _, part = core.partition(":")
        number = fold(work).split()[-1:]
        counted = f"{number[0]} {part}" if number and (number[0] in _ROMAN_AFTER or number[0].isdigit()) else part
        forms += [
            (title_words(form), "work") for form in dict.fromkeys((part, counted)) if len(fold_in_script(form)) >= 12
        ]
    if (digits := " ".join(_COUNT.get(word, word) for word in words.split())) != words:
        forms.append((digits, "number"))
    if not words.isascii():
        if shown := signs(core):
            forms.append((words.removesuffix(shown).strip(), "sign"))
        forms += [(without_points(words), "points"), (in_latin(words), "script")]
    if without := " ".join(_without_articles(words.split())):
        forms.append((without, "article"))
    return [(form, why) for form, why in forms if form and form != words]


def _asides(core: str) -> list[tuple[re.Match[str], str]]:
    """What stands behind the name in ``core`` and is told by how it begins or what it is."""
    found = [(match, "year") for match in (_YEAR_AT_END.search(core),) if match]
    found += [(match, "guest") for match in (_WITH.search(core),) if match]
    return found + [(match, "film") for match in _FROM.finditer(core) if is_from(match[1] or match[2])]


def brackets(core: str) -> tuple[str, ...]:
    """What stands in brackets within a title, as ``title_words`` gives it."""
    if "(" not in core and "[" not in core and core.isascii():
        return ()
    return tuple(title_words(found) for found in _BRACKETS.findall(core))


def _without_articles(words: Sequence[str]) -> list[str]:
    """``words`` without articles; a letter that ends a title or names a key is none."""
    after = [*words[1:], "minor"]
    return [word for word, then in zip(words, after, strict=True) if word not in _ARTICLES or then in _KEY_WORDS]


def same_title(first: str, second: str, vocabulary: Set[str] = frozenset()) -> tuple[bool, str]:
    """(whether two titles, as ``title_words`` gives them, are one name spelled twice; what tells).

    ``vocabulary`` holds words that several artists use in titles. Where it is known, two of its words are two words however
    alike ("state", "stare"), and a word outside of it is taken for a slip more readily ("hoppipolk").
    """
    one, two = compact(first), compact(second)
    length = min(len(one), len(two))
    first, second = (" ".join(_without_articles(words.split())) for words in (first, second))
    if title_key(first) == title_key(second):
        return True, SAME_LETTERS
    one, two = compact(first), compact(second)
    if _OF_LETTERS.search(first) or _OF_LETTERS.search(second):
        return False, "other letters of a script in which each makes another word"
    short, long = sorted((first, second), key=len)
    if (
        len(short) >= SHORTEST_CUT
        and long.startswith(short)
        and long[len(short)] != " "
        and not _counts(short.split()[-1])
        and short.split()[-1] not in _ROMAN_AFTER
    ):
        return True, f"cut after {len(short)} letters"
    if _numbers(first) != _numbers(second):
        return False, DIFFERENT_NUMBERS
    if (_TELLING & set(first.split())) != (_TELLING & set(second.split())):
        return False, "words that tell songs apart"
    edits = OSA.distance(one, two)
    said = f"{edits} letter{'s differ' if edits > 1 else ' differs'}"
    if _one_word_more(first.split(), second.split()):
        return True, "one word more"
    if length >= LONG and edits <= length // 10:
        return True, f"{said}, of {length}"
    allowed = 0 if length < SHORTEST_TYPO else 1 if length < 12 else 2
    if (
        length >= 6
        and edits <= 2
        and len(first.split()) > 1
        and all(a == b or _inflected(a, b) for a, b in zip_longest(first.split(), second.split(), fillvalue=""))
    ):
        return True, "singular or plural"
    slip = edits <= 2 and (length >= 9 or (length >= 6 and (vocabulary & {first, second} or one[-1] == two[-1])))
    if edits > allowed and not (vocabulary and slip):
        return False, said
    doubt = _changed_word(first.split(), second.split(), length, vocabulary, sure=edits <= allowed)
    return (True, f"{said}, of {length}") if doubt is None else (False, doubt)


def weak_slip(first: str, second: str) -> bool:
    """Whether two titles of one word differ in how they end, as "memorial" and "memoriam" do: they may well be two."""
    return " " not in first and " " not in second and first[-1] != second[-1]


def _one_word_more(first: list[str], second: list[str]) -> bool:
    """Whether one title is the other and a word, where that leaves enough in common to know it by."""
    short, long = sorted((first, second), key=len)
    if len(short) < WORDS_TO_KNOW_BY or len(long) != len(short) + 1:
        return False
    return any(long[:place] + long[place + 1 :] == short and not names_version(word) for place, word in enumerate(long))


def _changed_word(first: list[str], second: list[str], letters: int, vocabulary: Set[str], *, sure: bool) -> str | None:
    """The words that a slip of the pen does not explain; None where it explains them all."""
    if len(first) != len(second):
        added = sorted(word for word in set(first) ^ set(second) if len(word) > 3)
        explained = sure and (len(added) < 2 or _joined(first, second))
        return None if explained else f"other words: {', '.join(added)}"
    for one, two in zip(first, second, strict=True):
        if one == two:
            continue
        short, edits = min(len(one), len(two)), OSA.distance(one, two)
        if vocabulary and one in vocabulary and two in vocabulary:
            return f"{one} and {two} are both words"
        unheard_of = vocabulary and short >= 3
        slip = edits <= (2 if short >= 8 else 1) and (unheard_of or one[0] == two[0])
        if not slip or short < (3 if letters >= LONG or unheard_of else 5) or not (sure or unheard_of):
            return f"{one} is not {two}"
    return None


def _inflected(one: str, two: str) -> bool:
    """Whether one word is the other's plural, or its -ing without the g."""
    short, long = sorted((one, two), key=len)
    return len(short) >= 3 and (long in (short + "s", short + "es") or (long == short + "g" and short.endswith("in")))


def _joined(first: list[str], second: list[str]) -> bool:
    """Whether one spelling writes as one word what the other parts."""
    whole = {"".join(pair) for words in (first, second) for pair in pairwise(words)}
    return bool(whole & (set(first) | set(second)))


def _counts(word: str) -> bool:
    return any(char.isdigit() for char in word) or _ROMAN_LIKE.fullmatch(word) is not None


def _numbers(words: str) -> list[str]:
    """Numerals and letters that count: "symphony in c no 2" -> ["c", "2"], order kept."""
    found = list[str]()
    every = words.split()
    for place, word in enumerate(every):
        if _counts(word):
            found.append(_ROMAN.get(word) or "".join(char for char in word if char.isdigit()) or word)
        elif word in _NUMBER:
            found.append(_NUMBER[word])
        elif word == "i" and place and place == len(every) - 1:
            found.append("1")
        elif len(word) == 1 and word not in "aiontu":
            found.append(word)
    return found
