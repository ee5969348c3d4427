"""The one way out: every request of every client passes here, whichever HTTP library the client uses.

A ``Transport`` paces calls, counts every attempt in the ledger, keeps the day's budget, retries what is safe to repeat and
turns long refusals into ``Deferred``. Clients get it as a ``requests`` session or as an ``httpx2`` transport.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, TypeVar

import httpx2
import requests
from requests.adapters import HTTPAdapter

from spotify_ai_pipeline.problems import Problem
from spotify_ai_pipeline.settings import Service
from spotify_ai_pipeline.storage.state import State

Answer = TypeVar("Answer")

USER_AGENT = "spotify-ai/0.1 (personal playlist manager)"
ATTEMPTS = 4
BUSY = frozenset({500, 502, 503, 504})
LONGEST_WAIT = 60.0
"""Seconds of ``Retry-After`` that are waited out; a longer one ends the step as deferred."""

Observer = Callable[[str, str], None]
_observers: list[Observer] = []


class Deferred(Problem):
    """A service may not be called before ``until`` (UTC seconds): the step ends here and a later run resumes."""

    def __init__(self, service: str, until: float, reason: str) -> None:
        when = datetime.fromtimestamp(until, UTC)
        super().__init__(f"{service} is deferred until {when:%Y-%m-%d %H:%M} UTC: {reason}")
        self.service, self.until, self.reason = service, until, reason


def observe(observer: Observer) -> None:
    """Has ``observer`` told of every attempt (service, "call") and every wait (service, "waits 12 s")."""
    _observers.append(observer)


def forget(observer: Observer) -> None:
    _observers.remove(observer)


class Transport:
    """The way to one service.

    ``safe_posts`` says that this service's POST requests only read, and may be repeated like GET.
    """

    def __init__(self, name: str, service: Service, state: State, *, safe_posts: bool = False) -> None:
        self.name, self.service, self.state = name, service, state
        self.repeatable = {"GET", "HEAD", "POST"} if safe_posts else {"GET", "HEAD"}
        self._lock = threading.Lock()
        self._next_call = 0.0

    def call(
        self,
        method: str,
        attempt: Callable[[], Answer],
        response_of: Callable[[Answer], tuple[int, Any]],
        broken: tuple[type[Exception], ...],
    ) -> Answer:
        """The answer of ``attempt``, repeated where that is safe.

        ``response_of`` gives (status, headers) of an answer; ``broken`` are the errors of a connection that failed. Raises
        ``Deferred`` where the service asks for a long pause or the day's budget is used up.
        """
        kind = "read" if method in self.repeatable else "write"
        for remaining in reversed(range(ATTEMPTS)):
            self._admit(kind)
            try:
                answer = attempt()
            except broken:
                self._count(kind, failed=True)
                if not remaining or method not in self.repeatable:
                    raise
                self._wait(self._backoff(remaining))
                continue
            status, headers = response_of(answer)
            self._count(kind, failed=status >= 400)
            if status == 429:
                pause = _seconds(headers.get("Retry-After"))
                if pause > LONGEST_WAIT or not remaining:
                    raise self._cool_down(pause, "too many requests; the service asked for a pause")
                self._wait(pause)
            elif status in BUSY and method in self.repeatable and remaining:
                self._wait(self._backoff(remaining))
            else:
                return answer
        raise AssertionError("unreachable: the last attempt returns or raises")

    @cached_property
    def session(self) -> requests.Session:
        """A ``requests`` session, connections kept, whose every request passes ``call``."""
        session = requests.Session()
        session.headers["User-Agent"] = USER_AGENT
        adapter = _Adapter(self)
        session.mount("http://", adapter)
        session.mount("https://", adapter)
        return session

    @cached_property
    def httpx_transport(self) -> httpx2.BaseTransport:
        """An ``httpx2`` transport that sends whatever it is given to the service's own URL, through ``call``."""
        return _HttpxTransport(self)

    def _admit(self, kind: str) -> None:
        now = time.time()
        for row in self.state.rows(
            "SELECT until, reason FROM cooldowns WHERE service = ? AND until > ?", (self.name, now)
        ):
            raise Deferred(self.name, row["until"], row["reason"])
        if kind == "read" and self._calls_today() >= self.service.calls_per_day:
            tomorrow = (now // 86_400 + 1) * 86_400
            raise Deferred(self.name, tomorrow, f"the day's budget of {self.service.calls_per_day} calls is used up")
        with self._lock:
            turn = max(self._next_call, time.monotonic())
            self._next_call = turn + 1 / self.service.calls_per_second
        if (pause := turn - time.monotonic()) > 0:
            time.sleep(pause)

    def _calls_today(self) -> int:
        rows = self.state.rows(
            "SELECT calls FROM api_calls WHERE day = ? AND service = ? AND kind = 'read'", (_today(), self.name)
        )
        return rows[0]["calls"] if rows else 0

    def _count(self, kind: str, *, failed: bool) -> None:
        with self.state.transaction() as connection:
            connection.execute(
                "INSERT INTO api_calls VALUES (?, ?, ?, 1, ?) ON CONFLICT (day, service, kind)"
                " DO UPDATE SET calls = calls + 1, failures = failures + excluded.failures",
                (_today(), self.name, kind, int(failed)),
            )
        self._tell("call")

    def _cool_down(self, seconds: float, reason: str) -> Deferred:
        until = time.time() + seconds
        with self.state.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO cooldowns VALUES (?, ?, ?)", (self.name, until, reason))
        return Deferred(self.name, until, reason)

    def _backoff(self, remaining: int) -> float:
        return 0.5 * 2 ** (ATTEMPTS - 1 - remaining) * random.uniform(0.5, 1.5)

    def _wait(self, seconds: float) -> None:
        if seconds >= 1:
            self._tell(f"waits {seconds:.0f} s")
        time.sleep(seconds)

    def _tell(self, what: str) -> None:
        for observer in _observers:
            observer(self.name, what)


class _Adapter(HTTPAdapter):
    """Sends a ``requests`` request through a ``Transport``; urllib3's own retries stay off."""

    def __init__(self, transport: Transport) -> None:
        super().__init__(max_retries=0)
        self.transport = transport

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        options["timeout"] = self.transport.service.timeout_seconds
        return self.transport.call(
            request.method or "GET",
            lambda: super(_Adapter, self).send(request, *args, **options),
            lambda response: (response.status_code, response.headers),
            (requests.ConnectionError, requests.Timeout),
        )


class _HttpxTransport(httpx2.BaseTransport):
    """Sends an ``httpx2`` request through a ``Transport``.

    A client that is made anew for each request (pylast) closes its transports with itself: ``close`` does nothing, so that
    connections live on.
    """

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self.url = httpx2.URL(transport.service.url)
        self.inner = httpx2.HTTPTransport()

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        request.url = self.url.copy_with(query=request.url.query or None)
        request.headers["Host"] = self.url.netloc.decode()
        request.headers["User-Agent"] = USER_AGENT
        timeout = httpx2.Timeout(self.transport.service.timeout_seconds)
        request.extensions = {**request.extensions, "timeout": timeout.as_dict()}
        return self.transport.call(
            request.method,
            lambda: self.inner.handle_request(request),
            lambda response: (response.status_code, response.headers),
            (httpx2.TransportError,),
        )

    def close(self) -> None:
        pass


def _seconds(retry_after: str | None) -> float:
    """``Retry-After`` in seconds; a missing or unreadable one counts as five."""
    try:
        return max(float(retry_after or 5), 0.0)
    except ValueError:
        return 5.0


def _today() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d}"
