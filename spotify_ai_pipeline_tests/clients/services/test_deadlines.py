"""Answers that never end, lead elsewhere, or are no data: each is an error of ours, and none takes longer than its deadline."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest

from spotify_ai_pipeline.clients.transport import OutOfOrder, Transport, Unreachable, json_of
from spotify_ai_pipeline.errors import Retryable
from spotify_ai_pipeline.settings import Service
from spotify_ai_pipeline.storage.state import State

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n"
Script = Callable[[socket.socket], None]


@pytest.fixture
def server() -> Iterator[dict[str, Any]]:
    """A server that does with each connection what ``script`` says."""
    talk: dict[str, Any] = {"script": None, "asked": 0}
    listening = socket.create_server(("127.0.0.1", 0))

    def one(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            while connection.recv(65_536):
                talk["asked"] += 1
                talk["script"](connection)

    def serve() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=one, args=(listening.accept()[0],), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    talk["url"] = f"http://127.0.0.1:{listening.getsockname()[1]}/"
    yield talk
    listening.close()


@pytest.fixture
def way(server: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Transport:
    monkeypatch.setattr(Transport, "_backoff", lambda self, remaining: 0.01)
    service = Service(url=server["url"], timeout_seconds=1, calls_per_second=10_000, calls_per_day=100)
    return Transport("reccobeats", service, State(tmp_path / "state.sqlite"))


def by_requests(way: Transport) -> Any:
    return way.session.get(way.service.url)


def by_httpx(way: Transport) -> Any:
    with httpx2.Client(transport=way.httpx_transport) as client:
        return client.get(way.service.url)


def slowly(content: bytes) -> Script:
    def script(connection: socket.socket) -> None:
        for byte in content:
            connection.sendall(bytes([byte]))
            time.sleep(0.2)

    return script


def at_once(content: bytes) -> Script:
    return lambda connection: connection.sendall(content)


@pytest.mark.parametrize("ask", [by_requests, by_httpx])
@pytest.mark.parametrize("before", [HEAD, b""], ids=["body", "head"])
def test_bytes_that_trickle_in_end_at_the_deadline(server: Any, way: Transport, ask: Any, before: bytes) -> None:
    server["script"] = lambda connection: (connection.sendall(before), slowly(HEAD * 3)(connection))
    started = time.monotonic()
    with pytest.raises(Unreachable, match="was not whole after 2 s"):
        ask(way)
    assert time.monotonic() - started < 2 * 2 + 1, "it is asked once more, and no third time"
    assert server["asked"] == 2


@pytest.mark.parametrize("ask", [by_requests, by_httpx])
def test_an_answer_that_is_slow_and_in_time_is_taken(server: Any, way: Transport, ask: Any) -> None:
    body = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
    server["script"] = lambda connection: (connection.sendall(body), slowly(b"[1,2]")(connection))
    assert [ask(way).json() for _ in range(2)] == [[1, 2], [1, 2]]
    assert server["asked"] == 2


def redirect(to: str) -> Script:
    return at_once(f"HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n".encode())


@pytest.mark.parametrize(
    "to",
    ["/", "{url}again", "http://localhost:1/", "https://127.0.0.1/", "ftp://127.0.0.1/", "file:///etc/passwd", "//[bad/", "http://"],
)  # fmt: skip
def test_a_redirect_leads_to_no_other_place_and_not_in_circles(server: Any, way: Transport, to: str) -> None:
    server["script"] = redirect(to.format(url=server["url"]))
    with pytest.raises(Unreachable):
        by_requests(way)
    assert server["asked"] <= 4


def test_a_redirect_within_the_service_is_followed(server: Any, way: Transport) -> None:
    answers = [redirect("/there"), at_once(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")]
    server["script"] = lambda connection: answers.pop(0)(connection)
    assert by_requests(way).json() == {}


@pytest.mark.parametrize(
    "url", ["ftp://127.0.0.1/x", "no address", "", "http://", "file:///etc/passwd", "http://[bad/"]
)
def test_an_address_that_is_none_is_an_error_of_ours(way: Transport, url: str) -> None:
    with pytest.raises(Unreachable):
        way.session.get(url)


def answer(kind: str, body: bytes) -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/html", b"<html>Please sign in to the hotel</html>"), ("application/json", b"<html></html>"),
        ("text/plain", b"<html></html>"), ("application/json", b"[" * 200_000), ("text/plain", b"[" * 200_000),
        ("application/json", b'{"a": ' * 100_000), ("application/json", b'{"n": ' + b"9" * 5_000 + b"}"),
        ("application/json", b'"\xff\xfe"'), ("application/json", b'{"a": 1'),
    ],
)  # fmt: skip
def test_what_is_no_data_is_an_error_of_ours(server: Any, way: Transport, kind: str, body: bytes) -> None:
    server["script"] = at_once(answer(kind, body))
    with pytest.raises((Unreachable, OutOfOrder)) as caught:
        json_of(by_requests(way), "ReccoBeats")
    assert isinstance(caught.value, Retryable)
    assert "\n" not in str(caught.value)


def test_the_limit_of_a_body_is_that_of_its_service(server: Any, way: Transport) -> None:
    server["script"] = at_once(answer("audio/mpeg", b"x" * (9 * 2**20)))
    with pytest.raises(Unreachable, match="longer than 8,388,608 bytes"):
        by_requests(way)
    preview = Transport("deezer", way.service, way.state)
    assert len(by_requests(preview).content) == 9 * 2**20
