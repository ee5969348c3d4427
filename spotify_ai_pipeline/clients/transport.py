"""The one way out: every request of every client passes here, whichever HTTP library the client uses.

A ``Transport`` paces calls, counts every attempt in the ledger before it leaves, keeps the day's budgets, repeats what is
safe to repeat and turns long refusals into ``Deferred``. Ledger, pace and cool-downs are kept in the state: they hold over
restarts and for all processes together. Clients get a ``requests`` session or an ``httpx2`` transport.
"""

from __future__ import annotations

import logging
import math
import random
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any, TypeVar

import httpx2
import requests

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.clients.wire import HttpxTransport, Late, Session, Unreachable, whole_json
from spotify_ai_pipeline.errors import ExpectedError, Refused, Retryable
from spotify_ai_pipeline.settings import Service
from spotify_ai_pipeline.storage import api_ledger
from spotify_ai_pipeline.storage.state import State

Answer = TypeVar("Answer")

ATTEMPTS = 4
BUSY = frozenset({500, 502, 503, 504})
LONGEST_WAIT = 60.0
"""Seconds of ``Retry-After`` that are waited out; a longer one ends the step as deferred."""
BACKOFF = 0.5
"""Seconds before the first repetition, give or take half of it; each further one waits twice as long."""
SHORTEST_PAUSE, UNSAID_PAUSE, LONGEST_PAUSE = 1.0, 5.0, api_ledger.LONGEST_PAUSE
"""Seconds of a pause, whatever a service asks for."""
TELL_EVERY = 5.0
"""Seconds of a wait after which observers are told what is left of it."""

Observer = Callable[[str, str], None]
_observers: ContextVar[tuple[Observer, ...]] = ContextVar("observers", default=())

log = logging.getLogger(__name__)


class Deferred(Retryable):
    """A service may not be called before ``until`` (UTC seconds): the step ends here and a later run resumes."""

    def __init__(self, service: str, until: float, reason: str, bucket: str = "") -> None:
        when = datetime.fromtimestamp(until, UTC)
        part = f" ({bucket})" if bucket else ""
        super().__init__(f"{service}{part} is deferred until {when:%Y-%m-%d %H:%M} UTC: {reason}", until)
        self.service, self.reason, self.bucket = service, reason, bucket


def json_of(answer: requests.Response, service: str) -> Any:
    """The body of a good answer; raises ``Refused`` or ``OutOfOrder`` for any other, and for one that is no JSON."""
    if not answer.ok:
        raise _not_ok(answer.status_code, service, "call")
    try:
        return answer.json()
    except (ValueError, RecursionError):
        raise OutOfOrder(f"{service} sent an answer that is no JSON; try again later") from None


def sound_of(answer: requests.Response, service: str) -> bytes:
    """The body of a good answer that is no JSON; raises ``Refused`` or ``OutOfOrder`` for any other."""
    if not answer.ok:
        raise _not_ok(answer.status_code, service, "preview")
    return answer.content


def _not_ok(status: int, service: str, asked: str) -> ExpectedError:
    if status >= 500:
        return OutOfOrder(f"{service} is out of order (HTTP {status}); try again later")
    return Refused(f"{service} refused a {asked} (HTTP {status})")


class OutOfOrder(Retryable):
    """A service answered that it is in trouble itself."""


@contextmanager
def observed(observer: Observer) -> Generator[None]:
    """Tells ``observer`` of every attempt (service, "call") and every wait (service, "waits 12 s") inside the block.

    A thread that is started inside the block has observers of its own, so runs side by side do not hear each other.
    """
    token = _observers.set((*_observers.get(), observer))
    try:
        yield
    finally:
        _observers.reset(token)


class Transport:
    """The way to one service.

    ``safe_posts`` says that this service's POST requests only read, and may be repeated like GET. ``sound`` says of an
    answer (status, body) whether it is whole and meant, for services that do not speak JSON; one that is not counts as
    failed and is repeated like a broken connection. ``bucket_of`` names the part of the service that a call (method, path) is
    counted in: a pause that the service asks for there holds for that part alone.
    """

    def __init__(
        self,
        name: str,
        service: Service,
        state: State,
        *,
        safe_posts: bool = False,
        sound: Callable[[int, bytes], bool] | None = None,
        bucket_of: Callable[[str, str], str] = lambda method, path: "",
    ) -> None:
        self.name, self.service, self.state = name, service, state
        self.repeatable = {"GET", "HEAD", "POST"} if safe_posts else {"GET", "HEAD"}
        self.sound, self.bucket_of = sound, bucket_of

    def call(
        self,
        method: str,
        attempt: Callable[[], Answer],
        response_of: Callable[[Answer], tuple[int, Any]],
        broken: tuple[type[Exception], ...],
        path: str = "",
    ) -> Answer:
        """The answer of ``attempt``, repeated where that is safe.

        ``response_of`` gives (status, headers) of an answer; ``broken`` are the errors of a connection that failed. Raises
        ``Deferred`` where the service asks for a long pause or the day's budget is used up, ``Unreachable`` where no
        attempt brought a sound answer.
        """
        kind, bucket = "read" if method in self.repeatable else "write", self.bucket_of(method, path)
        late = 0
        for remaining in reversed(range(ATTEMPTS)):
            self._admit(kind, bucket)
            try:
                answer = attempt()
            except broken as error:
                self.failed(kind)
                late += isinstance(error, Late)
                if not remaining or kind == "write" or late == 2:
                    raise error if isinstance(error, Unreachable) else Unreachable(self.name, _why(error)) from error
                log.info("%s: %s failed (%s); it is repeated", self.name, method, error)
                self._wait(self._backoff(remaining))
                continue
            finally:
                self._tell("call")
            status, headers = response_of(answer)
            log.debug("%s: %s answered with %d", self.name, method, status)
            if status >= 400:
                self.failed(kind)
            if status == 429:
                pause = pause_of(headers.get("Retry-After"), clock.now())
                if pause > LONGEST_WAIT or not remaining:
                    raise self.cool_down(pause, bucket)
                self._wait(pause)
            elif status in BUSY and kind == "read" and remaining:
                log.info("%s: %s answered with %d; it is repeated", self.name, method, status)
                self._wait(self._backoff(remaining))
            else:
                return answer
        raise AssertionError("unreachable: the last attempt returns or raises")

    @cached_property
    def session(self) -> Session:
        """A ``requests`` session, connections kept, whose every request passes ``call``."""
        return Session(self)

    @cached_property
    def httpx_transport(self) -> httpx2.BaseTransport:
        """An ``httpx2`` transport that sends whatever it is given to the service's own URL, through ``call``."""
        return HttpxTransport(self, one_address=True)

    @cached_property
    def httpx_transport_of_paths(self) -> httpx2.BaseTransport:
        """The same for a client that is told the service's URL itself and asks for paths below it."""
        return HttpxTransport(self, one_address=False)

    def check(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Raises ``Unreachable`` for an answer that is not whole: a cut or garbled body with a good status is no answer."""
        if not (self.sound(status, body) if self.sound else whole_json(status, headers, body)):
            raise Unreachable(self.name, f"the answer was not whole, {len(body):,} bytes with status {status}")

    def ask_time(self) -> float:
        """The time (UTC seconds) by the service's clock, from the date of an answer. Raises ``Refused`` where it tells none."""
        answer = self.session.head(self.service.url, allow_redirects=False)
        try:
            return _moment(answer.headers["Date"])
        except (KeyError, ValueError) as error:
            raise Refused(f"{self.name} tells no time ({error})") from None

    def _admit(self, kind: str, bucket: str) -> None:
        if (wait := self.take_turn(kind, bucket)) > 0:
            time.sleep(wait)

    def take_turn(self, kind: str, bucket: str = "") -> float:
        """Takes the next turn and enters the call in the ledger, or raises ``Deferred``. Gives the seconds until the turn."""
        turn = api_ledger.take_turn(
            self.state,
            self.name,
            kind,
            clock.now(),
            budget=self.service.budgets[kind],
            calls_per_second=self.service.calls_per_second,
            longest_wait=LONGEST_WAIT,
            bucket=bucket,
        )
        if isinstance(turn, api_ledger.Pause):
            raise Deferred(self.name, turn.until, turn.reason, turn.bucket)
        return turn

    def calls_left(self) -> int:
        """Reading calls that still fit into today's budget."""
        return self.service.budgets["read"] - api_ledger.calls_of(self.state, self.name, "read", clock.now())

    def failed(self, kind: str) -> None:
        """Enters a call that failed in the ledger."""
        api_ledger.record_failure(self.state, self.name, kind, clock.now())

    def cool_down(self, seconds: float, bucket: str = "") -> Deferred:
        """Keeps the pause that the service asks for, for all processes; gives the error to raise."""
        until = clock.now() + min(max(seconds, SHORTEST_PAUSE), LONGEST_PAUSE)
        pause = api_ledger.Pause(until, "too many requests; the service asked for a pause", bucket)
        api_ledger.record_pause(self.state, self.name, pause)
        log.info("%s: a pause of %.0f s begins (%s)", self.name, seconds, pause.reason)
        return Deferred(self.name, pause.until, pause.reason, bucket)

    def _backoff(self, remaining: int) -> float:
        return BACKOFF * 2 ** (ATTEMPTS - 1 - remaining) * random.uniform(0.5, 1.5)

    def _wait(self, seconds: float) -> None:
        """Waits, and tells every few seconds what is left."""
        while seconds > 0:
            if seconds >= 1:
                self._tell(f"waits {seconds:.0f} s")
            time.sleep(min(seconds, TELL_EVERY))
            seconds -= TELL_EVERY

    def _tell(self, what: str) -> None:
        for observer in _observers.get():
            observer(self.name, what)


def _why(error: Exception) -> str:
    return str(error) or type(error).__name__


def pause_of(retry_after: str | None, now: float) -> float:
    """The seconds that a ``Retry-After`` asks for, from ``SHORTEST_PAUSE`` to ``LONGEST_PAUSE``: it is a number of seconds or
    a date. A missing or unreadable one counts as ``UNSAID_PAUSE``."""
    try:
        asked = float(retry_after or UNSAID_PAUSE)
    except ValueError:
        try:
            asked = _moment(str(retry_after)) - now
        except (ValueError, TypeError, OverflowError, OSError):
            asked = UNSAID_PAUSE
    return UNSAID_PAUSE if math.isnan(asked) else min(max(asked, SHORTEST_PAUSE), LONGEST_PAUSE)


def _moment(date: str) -> float:
    """The Unix time of a date of HTTP; the old form names no zone, and means UTC."""
    at = parsedate_to_datetime(date)
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
