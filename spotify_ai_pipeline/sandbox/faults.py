"""The faults that these services show to people, on purpose: a seeded plan of faults. Off unless a plan is there.

A plan is JSON in `faults.json` in the world's folder, read at the start, or sent by `PUT /sandbox/faults` (`{}` ends it):

    {"seed": 7, "rate": 0.05, "most": 6, "kinds": ["500", "reset"], "path": "/spotify/"}

Every call below `path` (default: all) fails with probability `rate` until `most` have failed, in one of `kinds`:

    429         asked to wait for a second          reset       the connection ends in the middle of the body
    429_day     asked to wait for a day             truncated   a body cut in half, called whole
    500         nothing was done                    malformed   a body with garbage in it
    502         done, but the answer is lost        slow        an answer after `slow_s` seconds (default 0.05)
    duplicate   the page before once more           drift       rows one place further down: something new came on top
    expired     every access token has died         more        in ``oddities``
    invalid_grant   the sign-in service takes the refresh token for a dead one

Beside these a plan may hold what readers of playlists meet on every call (see ``shelf.Quirks``): `lag_s`, `lag_snapshots`,
`nulls` and `unkept`.
"""

from __future__ import annotations

import json
import logging
import random
import re
from asyncio import sleep
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from . import oddities
from .errors import WorldError
from .shelf import Quirks, Shelf
from .tokens import Tokens

FILE = "faults.json"
KINDS = (
    "429", "429_day", "500", "502", "reset", "truncated", "malformed", "slow", "duplicate", "drift", "expired", "invalid_grant",
)  # fmt: skip
KINDS += oddities.KINDS
_PAGED = ("duplicate", "drift")
_GARBAGE = b"\x00<}{"


@dataclass
class Plan:
    """A plan of which calls fail, and how."""

    seed: int = 0
    rate: float = 0.0
    most: int = 1_000_000
    kinds: list[str] = field(default_factory=lambda: list(KINDS))
    path: str = "/"
    slow_s: float = 0.05
    lag_s: float = 0.0
    lag_snapshots: bool = False
    nulls: list[str] = field(default_factory=list[str])
    unkept: list[str] = field(default_factory=list[str])

    def __post_init__(self) -> None:
        if unknown := set(self.kinds) - set(KINDS):
            raise WorldError(f"no faults called {', '.join(sorted(unknown))}; there are {', '.join(KINDS)}")
        self._rng = random.Random(self.seed)
        self.closed = set[str]()
        """The parts of services that are closed from now on."""

    @classmethod
    def of(cls, values: dict[str, Any]) -> Self:
        """The plan in JSON. Raises WorldError."""
        try:
            return cls(**values)
        except TypeError as problem:
            raise WorldError(f"not a plan of faults: {problem}") from None

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The plan of a world, one without faults where there is no file. Raises WorldError."""
        file = folder / FILE
        try:
            return cls.of(json.loads(file.read_text())) if file.exists() else cls()
        except ValueError as problem:
            raise WorldError(f"{file} cannot be used: {problem}") from None

    @property
    def quirks(self) -> Quirks:
        """Gives what readers of playlists meet."""
        return Quirks(self.lag_s, self.lag_snapshots, frozenset(self.nulls), frozenset(self.unkept))

    def draw(self, path: str) -> str | None:
        """The fault of the next call, if it has one."""
        if oddities.part_of(path) in self.closed:
            return "closed"
        if not self.most or not path.startswith(self.path) or self._rng.random() >= self.rate:
            return None
        return self._rng.choice(self.kinds)


class Faults:
    """The services with the faults of a plan."""

    def __init__(self, app: ASGIApp, tokens: Tokens, shelf: Shelf, plan: Plan) -> None:
        self._app, self._tokens, self._shelf, self.plan = app, tokens, shelf, plan
        shelf.quirks = plan.quirks
        logging.getLogger("uvicorn.error").addFilter(_not_ours)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif scope["path"] == "/sandbox/faults":
            await (await self._control(Request(scope, receive)))(scope, receive, send)
        elif scope["path"].startswith("/sandbox") or (kind := self.plan.draw(scope["path"])) is None:
            await self._app(scope, receive, send)
        else:
            await self._fail(kind, scope, await Request(scope, receive).body(), send)

    async def _control(self, request: Request) -> Response:
        try:
            self.plan = Plan.of(await request.json())
            self._shelf.quirks = self.plan.quirks
        except ValueError as problem:
            return JSONResponse({"error": str(problem)}, 400)
        return JSONResponse({"most": self.plan.most})

    async def _fail(self, kind: str, scope: Scope, body: bytes, send: Send) -> None:
        turned = _page_before(scope, body) if kind in _PAGED else None
        elsewhere = kind == "invalid_grant" and not scope["path"].startswith("/accounts/api")
        if elsewhere or (kind in _PAGED and turned is None):
            await self._app(scope, _receiving(body), send)  # a first page, or no page: nothing to fail with
            return
        self.plan.most -= 1
        if kind == "closed":
            self.plan.closed.add(oddities.part_of(scope["path"]))
            kind = "429_day"
        if kind in ("429", "429_day", "500"):
            wait = {"429": "1", "429_day": "86400"}.get(kind)
            answer = Response(status_code=int(kind[:3]), headers={"Retry-After": wait} if wait else None)
            await answer(scope, _receiving(body), send)
            return
        if kind == "invalid_grant":
            answer = JSONResponse({"error": kind, "error_description": "Refresh token revoked"}, 400)
            await answer(scope, _receiving(body), send)
            return
        if kind == "expired":
            self._tokens.expire()
        if kind == "slow":
            await sleep(self.plan.slow_s)
        before = await self._answer(*turned) if turned else None
        if kind == "small":
            scope, body = oddities.fewer(scope, body)
        status, headers, content = await self._answer(scope, body)
        if kind == "502":
            await Response(status_code=502)(scope, _receiving(body), send)
            return
        if before is not None and status == 200:
            content = (_repeated if kind == "duplicate" else _drifted)(content, before[2])
        elif kind in oddities.KINDS and status == 200:
            content = oddities.twisted(kind, content, self.plan._rng)
        elif kind == "truncated":
            content = content[: len(content) // 2]
        elif kind == "malformed":
            content = content[: len(content) // 2] + _GARBAGE + content[len(content) // 2 :]
        kept = [(name, value) for name, value in headers if name.lower() != b"content-length"]
        length = (b"content-length", str(len(content)).encode())
        await send({"type": "http.response.start", "status": status, "headers": [*kept, length]})
        if kind == "reset":  # what is announced never comes: the server closes the connection
            await send({"type": "http.response.body", "body": content[: len(content) // 2], "more_body": True})
            return
        if kind == "trickle":
            for byte in content:
                await send({"type": "http.response.body", "body": bytes([byte]), "more_body": True})
                await sleep(self.plan.slow_s)
            content = b""
        await send({"type": "http.response.body", "body": content})

    async def _answer(self, scope: Scope, body: bytes) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        """Status, headers and body of what the services say: whatever the call does is done."""
        sent: list[Message] = []

        async def keep(message: Message) -> None:
            sent.append(message)

        await self._app(scope, _receiving(body), keep)
        content = b"".join(message.get("body", b"") for message in sent)
        return sent[0]["status"], list(sent[0]["headers"]), content


def _page_before(scope: Scope, body: bytes) -> tuple[Scope, bytes] | None:
    """The call for the page before the one asked for; None where there is none."""
    query = dict(parse_qsl(scope["query_string"].decode()))
    offset, limit = int(query.get("offset") or 0), int(query.get("limit") or 20)
    if offset > 0:
        turned = query | {"offset": str(max(offset - limit, 0))}
        return {**scope, "query_string": urlencode(turned).encode()}, body
    form = dict(parse_qsl(body.decode(errors="replace")))
    if form.get("page", "1").isdigit() and int(form.get("page", "1")) > 1:
        turned_body = urlencode(form | {"page": str(int(form["page"]) - 1)}).encode()
        return {**scope, "headers": _with_length(scope["headers"], turned_body)}, turned_body
    return None


def _repeated(content: bytes, before: bytes) -> bytes:
    """The page `content` with the rows of the page before it."""
    if content.startswith(b"{"):
        return json.dumps(json.loads(content) | {"items": json.loads(before)["items"]}).encode()
    head, _, tail = _around(content)
    return head + b"".join(_tracks(before)) + tail


def _drifted(content: bytes, before: bytes) -> bytes:
    """The page `content` one row further down, in a list that is longer by one."""
    if content.startswith(b"{"):
        page, last = json.loads(content), json.loads(before)["items"][-1:]
        rows = (last + page["items"])[: page["limit"]]
        return json.dumps(page | {"items": rows, "total": page["total"] + 1}).encode()
    head, tracks, tail = _around(content)
    head = re.sub(rb' total="(\d+)"', lambda found: b' total="%d"' % (int(found[1]) + 1), head)
    return head + b"".join(_tracks(before)[-1:] + tracks[:-1]) + tail


def _tracks(content: bytes) -> list[bytes]:
    return re.findall(rb"<track[ >].*?</track>", content, re.DOTALL)


def _around(content: bytes) -> tuple[bytes, list[bytes], bytes]:
    """Gives what stands before the rows of a page, the rows, and what stands after them."""
    head, _, rest = content.partition(b"<track")
    return head, _tracks(content), rest[rest.rfind(b"</track>") + len(b"</track>") :]


def _with_length(headers: list[tuple[bytes, bytes]], body: bytes) -> list[tuple[bytes, bytes]]:
    rest = [(name, value) for name, value in headers if name != b"content-length"]
    return [*rest, (b"content-length", str(len(body)).encode())]


def _receiving(body: bytes) -> Receive:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


def _not_ours(record: logging.LogRecord) -> bool:
    """A body that ends early is what `reset` is for: the server need not complain."""
    return "without completing response" not in record.getMessage()
