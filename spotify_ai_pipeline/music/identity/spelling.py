"""Spelling: what two ways of writing one name have in common.

Case, accents, punctuation, spacing, signs that stand for letters and the Cyrillic and Greek scripts are reduced to plain
letters. Scripts without a spelling in letters (Han, kana, Hangul) stay as they are.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_LETTERS = str.maketrans(
    {"æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "ħ": "h", "ŋ": "ng", "ß": "ss"}
    | {"’": "'", "‘": "'", "`": "'", "´": "'", "ʼ": "'", "_": " ", "№": "no "}
    # Cyrillic, after the passport romanisation of ICAO Doc 9303 without its diacritics
    | dict(zip("абвгдезиклмнопрстуфыэ", "abvgdeziklmnoprstufye", strict=True))
    | {"ё": "e", "ж": "zh", "й": "i", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ъ": "", "ь": ""}
    | {"ю": "iu", "я": "ia", "і": "i", "ї": "i", "є": "ie", "ґ": "g", "ў": "u", "ј": "j", "љ": "lj", "њ": "nj"}
    | {"ћ": "c", "ђ": "dj", "џ": "dz"}
    # Greek, letter by letter (ISO 843, without its diacritics)
    | dict(zip("αβγδεζηικλμνξοπρσςτυφω", "avgdeziiklmnxoprsstyfo", strict=True))
    | {"θ": "th", "χ": "ch", "ψ": "ps"}
)
_AND = re.compile(r"\s*[&+＆]\s*|(?<![\w'])'?n'(?!\w)|(?<=\w )'?n(?= \w)")
_SIGN_LETTERS = ((re.compile(r"(?<=\w)\$|\$(?=[^\W\d])"), "s"), (re.compile(r"(?<=[^\W\d])!(?=[^\W\d])"), "i"))
_ACCENT = re.compile(r"[\u0300-\u036f]")  # not the voicing marks of kana, which change the sound
_DROPPED_G = re.compile(r"(?<=\w\w)in'(?!\w)")
_NOT_WORD = re.compile(r"[^\w]+")


@lru_cache(maxsize=131_072)
def fold(text: str) -> str:
    """``text`` in plain letters, words apart by one space; ``&``, ``+`` and ``'n'`` read "and", ``$`` inside a word "s".

    A name made of signs alone ("!!!") is still a name, and stays as it is.
    """
    plain = text.casefold()
    if not plain.isascii():
        plain = unicodedata.normalize("NFKC", plain).casefold().translate(_LETTERS)
        plain = _ACCENT.sub("", unicodedata.normalize("NFKD", plain))
        plain = unicodedata.normalize("NFC", plain.translate(_LETTERS))
    else:
        plain = plain.replace("`", "'").replace("_", " ")
    plain = plain.rstrip("+& ") or plain
    if "&" in plain or "+" in plain or "n" in plain:
        plain = _AND.sub(" and ", plain)
    if "in'" in plain:
        plain = _DROPPED_G.sub("ing", plain)
    for sign, (pattern, letter) in zip("$!", _SIGN_LETTERS, strict=True):
        if sign in plain:
            plain = pattern.sub(letter, plain)
    folded = _NOT_WORD.sub(" ", plain.replace("'", "")).strip()
    return folded or text.casefold().strip()


def compact(folded: str) -> str:
    """A folded name without its spaces: "green day" and "greenday" are one."""
    return folded.replace(" ", "")
