"""A real browser for tests and measurements: Chromium, steered by its DevTools protocol over one web socket.

https://chromedevtools.github.io/devtools-protocol/
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

START_SECONDS, WAIT_SECONDS = 120.0, 120.0


def executable() -> str | None:
    """The Chromium that is installed here: CHROMIUM, else the first of the usual names on the path."""
    names = (os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome")
    return next((found for name in names if name and (found := shutil.which(name))), None)


class Tab:
    """One tab. ``outside`` collects the addresses it asked for that do not begin with an allowed one, ``errors`` what its
    scripts threw."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket, self._sent = socket, 0
        self.requests: list[str] = []
        self.errors: list[str] = []
        for domain in ("Page", "Runtime", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._sent += 1
        self._socket.send(json.dumps({"id": self._sent, "method": method, "params": parameters}))
        while True:
            told = json.loads(self._socket.recv(timeout=WAIT_SECONDS))
            if told.get("id") == self._sent:
                if "error" in told:
                    raise RuntimeError(f"{method}: {told['error']['message']}")
                return told["result"]
            if told.get("method") == "Network.requestWillBeSent":
                self.requests.append(told["params"]["request"]["url"])
            if told.get("method") == "Runtime.exceptionThrown":
                self.errors.append(json.dumps(told["params"]["exceptionDetails"])[:500])

    def evaluate(self, expression: str) -> Any:
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in found:
            raise RuntimeError(found["exceptionDetails"]["exception"].get("description", expression))
        return found["result"].get("value")

    def size(self, width: int, height: int, *, dark: bool = False) -> None:
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])

    def open(self, address: str) -> None:
        self.call("Page.navigate", url=address)

    def wait(self, expression: str, seconds: float = WAIT_SECONDS) -> Any:
        """The value of ``expression`` as soon as it is true."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                if value := self.evaluate(expression):
                    return value
            except RuntimeError:
                pass  # the page is being replaced
            time.sleep(0.05)
        raise TimeoutError(f"never true within {seconds:.0f} s: {expression}; page: {self.text()[:400]}")

    def text(self) -> str:
        return self.evaluate("document.body ? document.body.innerText : ''")

    def press(self, label: str, times: int = 1) -> None:
        """Presses the button that bears ``label``, with the mouse, where it is."""
        find = (
            "[...document.querySelectorAll('button')].find(b => b.checkVisibility() && b.getBoundingClientRect().width"
            f" && b.innerText.trim().endsWith({json.dumps(label)}))"
        )
        self.wait(f"!!{find}")
        spot = self.evaluate(
            f"(() => {{ const b = {find}; b.scrollIntoView({{block: 'center'}}); const r = b.getBoundingClientRect();"
            " return [r.x + r.width / 2, r.y + r.height / 2] })()"
        )
        for count in range(1, times + 1):
            for kind in ("mousePressed", "mouseReleased"):
                self.call("Input.dispatchMouseEvent", type=kind, x=spot[0], y=spot[1], button="left", clickCount=count)

    def picture(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))


@contextmanager
def browsing(program: str, *more: str) -> Iterator[Tab]:
    """A tab of a Chromium of its own, with a new profile and ``more`` flags, that ends with the block."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", *more]
        process = subprocess.Popen(
            [program, *flags, "--remote-debugging-port=0", f"--user-data-dir={profile}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            told = Path(profile) / "DevToolsActivePort"
            port = _until(lambda: told.exists() and told.read_text().partition("\n")[0])
            with connect(_until(lambda: _first_tab(port)), max_size=None, proxy=None, close_timeout=1) as socket:
                yield Tab(socket)
        finally:
            process.terminate()
            process.wait(120)


def _first_tab(port: str) -> str:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"http://127.0.0.1:{port}/json/list", timeout=120) as answer:
        tabs = [one["webSocketDebuggerUrl"] for one in json.load(answer) if one["type"] == "page"]
    return tabs[0] if tabs else ""


def _until(look: Callable[[], Any]) -> Any:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if found := look():
            return found
        time.sleep(0.05)
    raise TimeoutError("Chromium did not start")
