"""Faults that leave an answer well-formed, and not what was asked for. They are kinds of a plan of faults (see ``faults``):

small       a page of few rows, whatever was asked for     empty   a page without rows, that names a next one
odd         one record is not what it should be            loop    a page that names itself as the next one
trickle     the body comes a byte each `slow_s` seconds    closed  asked to wait for a day, as are all further calls
                                                                   to the same part of the service
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.types import Scope

KINDS = ("small", "odd", "empty", "loop", "trickle", "closed")
ROWS = 20
"""Rows of a small page."""
_ODD: tuple[Any, ...] = (None, {}, [], 3, "3:45", True, -1, 1e300, "", "\ud83d", "0000-01-01T00:00:00Z")
_ROWS = (("items",), ("tracks", "items"), ("payload", "listens"), ("payload", "mbids"), ("content",), ("results",))


def part_of(path: str) -> str:
    """The part of a service that a call belongs to: what it says after the version."""
    return "/".join(path.split("/")[:4])


def fewer(scope: Scope, body: bytes) -> tuple[Scope, bytes]:
    """The call for a small page."""
    query = dict(parse_qsl(scope["query_string"].decode()))
    wanted = {name: str(min(int(query[name]), ROWS)) for name in ("limit", "count") if query.get(name, "").isdigit()}
    if wanted:
        return {**scope, "query_string": urlencode(query | wanted).encode()}, body
    form = dict(parse_qsl(body.decode(errors="replace")))
    if form.get("limit", "").isdigit():
        body = urlencode(form | {"limit": str(min(int(form["limit"]), ROWS))}).encode()
        rest = [(name, value) for name, value in scope["headers"] if name != b"content-length"]
        return {**scope, "headers": [*rest, (b"content-length", str(len(body)).encode())]}, body
    return scope, body


def twisted(kind: str, content: bytes, rng: random.Random) -> bytes:
    """The answer as the fault ``kind`` has it; one without rows stays as it is."""
    if content.startswith(b"<"):
        return _XML[kind](content, rng) if kind in _XML else content
    try:
        answer = json.loads(content)
    except ValueError:
        return content
    rows = _rows(answer)
    if not rows or kind not in ("odd", "empty", "loop"):
        return content
    if kind == "odd":
        place = rng.randrange(len(rows))
        row = rows[place]
        if isinstance(row, dict) and row and rng.random() < 0.8:
            row[rng.choice(sorted(row))] = rng.choice(_ODD)
        else:
            rows[place] = rng.choice(_ODD)
    elif kind == "empty":
        answer["next"] = answer.get("href")
        rows.clear()
    else:
        answer["next"] = answer.get("href")
    return json.dumps(answer).encode()


def _rows(answer: Any) -> list[Any]:
    for path in _ROWS:
        found = answer
        for step in path:
            found = found.get(step) if isinstance(found, dict) else None
        if isinstance(found, list):
            return found
    return answer if isinstance(answer, list) else []


def _odd_scrobble(content: bytes, rng: random.Random) -> bytes:
    """One scrobble of 1970, or without a name."""
    change = rng.choice([(rb'uts="\d+"', b'uts="0"'), (rb"<name>[^<]*</name>", b"<name></name>")])
    places = [found.span() for found in re.finditer(change[0], content)]
    if not places:
        return content
    start, end = rng.choice(places)
    return content[:start] + change[1] + content[end:]


def _no_scrobbles(content: bytes, _: random.Random) -> bytes:
    return re.sub(rb"<track[ >].*</track>", b"", content, flags=re.DOTALL)


_XML: dict[str, Callable[[bytes, random.Random], bytes]] = {"odd": _odd_scrobble, "empty": _no_scrobbles}
