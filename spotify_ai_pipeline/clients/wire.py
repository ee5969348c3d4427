"""The two HTTP libraries below the transport: how each sends a request, and what it may bring back.

An answer has a deadline as a whole, however slowly its bytes come; it is at most so long; and a redirect leads to no other
host. What breaks one of these rules is no answer: ``Unreachable``.
"""

from __future__ import annotations

import io
import json
import socket
import ssl
import time
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from functools import cache
from http.client import HTTPResponse
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import httpx2
import requests
from requests.adapters import HTTPAdapter

from spotify_ai_pipeline.errors import ExpectedError, Retryable

if TYPE_CHECKING:
    from spotify_ai_pipeline.clients.transport import Transport

USER_AGENT = "spotify-ai/0.1 (personal playlist manager)"
CHUNK = 2**16
PATIENCE = 2.0
"""An answer may take so many times as long as a service may be silent (``timeout_seconds``)."""
MOST_REDIRECTS = 3
MOST_BYTES = {"listenbrainz": 64 * 2**20, "anthropic": 16 * 2**20, "deezer": 16 * 2**20, "itunes": 16 * 2**20}
"""A longer answer, once unpacked, is not read to its end: a thousand recordings with tags, a preview."""
MOST_BYTES_OF_OTHERS = 8 * 2**20

_until: ContextVar[float] = ContextVar("until", default=float("inf"))
"""When (monotonic seconds) the answer that is being read has to be whole."""


class Unreachable(Retryable, requests.ConnectionError):
    """No sound answer came. Of a call that changes something, nobody knows whether it happened."""

    def __init__(self, service: str, why: str) -> None:
        super().__init__(f"{service} cannot be reached ({why}); try again later")
        self.service = service


class Late(Unreachable):
    """The answer was not whole in time. It is asked for once more, and no third time."""

    def __init__(self, service: str, seconds: float) -> None:
        super().__init__(service, f"its answer was not whole after {seconds:.0f} s")


class Session(requests.Session):
    """A ``requests`` session whose every request passes a ``Transport``; whatever goes wrong is an error of ours."""

    def __init__(self, transport: Transport) -> None:
        super().__init__()
        self.transport, self.max_redirects = transport, MOST_REDIRECTS
        self.headers["User-Agent"] = USER_AGENT
        for scheme in ("http://", "https://"):
            self.mount(scheme, _Adapter(transport))

    def request(self, *args: Any, **options: Any) -> requests.Response:
        try:
            return super().request(*args, **options)
        except ExpectedError:
            raise
        except (requests.RequestException, ValueError) as error:  # an address that is none is either
            raise Unreachable(self.transport.name, type(error).__name__) from None

    def elsewhere(self, url: str) -> str:
        """``url``, which an answer names: of the service itself, or of another host over HTTPS. Raises ``Unreachable``."""
        try:
            scheme, host = _origin(url)
            sound = host and (scheme == "https" or (scheme, host) == _origin(self.transport.service.url))
        except ValueError:
            sound = False
        if not sound:
            raise Unreachable(self.transport.name, "it names an address that is none")
        return url

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """The address to which an answer sends us. Raises ``Unreachable`` where its host or scheme is another one."""
        target = super().get_redirect_target(resp)
        if target is not None and _origin(urljoin(resp.url, target)) != _origin(resp.url):
            raise Unreachable(self.transport.name, "it sends us to another address")
        return target


class _Adapter(HTTPAdapter):
    """Sends a ``requests`` request through a ``Transport``; urllib3's own retries stay off."""

    def __init__(self, transport: Transport) -> None:
        super().__init__(max_retries=0)
        self.transport = transport

    def get_connection_with_tls_context(self, *args: Any, **options: Any) -> Any:
        pool = super().get_connection_with_tls_context(*args, **options)
        pool.ConnectionCls = _timed(pool.ConnectionCls)
        return pool

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        name, timeout = self.transport.name, self.transport.service.timeout_seconds
        options["timeout"] = timeout

        def attempt() -> requests.Response:
            response = super(_Adapter, self).send(request, *args, **options)
            response._content = _bounded(response.iter_content(CHUNK), name)
            self.transport.check(
                response.status_code, response.headers, response.content
            )  # reads the body here, where a cut is repeated
            return response

        return self.transport.call(
            request.method or "GET",
            lambda: _in_time(attempt, name, timeout, requests.RequestException),
            lambda response: (response.status_code, response.headers),
            (requests.RequestException,),
            path=_below(self.transport.service.url, request.url or ""),
        )


class HttpxTransport(httpx2.BaseTransport):
    """Sends an ``httpx2`` request through a ``Transport``.

    A client that is made anew for each request (pylast) closes its transports with itself: ``close`` does nothing, so that
    connections live on.
    """

    def __init__(self, transport: Transport, one_address: bool) -> None:
        self.transport, self.one_address = transport, one_address
        self.url = httpx2.URL(transport.service.url)
        self.inner = httpx2.HTTPTransport(verify=_trusted())
        pool: Any = self.inner._pool
        pool._network_backend = _TimedBackend(pool._network_backend)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        if self.one_address:
            request.url = self.url.copy_with(query=request.url.query or None)
            request.headers["Host"] = self.url.netloc.decode()
        request.headers["User-Agent"] = USER_AGENT
        name, seconds = self.transport.name, self.transport.service.timeout_seconds
        request.extensions = {**request.extensions, "timeout": httpx2.Timeout(seconds).as_dict()}

        def attempt() -> httpx2.Response:
            response = self.inner.handle_request(request)
            try:
                response._content = _bounded(response.iter_bytes(CHUNK), name)
            finally:
                response.close()
            self.transport.check(response.status_code, response.headers, response.content)
            return response

        broken = (httpx2.TransportError, httpx2.DecodingError, Unreachable, TimeoutError)
        return self.transport.call(
            request.method,
            lambda: _in_time(attempt, name, seconds, *broken),
            lambda response: (response.status_code, response.headers),
            broken,
        )

    def close(self) -> None:
        pass


def whole_json(status: int, headers: Mapping[str, str], body: bytes) -> bool:
    """Tells whether a good answer is what it says that it is. A page for people is none: it comes from whoever stands
    between."""
    kind = headers.get("Content-Type", "").lower()
    if status >= 400 or not body or not ("json" in kind or "html" in kind):
        return True
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return False
    return True


def _in_time(attempt: Any, name: str, timeout: float, *broken: type[Exception]) -> Any:
    """Gives what ``attempt`` gives. Raises ``Late`` where its answer was not whole in time."""
    seconds = PATIENCE * timeout
    until = time.monotonic() + seconds
    token = _until.set(until)
    try:
        return attempt()
    except broken as error:
        if time.monotonic() >= until:
            raise Late(name, seconds) from error
        raise
    finally:
        _until.reset(token)


def _bounded(chunks: Iterable[bytes], service: str) -> bytes:
    """The whole body; raises ``Unreachable`` for one that no honest answer is as long as."""
    body, most = bytearray(), MOST_BYTES.get(service, MOST_BYTES_OF_OTHERS)
    for chunk in chunks:
        body += chunk
        if len(body) > most:
            raise Unreachable(service, f"the answer is longer than {most:,} bytes")
    return bytes(body)


def _left() -> float:
    """Seconds in which the answer has to be whole. Raises ``TimeoutError`` where there is none left."""
    left = _until.get() - time.monotonic()
    if left <= 0:
        raise TimeoutError("the answer takes too long")
    return left


class _TimedReader(io.RawIOBase):
    """A stream of bytes from a socket, for as long as the answer has time."""

    def __init__(self, sock: socket.socket, raw: io.RawIOBase) -> None:
        self.sock, self.raw, self.silence = sock, raw, sock.gettimeout()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int | None:
        left = _left()
        self.sock.settimeout(left if self.silence is None else min(left, self.silence))
        return self.raw.readinto(buffer)  # pyright: ignore[reportAttributeAccessIssue]

    def close(self) -> None:
        self.raw.close()
        super().close()


class _TimedResponse(HTTPResponse):
    """An answer whose head and body have one deadline."""

    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self.fp = io.BufferedReader(_TimedReader(sock, self.fp.detach()))  # pyright: ignore[reportAttributeAccessIssue]


@cache
def _timed(connection: type[Any]) -> type[Any]:
    """The same kind of connection, with answers that have a deadline."""
    if issubclass(connection.response_class, _TimedResponse):
        return connection
    return type(connection.__name__, (connection,), {"response_class": _TimedResponse})


class _TimedBackend:
    """httpx2's way to the network, with streams that have a deadline."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def connect_tcp(self, *args: Any, **options: Any) -> _TimedStream:
        return _TimedStream(self.inner.connect_tcp(*args, **options))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


class _TimedStream:
    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        left = _left()
        return self.inner.read(max_bytes, left if timeout is None else min(left, timeout))

    def start_tls(self, *args: Any, **options: Any) -> _TimedStream:
        return _TimedStream(self.inner.start_tls(*args, **options))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme.lower(), parts.netloc.lower()


def _below(base: str, url: str) -> str:
    """The path of ``url`` below the service's own address; empty where it is elsewhere."""
    return url.removeprefix(base) if url.startswith(base) else ""


@cache  # 40 ms, once a process
def _trusted() -> ssl.SSLContext:
    return httpx2.create_ssl_context()
