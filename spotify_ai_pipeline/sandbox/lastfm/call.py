"""One call to Last.fm: its parameters, and how it is refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus

from ..world import World

INVALID_PARAMETERS = 6
INVALID_KEY = 10
PRIVATE = 17


class Refused(Exception):
    """An error answer: Last.fm's code, a message, the HTTP status."""

    def __init__(self, code: int, message: str, status: int = 200) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


@dataclass(frozen=True)
class Call:
    """A request whose key was checked."""

    world: World
    values: dict[str, str]

    def text(self, name: str) -> str:
        """A parameter that must be there."""
        value = self.values.get(name, "").strip()
        if not value:
            raise Refused(
                INVALID_PARAMETERS, f"Invalid parameters - Your request is missing a required parameter: {name}", 400
            )
        return value

    def number(self, name: str, default: int | None = None) -> int | None:
        """A whole-numbered parameter; an empty or senseless one counts as absent, as Last.fm has it."""
        try:
            return int(self.values.get(name, ""))
        except ValueError:
            return default

    def page(self, total: int, default: int, most: int) -> tuple[int, int, dict[str, str]]:
        """Offset and length of the page asked for, and the `@attr` that goes with it (all strings)."""
        limit = min(max(self.number("limit") or default, 1), most)
        page = max(self.number("page") or 1, 1)
        pages = -(-total // limit)
        attributes = {"page": str(page), "perPage": str(limit), "total": str(total), "totalPages": str(pages)}
        return (page - 1) * limit, limit, attributes


def url(*parts: str) -> str:
    """A page on the site."""
    return "https://www.last.fm/music/" + "/".join(quote_plus(part) for part in parts)


_SIZES = ("small", "medium", "large", "extralarge")
_BLANK = "https://lastfm.freetls.fastly.net/i/u/{}/2a96cbd8b46e442fc41c2b86b821562f.png"
IMAGES: list[dict[str, Any]] = [
    {"size": size, "#text": _BLANK.format(px)}
    for size, px in zip(_SIZES, ("34s", "64s", "174s", "300x300"), strict=True)
]


def crowd(popularity: int) -> tuple[int, int]:
    """Listeners and plays of something of this popularity (0..100)."""
    listeners = round(12 * 10 ** (popularity / 21))
    return listeners, listeners * (3 + popularity // 12)
