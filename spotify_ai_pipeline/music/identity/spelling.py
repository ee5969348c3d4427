"""Spelling: what two ways of writing one name have in common, and what they have not.

Case, punctuation, spacing, the accents of Latin and Greek letters and signs that stand for letters are reduced. What another
word is made of stays: the vowel signs and tone marks of a script, musical accidentals, numbers. ``fold`` also spells the
Cyrillic and Greek scripts in Latin letters; ``fold_in_script`` does not, so that two words of one script that share a
romanisation stay two.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_SAME_LETTER = str.maketrans(
    {"æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "ħ": "h", "ŋ": "ng", "ß": "ss"}
    | {"’": "'", "‘": "'", "`": "'", "´": "'", "ʼ": "'", "_": " ", "×": "x", "ё": "е", "ـ": ""}
    | {"♯": " sharp ", "♭": " flat ", "♮": " natural ", "𝄫": " double flat ", "𝄪": " double sharp "}
)
_IN_LATIN = str.maketrans(
    # Cyrillic, after the passport romanisation of ICAO Doc 9303 without its diacritics
    dict(zip("абвгдезиклмнопрстуфыэ", "abvgdeziklmnoprstufye", strict=True))
    | {"ё": "e", "ж": "zh", "й": "i", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ъ": "", "ь": ""}
    | {"ю": "iu", "я": "ia", "і": "i", "ї": "i", "є": "ie", "ґ": "g", "ў": "u", "ј": "j", "љ": "lj", "њ": "nj"}
    | {"ћ": "c", "ђ": "dj", "џ": "dz", "ѓ": "g", "ќ": "k", "ѕ": "dz", "қ": "k", "ғ": "g", "ң": "n", "ө": "o", "ү": "u"}
    # Greek, letter by letter (ISO 843, without its diacritics)
    | dict(zip("αβγδεζηικλμνξοπρσςτυφω", "avgdeziiklmnxoprsstyfo", strict=True))
    | {"θ": "th", "χ": "ch", "ψ": "ps"}
)
_AND = re.compile(r"\s*[&+＆]\s*|(?<![\w'])'?n'(?!\w)|(?<=\w )'?n(?= \w)")
_SIGN_LETTERS = ((re.compile(r"(?<=\w)\$|\$(?=[^\W\d])"), "s"), (re.compile(r"(?<=[^\W\d])!(?=[^\W\d])"), "i"))
_SHARP = re.compile(r"(?<![^\W_])([a-h])#+(?!\d)")
_ACCENT = re.compile(r"(?<![\u0400-\u052f\u0300-\u036f])[\u0300-\u036f]+|[\u0300\u0301]")
"""Accents, but for those that make another letter of a Cyrillic one (й, ї); not the voicing marks of kana."""
_VIETNAMESE = re.compile("[\u031b\u0309\u0323]")
"""Horn, hook and dot below, which no other common script of Latin letters has: there accents make other words."""
_OPTIONAL = re.compile(
    r"[\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed]"
)
"""The points of Hebrew and Arabic, which most people leave out."""
_LETTER_AND_MARKS = re.compile("([^\\W\\d_])([\u0300-\u036f]*)")
_DROPPED_G = re.compile(r"(?<=\w\w)in'(?!\w)")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_DIGIT = re.compile(r"[^\W\x00-\x7f]")
_NOT_WORD = re.compile(r"[^\w]+")
_BETWEEN_WORDS = re.compile(r"(?<!\d) +| +(?!\d)")


@lru_cache(maxsize=131_072)
def fold(text: str) -> str:
    """``text`` in plain letters, words apart by one space; ``&``, ``+`` and ``'n'`` read "and", ``$`` inside a word "s".

    A name made of signs alone ("!!!") is still a name, and stays as it is.
    """
    return in_latin(fold_in_script(text))


@lru_cache(maxsize=131_072)
def fold_in_script(text: str) -> str:
    """The same in the script that ``text`` is written in."""
    plain = text.casefold()
    if not plain.isascii():
        plain = unicodedata.normalize("NFKC", plain.replace("№", "no ")).casefold().translate(_SAME_LETTER)
        apart = unicodedata.normalize("NFKD", plain)
        if not _VIETNAMESE.search(apart):
            plain = unicodedata.normalize("NFC", _ACCENT.sub("", apart)).translate(_SAME_LETTER)
        plain = _DIGIT.sub(lambda found: _in_ascii(found[0]), plain)
    else:
        plain = plain.replace("`", "'").replace("_", " ")
    if "#" in plain:
        plain = _SHARP.sub(r"\1 sharp ", plain)
    if "," in plain:
        plain = _THOUSANDS.sub("", plain)
    plain = plain.rstrip("+& ") or plain
    if "&" in plain or "+" in plain or "n" in plain:
        plain = _AND.sub(" and ", plain)
    if "in'" in plain:
        plain = _DROPPED_G.sub("ing", plain)
    for sign, (pattern, letter) in zip("$!", _SIGN_LETTERS, strict=True):
        if sign in plain:
            plain = pattern.sub(letter, plain)
    plain = plain.replace("'", "")
    folded = _NOT_WORD.sub(" ", plain).strip() if plain.isascii() else _words(plain)
    return folded or text.casefold().strip()


@lru_cache(maxsize=131_072)
def in_latin(folded: str) -> str:
    """A folded name in Latin letters, where its script is Cyrillic or Greek; the accents of Vietnamese are dropped."""
    if folded.isascii():
        return folded
    apart = unicodedata.normalize("NFKD", folded.translate(_IN_LATIN))
    plain = unicodedata.normalize("NFC", re.sub("[\u0300-\u036f]+", "", apart))
    return " ".join(plain.split()) or folded


def without_points(folded: str) -> str:
    """A folded name without the points of Hebrew and Arabic."""
    if folded.isascii():
        return folded
    return unicodedata.normalize("NFC", _OPTIONAL.sub("", unicodedata.normalize("NFD", folded)))


def accents_agree(one: str, two: str) -> bool:
    """Whether no letter of ``one`` bears another accent than the same letter of ``two``; a letter without contradicts nothing."""
    first, second = (_LETTER_AND_MARKS.findall(unicodedata.normalize("NFD", text.casefold())) for text in (one, two))
    marked = zip(first, second, strict=False) if len(first) == len(second) else ()
    return all(not mine or not theirs or mine == theirs for (_, mine), (_, theirs) in marked)


def compact(folded: str) -> str:
    """A folded name without its spaces, but for those between two numbers: "green day" and "greenday" are one, "1 2" and
    "12" are two."""
    return _BETWEEN_WORDS.sub("", folded) if " " in folded else folded


def signs(text: str) -> str:
    """The signs of ``text`` that stand for something, in order: pictures, stars, mathematics; no punctuation."""
    if text.isascii():
        return ""
    return "".join(char for char in text if unicodedata.category(char) in ("So", "Sm") and char not in "×♯♭♮©®™")


def _words(plain: str) -> str:
    """The letters, numbers and vowel signs of ``plain``; joiners within words go without a trace."""
    kept = [char if char.isalnum() or _is_mark(char) else "" if char in "\u200b\u200c\u200d" else " " for char in plain]
    return " ".join("".join(kept).split())


def _is_mark(char: str) -> bool:
    return unicodedata.category(char) in ("Mn", "Mc") and not "\ufe00" <= char <= "\ufe0f"


def _in_ascii(char: str) -> str:
    """A digit of any script as the Latin one."""
    number = unicodedata.decimal(char, None)
    return char if number is None else str(number)
