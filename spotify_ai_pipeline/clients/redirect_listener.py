"""The address that Spotify sends the browser back to: listened on while a sign-in waits.

Anybody on this machine can call it, and browsers call more than they are asked to. Only the answer to this sign-in ends the
wait; every other request is answered in words, and the wait goes on.
"""

from __future__ import annotations

import queue
import socket
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from spotify_ai_pipeline.errors import ExpectedError

DONE = "You are signed in. You may close this page and go back to the terminal."
IDLE_SECONDS = 10
"""A connection that says nothing for so long is closed: browsers open some in advance."""

LOOPBACK = ("127.0.0.1", "::1", "localhost")

Judge = Callable[[str], str]
Wait = Callable[[], str]


class EndsTheWait(Exception):
    """Mixed into errors that are an answer to this sign-in: they end it."""


@contextmanager
def listening(redirect_uri: str, judge: Judge) -> Generator[Wait]:
    """Listens on ``redirect_uri`` inside the block; the value is a function that waits for what ``judge`` gives.

    ``judge`` takes the address that was asked for. It gives the code, or raises: an error that ``EndsTheWait`` is raised by
    the wait as well, any other is told to the browser alone. Raises ``OSError`` where the address cannot be listened on.
    """
    parts = urlsplit(redirect_uri)
    if parts.scheme != "http" or parts.hostname not in LOOPBACK or not parts.port:
        raise OSError(0, "only http://127.0.0.1:PORT and http://[::1]:PORT can be")
    answers: queue.SimpleQueue[str | EndsTheWait] = queue.SimpleQueue()

    class Handler(BaseHTTPRequestHandler):
        timeout = IDLE_SECONDS

        def do_GET(self) -> None:
            if self.headers.get("Host") != parts.netloc:
                self._tell(403, f"This address is {parts.netloc}.")
            elif urlsplit(self.path).path != (parts.path or "/"):
                self._tell(404, "There is nothing here. The sign-in goes on waiting.")
            else:
                self._judged()

        def _judged(self) -> None:
            try:
                code = judge(self.path)
            except EndsTheWait as end:
                self._tell(400, str(end))
                answers.put(end)
            except ExpectedError as error:
                self._tell(400, f"{error}. The sign-in goes on waiting.")
            else:
                self._tell(200, DONE)
                answers.put(code)

        def _tell(self, status: int, text: str) -> None:
            body = text.encode()
            self.send_response(status)
            headers = {"Content-Type": "text/plain; charset=utf-8", "Content-Length": len(body), "Connection": "close"}
            for name, value in {**headers, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}.items():
                self.send_header(name, str(value))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing is logged: the address holds the code."""

    class Server(ThreadingHTTPServer):
        address_family = socket.AF_INET6 if ":" in parts.hostname else socket.AF_INET

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A browser that hangs up is no error."""

    def wait() -> str:
        answer = answers.get()
        if isinstance(answer, EndsTheWait):
            raise answer
        return answer

    with Server((parts.hostname, parts.port), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
        thread.start()
        try:
            yield wait
        finally:
            server.shutdown()
            thread.join()
