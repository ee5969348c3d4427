"""A tiny web server that misbehaves as it is told to."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from spotify_ai_pipeline.clients.transport import Transport
from spotify_ai_pipeline.settings import Service
from spotify_ai_pipeline.storage.state import State

RESET, CUT = -1, -2
"""In place of a status: reset the connection; send half of the body."""


@dataclass
class Rude:
    """Answers with ``plan``, (status, Retry-After) by (status, Retry-After), then with 200; keeps what it was asked, and says
    ``said`` where there is any."""

    url: str = ""
    plan: list[tuple[int, str | None]] = field(default_factory=list)
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    said: str = ""


@pytest.fixture
def rude() -> Iterator[Rude]:
    script = Rude()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            self.rfile.read(length)
            script.asked.append((self.command, self.path, dict(self.headers)))
            status, pause = script.plan.pop(0) if script.plan else (200, None)
            if status == RESET:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
                self.close_connection = True
                return
            body = (script.said or json.dumps({"asked": len(script.asked)})).encode()
            self.send_response(200 if status == CUT else status)
            self.send_header("Content-Length", str(len(body)))
            if pause is not None:
                self.send_header("Retry-After", pause)
            self.end_headers()
            self.wfile.write(body[:4] if status == CUT else body)
            if status == CUT:
                self.close_connection = True

        do_GET = do_POST = do_PUT = do_DELETE = answer

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """Clients hang up here, and are hung up on: nothing to print."""

    server = Server(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    script.url = f"http://127.0.0.1:{server.server_address[1]}/"
    yield script
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def service(rude: Rude) -> Service:
    return Service(url=rude.url, timeout_seconds=2, calls_per_second=10_000, calls_per_day=100)


@pytest.fixture
def transport(service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Transport:
    """The way to the rude server, in a hurry."""
    monkeypatch.setattr(Transport, "_backoff", lambda self, remaining: 0.01)
    return Transport("lastfm", service, State(tmp_path / "state.sqlite"))
