"""One call to Last.fm: its parameters, how it is refused, and one answer in two forms.

Last.fm's JSON is its XML converted; here the XML is written from the JSON. `#text` is an element's text and makes its other
keys attributes, `@attr` holds attributes, a list is an element repeated, anything else a child element.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus
from xml.sax.saxutils import escape

from starlette.responses import Response

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


_QUOTES = {'"': "&quot;"}


def answer(body: dict[str, Any], *, as_json: bool) -> Response:
    """A good answer: `body` has one key, the name of its root element."""
    if as_json:
        return Response(json.dumps(body, ensure_ascii=False), media_type="application/json")
    inner = "".join(_element(name, value) for name, value in body.items())
    return Response(f'<?xml version="1.0" encoding="UTF-8"?><lfm status="ok">{inner}</lfm>', media_type="text/xml")


def refusal(code: int, message: str, status: int, *, as_json: bool) -> Response:
    """An error with Last.fm's own code."""
    if as_json:
        return Response(json.dumps({"message": message, "error": code}), status, media_type="application/json")
    error = f'<error code="{code}">{escape(message)}</error>'
    xml = f'<?xml version="1.0" encoding="UTF-8"?><lfm status="failed">{error}</lfm>'
    return Response(xml, status, media_type="text/xml")


def _element(name: str, value: Any) -> str:
    if isinstance(value, str):
        return f"<{name}>{escape(value)}</{name}>" if value else f"<{name}/>"
    if isinstance(value, list):
        return "".join([_element(name, entry) for entry in value])
    if not isinstance(value, dict):
        return f"<{name}>{value}</{name}>"
    text = value.get("#text")
    if text is not None:
        return f"<{name}{_attributes(value)}>{escape(text)}</{name}>"
    inner = "".join([_element(key, entry) for key, entry in value.items() if key != "@attr"])
    return f"<{name}{_attributes(value.get('@attr', {}))}>{inner}</{name}>"


def _attributes(values: dict[str, Any]) -> str:
    return "".join([f' {key}="{escape(str(value), _QUOTES)}"' for key, value in values.items() if key != "#text"])
