"""The guard of a local server says who may speak to it. A page of any site can make the browser of this machine call
127.0.0.1, so loopback protects nothing: every server of this program stands behind this guard. It knows nothing of the
rest of the program.

Refused are names of the server that are not its own (a page whose name was rebound to 127.0.0.1 could read), pages of
another origin, another port of this machine included, and what acts by an address alone: a GET or a form.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Collection, Iterable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
ALLOWED_HOSTS = "SPOTIFY_AI_ALLOWED_HOSTS"
"""Environment: more names of this machine's servers, with commas, such as the one that a reverse proxy is asked by."""

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
FOREIGN_SITES = frozenset({"cross-site", "same-site"})
"""What a browser says of a request (Sec-Fetch-Site) that a page of another origin made; ports are origins of one site."""
UNFRAMED = (b"x-frame-options", b"SAMEORIGIN")
"""A page of another origin may not show ours in a frame and lead a click there."""
DEFAULT_PORTS = {"http": 80, "https": 443}


def allowed_hosts() -> frozenset[str]:
    """Loopback, and the names that the environment adds."""
    more = os.environ.get(ALLOWED_HOSTS, "").split(",")
    return LOOPBACK | {name.strip().lower() for name in more if name.strip()}


class Guard:
    """An ASGI application before ``app`` that turns strangers away with 403.

    ``acts`` says of a path that a GET with a query does something there: such a GET is refused whoever sends it. ``entries``
    says to which paths a link on another site may lead. ``forms`` lets programs that are no browser send forms, as the web
    services that the sandbox stands in for want them.
    """

    def __init__(
        self,
        app: App,
        hosts: Collection[str] = LOOPBACK,
        *,
        acts: Callable[[str], bool] = lambda path: False,
        entries: Callable[[str], bool] = lambda path: True,
        forms: bool = False,
    ) -> None:
        self._app, self._hosts, self._acts, self._entries, self._forms = app, hosts, acts, entries, forms

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
        elif (reason := self.refusal(scope)) is None:
            await self._app(scope, receive, _unframed(send) if scope["type"] == "http" else send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": reason})
        else:
            body = f"refused: {reason}\n".encode()
            headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
            await send({"type": "http.response.start", "status": 403, "headers": headers})
            await send({"type": "http.response.body", "body": body})

    def refusal(self, scope: Scope) -> str | None:
        """Says why the request is turned away; None where it may pass."""
        hosts, origins = _values(scope, b"host"), _values(scope, b"origin")
        host = _address("//" + hosts[0]) if len(hosts) == 1 else None
        if host is None or host[0] not in self._hosts:
            return f"this server has another name; name it in {ALLOWED_HOSTS} if it is its own"
        if len(origins) > 1 or (origins and not _is_same(origins[0], host)):
            return "a page of another origin asked"
        if scope["type"] == "websocket":
            return None
        site = "".join(_values(scope, b"sec-fetch-site")[:1])
        if scope["method"] in SAFE_METHODS:
            if scope["query_string"] and self._acts(scope["path"]):
                return "this address acts; it takes a POST with JSON"
            if site in FOREIGN_SITES and not (self._entries(scope["path"]) and _is_visit(scope)):
                return "a page of another origin asked"
            return None
        if site in FOREIGN_SITES:
            return "a page of another origin asked"
        if origins or (self._forms and not site) or _is_json(_values(scope, b"content-type")):
            return None
        return "a request that changes something names its origin, or is JSON"


def _values(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name]


def _address(text: str) -> tuple[str, int | None] | None:
    """Name and port of an address; None for what is none, or has more to it than these."""
    try:
        parts = urlsplit(text)
        name, port = parts.hostname, parts.port
    except ValueError:
        return None
    if not name or parts.username is not None or parts.path or parts.query or parts.fragment:
        return None
    return name.removesuffix("."), port


def _is_same(origin: str, host: tuple[str, int | None]) -> bool:
    """Tells whether ``origin`` is that of the server. Behind a proxy with TLS the scheme says nothing; the port
    does."""
    scheme, found = origin.partition(":")[0], _address(origin)
    if found is None or scheme not in DEFAULT_PORTS or found[0] != host[0]:
        return False
    return (found[1] or DEFAULT_PORTS[scheme]) == (host[1] or DEFAULT_PORTS[scheme])


def _is_visit(scope: Scope) -> bool:
    """Tells whether a link in a browser's window leads here: the page that has it learns nothing."""
    return (
        scope["method"] == "GET"
        and _values(scope, b"sec-fetch-mode") == ["navigate"]
        and _values(scope, b"sec-fetch-dest") == ["document"]
    )


def _is_json(types: Iterable[str]) -> bool:
    """Tells whether the one content type is JSON: a page of another origin cannot send it unasked. ``text/plain;
    application/json`` is none, and it could."""
    return [kind.partition(";")[0].strip().lower() for kind in types] == ["application/json"]


def _unframed(send: Send) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), UNFRAMED]}
        await send(message)

    return sent
