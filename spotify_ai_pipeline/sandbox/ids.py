"""Identifiers in the form the real services give them: base-62 Spotify ids, UUIDs, ISRCs."""

from __future__ import annotations

import hashlib
import re
import secrets

import numpy as np

BASE62 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ALPHABET = np.frombuffer(BASE62.encode(), dtype="S1")
_HEX = np.frombuffer(b"0123456789abcdef", dtype="S1")
_SPOTIFY_ID = re.compile(r"[0-9A-Za-z]{22}")
_UUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


def is_spotify_id(text: str) -> bool:
    """True for 22 base-62 characters."""
    return _SPOTIFY_ID.fullmatch(text) is not None


def is_uuid(text: str) -> bool:
    """True for a UUID in the usual hyphenated form."""
    return _UUID.fullmatch(text) is not None


def random_ids(rng: np.random.Generator, n: int) -> list[str]:
    """`n` Spotify ids of 22 characters; 128 bits fit, so the first character stays below 8."""
    digits = rng.integers(0, 62, (n, 22))
    digits[:, 0] %= 8
    return [raw.decode() for raw in _ALPHABET[digits].view("S22")[:, 0]]


def new_id() -> str:
    """A Spotify id that nothing else has."""
    return hashed_id(secrets.token_hex(16))


def random_uuids(rng: np.random.Generator, n: int) -> list[str]:
    """`n` version-4 UUIDs in the usual hyphenated form."""
    digits = rng.integers(0, 16, (n, 32))
    digits[:, 12] = 4
    digits[:, 16] = 8 + digits[:, 16] % 4
    return [_hyphenated(raw.decode()) for raw in _HEX[digits].view("S32")[:, 0]]


def hashed_id(text: str) -> str:
    """The Spotify id that always belongs to `text`."""
    number = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=16).digest())
    digits: list[str] = []
    for _ in range(22):
        number, digit = divmod(number, 62)
        digits.append(BASE62[digit])
    return "".join(reversed(digits))


def hashed_uuid(text: str) -> str:
    """The UUID that always belongs to `text`."""
    digits = list(hashlib.blake2b(text.encode(), digest_size=16).hexdigest())
    digits[12] = "4"
    digits[16] = "89ab"[int(digits[16], 16) % 4]
    return _hyphenated("".join(digits))


def isrc(country: str, registrant: int, year: int, designation: int) -> str:
    """An ISRC: country, three characters of registrant, two digits of year, five of designation."""
    letters = ""
    for _ in range(3):
        registrant, digit = divmod(registrant, 36)
        letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[digit] + letters
    return f"{country}{letters}{year % 100:02d}{designation % 100_000:05d}"


def _hyphenated(digits: str) -> str:
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
