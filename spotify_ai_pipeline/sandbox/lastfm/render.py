"""One answer, two forms. Last.fm's JSON is its XML converted; here the XML is written from the JSON.

`#text` is an element's text and makes its other keys attributes, `@attr` holds attributes, a list is an element
repeated, anything else a child element.
"""

from __future__ import annotations

import json
from typing import Any
from xml.sax.saxutils import escape

from starlette.responses import Response

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
