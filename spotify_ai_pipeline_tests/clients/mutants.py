"""Mutants of answers: one seeded change each, of types, nulls, sizes, order, encodings, headers or status."""

from __future__ import annotations

import copy
import gzip
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree

HUGE = "\ue000huge"
"""Stands for a number of a thousand digits, which ``json`` would not write."""
DEEP: Any = []
for _ in range(50):
    DEEP = [DEEP]
ODD: list[Any] = [
    None, True, False, -1, 0, 1, 1e308, -0.5, float("nan"), float("inf"), HUGE, 10**18, "", " ", "x", "3:45", "null", "None",
    "\ud83d", "a\u0000b", "\u202ertl", "x" * 5_000, "0000-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z",
    "spotify:local:a:b:c:1", "http://127.0.0.1:1/", "file:///etc/passwd", [], {}, [None], [[]], [{}], {"a": 1}, {"": None}, DEEP,
]  # fmt: skip
TEXTS = [
    "",
    " ",
    "x",
    "-1",
    "0",
    "1e999",
    "nan",
    "3:45",
    "None",
    "9" * 400,
    "x" * 5_000,
    "\u202ertl",
    "\x01",
    "1709287380",
]
STATUSES = [204, 301, 302, 400, 403, 404, 410, 418, 429, 500, 503]
PAUSES = ["", "1", "soon", "-5", "1e300", "inf", "nan", "99999999999999", "Fri, 31 Dec 1999 23:59:59 GMT"]
KINDS = ["text/html", "text/plain", "application/json; charset=utf-16", "application/octet-stream", ""]


@dataclass
class Answer:
    """An answer as a service gave it."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Mutant(Answer):
    """A changed answer. ``inside`` is the path to what was changed within the body, ``what`` says how."""

    what: str = ""
    inside: tuple[Any, ...] = field(default_factory=tuple)


def mutant(answer: Answer, rng: random.Random) -> Mutant:
    """``answer`` with one change."""
    draw = rng.random()
    if draw < 0.75 and answer.body[:1] in (b"{", b"["):
        return _json(answer, rng)
    if draw < 0.75 and answer.body[:1] == b"<":
        return _xml(answer, rng)
    if draw < 0.9:
        return _bytes(answer, rng)
    return _frame(answer, rng)


def _json(answer: Answer, rng: random.Random) -> Mutant:
    tree = json.loads(answer.body)
    places = list(_places(tree))
    if not places:
        return _bytes(answer, rng)
    path = rng.choice(places)
    parent = tree
    for step in path[:-1]:
        parent = parent[step]
    kind, last = rng.randrange(8), path[-1]
    if kind == 0 and isinstance(parent, dict):
        del parent[last]
        what = "removed"
    elif kind == 1:
        parent[last] = [parent[last]]
        what = "wrapped in a list"
    elif kind == 2 and isinstance(parent[last], list) and parent[last]:
        _reorder(parent[last], rng)
        what = "reordered"
    elif kind == 3 and isinstance(parent[last], (str, int)):
        parent[last] = int(parent[last]) if str(parent[last]).isdigit() else str(parent[last])[::-1]
        what = "turned"
    else:
        parent[last] = copy.deepcopy(rng.choice(ODD))
        what = f"became {str(parent[last])[:20]!r}"
    text = json.dumps(tree).replace(json.dumps(HUGE), "9" * 1_000)
    return Mutant(answer.status, answer.headers, text.encode(), f"{path} {what}", path)


def _places(tree: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    steps = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for step, value in steps:
        yield (*path, step)
        yield from _places(value, (*path, step))


def _reorder(rows: list[Any], rng: random.Random) -> None:
    how = rng.randrange(5)
    if how == 0:
        rng.shuffle(rows)
    elif how == 1:
        rows.reverse()
    elif how == 2:
        rows.append(copy.deepcopy(rng.choice(rows)))
    elif how == 3:
        del rows[rng.randrange(len(rows)) :]
    else:
        rows.extend(copy.deepcopy(rows) * 20)


def _xml(answer: Answer, rng: random.Random) -> Mutant:
    root = ElementTree.fromstring(answer.body)
    places = [(parent, place) for parent in root.iter() for place in range(len(parent))]
    paths = {id(child): path for path, child in _elements(root)}
    element = root if not places or rng.random() < 0.1 else None
    parent, place = rng.choice(places) if places else (root, 0)
    target = element if element is not None else parent[place]
    inside, kind = paths[id(target)], rng.randrange(7)
    if kind == 0 and target is not root:
        del parent[place]
        what, inside = "removed", inside[:-2]
    elif kind == 1 and target.attrib:
        name = rng.choice(sorted(target.attrib))
        target.set(name, rng.choice(TEXTS).replace("\x01", ""))
        what = f"{name} changed"
    elif kind == 2 and target.attrib:
        name = rng.choice(sorted(target.attrib))
        del target.attrib[name]
        what = f"{name} removed"
    elif kind == 3:
        target.tag = rng.choice(["x", "track", "name"])
        what, inside = "renamed", inside[:-2]
    elif kind == 4 and target is not root:
        parent.append(copy.deepcopy(target))
        what, inside = "doubled", inside[:-2]
    elif kind == 5 and len(target):
        children = list(target)
        rng.shuffle(children)
        target[:] = children
        what = "shuffled"
    else:
        target.text = rng.choice(TEXTS)
        for child in list(target):
            target.remove(child)
        what = "text changed"
    body = ElementTree.tostring(root, encoding="unicode").encode()
    return Mutant(answer.status, answer.headers, body, f"{inside} {what}", inside)


def _elements(root: ElementTree.Element, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    yield path, root
    for place, child in enumerate(root):
        yield from _elements(child, (*path, child.tag, place))


def _bytes(answer: Answer, rng: random.Random) -> Mutant:
    body = answer.body
    at = rng.randrange(len(body) + 1)
    changes: dict[str, Callable[[], bytes]] = {
        "cut": lambda: body[:at],
        "empty": lambda: b"",
        "garbage within": lambda: body[:at] + b"\x00\xff<}{" + body[at:],
        "with a byte order mark": lambda: b"\xef\xbb\xbf" + body,
        "as UTF-16": lambda: body.decode(errors="replace").encode("utf-16"),
        "as Latin-1": lambda: body.decode(errors="replace").encode("latin-1", errors="replace") + b"\xe9",
        "packed": lambda: gzip.compress(body),
        "a page for people": lambda: b"<!doctype html><html><body>Sign in to the hotel</body></html>",
        "a nest": lambda: b"[" * 100_000,
        "twice": lambda: body + body,
        "null": lambda: b"null",
        "a number": lambda: b"3",
        "a text": lambda: b'"x"',
        "a list": lambda: b"[]",
        "an object": lambda: b"{}",
    }
    what = rng.choice(sorted(changes))
    return Mutant(answer.status, answer.headers, changes[what](), what)


def _frame(answer: Answer, rng: random.Random) -> Mutant:
    headers = dict(answer.headers)
    if rng.random() < 0.4:
        headers["Content-Type"] = rng.choice(KINDS)
        return Mutant(answer.status, headers, answer.body, f"type {headers['Content-Type']!r}")
    status = rng.choice(STATUSES)
    headers |= {
        "Retry-After": rng.choice(PAUSES),
        "Location": rng.choice(["/", "ftp://x/", "http://127.0.0.1:1/", "//["]),
    }
    body = rng.choice(
        [b"", b"{}", b"[]", b'{"error": "x"}', b'{"error": {"message": null}}', b'{"error": []}', answer.body]
    )
    return Mutant(status, headers, body, f"status {status}")
