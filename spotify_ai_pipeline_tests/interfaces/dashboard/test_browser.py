"""The dashboard as a person meets it: the command, in a real browser, at the width of a phone."""

from __future__ import annotations

import base64
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from spotify_ai_pipeline.app import covers
from spotify_ai_pipeline.interfaces.dashboard.sections import PAGES
from spotify_ai_pipeline.settings import PROJECT_ROOT
from spotify_ai_pipeline.storage import datasets, queue
from spotify_ai_pipeline.storage.workspace import Workspace
from spotify_ai_pipeline_tests.interfaces.dashboard.chromium import Tab, browsing, executable
from spotify_ai_pipeline_tests.ports import free_port

COMMAND = [sys.executable, "-c", "from spotify_ai_pipeline.interfaces.cli import main; main()", "dashboard"]
CANARY = "<img src=x onerror=alert(1)> ![p](http://192.0.2.1/p.png) **b** :smile: $x$"
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGNgKNoEAAGaASV50pT6AAAAAElFTkSuQmCC"
"""A picture, as covers are kept."""
AXE = PROJECT_ROOT / ".venv" / "node" / "node_modules" / "axe-core" / "axe.min.js"
FINDINGS = """axe.run(document, {resultTypes: ['violations']}).then(found => found.violations
    .filter(one => ['serious', 'critical'].includes(one.impact))
    .map(one => one.id + ': ' + one.nodes.map(node => node.html.slice(0, 200)).join(' | ')))"""
DONE = "document.querySelector('[data-test-script-state]').dataset.testScriptState === 'notRunning'"


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=120)
    return process.returncode, said


@pytest.fixture
def served(place: Path) -> Iterator[tuple[str, Workspace, subprocess.Popen[str]]]:
    """The dashboard of a filled home, one song of which has a title that tries everything."""
    workspace = Workspace.open(place / "home")
    mix = workspace.lake.read(datasets.MIX)
    first = mix["rank"].min()
    renamed = pl.when(pl.col("rank") == first).then(pl.lit(CANARY)).otherwise("title")
    workspace.lake.write(mix.with_columns(title=renamed), datasets.MIX)
    song = {"track_id": "t", "artist": "Artist <b>", "reason": "because <i>", "score": 9.0}
    songs = [{**song, "song_id": f"s{n}", "title": f"{CANARY} {n}", "score": 9.0 - n} for n in range(3)]
    queue.propose(workspace.state, queue.DISCOVERY, songs, limit=10_000)
    workspace.answers.put(covers.KEPT, {mix.filter(pl.col("rank") == first)["track_id"][0]: PIXEL})
    port = free_port()
    process = subprocess.Popen(
        [*COMMAND, "--port", str(port)],
        env=os.environ | {"SPOTIFY_AI_DATA": str(workspace.root), "PYTHONPATH": str(PROJECT_ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    address = f"http://127.0.0.1:{port}"
    until = time.monotonic() + 120
    while time.monotonic() < until and process.poll() is None:
        try:
            urllib.request.build_opener(urllib.request.ProxyHandler({})).open(f"{address}/_stcore/health", timeout=120)
            break
        except OSError:
            time.sleep(0.1)
    yield address, workspace, process
    if process.poll() is None:
        process.kill()
        process.wait()


@pytest.fixture
def tab() -> Iterator[Tab]:
    if (program := executable()) is None:
        pytest.skip("no Chromium is installed: `apt install chromium`, or name one in CHROMIUM")
    with browsing(program) as opened:
        yield opened


def test_every_page_on_a_phone_and_answers_by_hand(
    tab: Tab, served: tuple[str, Workspace, subprocess.Popen[str]]
) -> None:
    address, workspace, process = served
    tab.size(390, 844)
    for _, title, _ in PAGES:
        tab.open(f"{address}/{title.lower() if title != 'Mix' else ''}")
        tab.wait("document.querySelector('[data-testid=\"stHeading\"]') && " + DONE)
        assert not tab.evaluate("document.querySelectorAll('[data-testid=\"stException\"]').length"), (
            title,
            tab.text(),
        )
        assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{title} is wider than a phone"
        if title == "Mix":
            assert CANARY in tab.text().replace("\u2060", "")
            assert not tab.evaluate("document.querySelectorAll('[data-testid=\"stMain\"] img').length")
    outside = {url for url in tab.requests if not url.startswith((address, "data:", "blob:", "about:"))}
    assert not outside
    assert not tab.errors

    tab.open(f"{address}/questions")
    tab.wait(f"document.body.innerText.includes({'because <i>'!r})")
    asked = queue.next_question(workspace.state)
    assert asked is not None
    assert asked.title == f"{CANARY} 0"
    time.sleep(1)
    tab.press("Approve", times=2)
    tab.wait("document.body.innerText.includes('Undo')")
    time.sleep(0.5)
    said = workspace.state.rows("SELECT item_id, verdict, said_through FROM verdicts")
    assert [tuple(row) for row in said] == [(asked.item_id, "approve", "dashboard")]
    following = queue.next_question(workspace.state)
    assert following is not None
    tab.wait(f"document.body.innerText.includes('question {following.item_id}')")
    tab.press("Undo")
    tab.wait(f"document.body.innerText.includes('question {asked.item_id}')")
    back = queue.item(workspace.state, asked.item_id)
    assert back is not None
    assert back.status == "pending"

    code, printed = ended(process)
    assert code == 0, printed
    assert address in printed
    assert "Traceback" not in printed


@pytest.mark.skipif(not AXE.exists(), reason="needs `make axe`")
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [390, 1400])
def test_axe_finds_nothing_serious(
    tab: Tab, served: tuple[str, Workspace, subprocess.Popen[str]], width: int, dark: bool
) -> None:
    address, workspace, _ = served
    axe = AXE.read_text()
    tab.size(width, 900, dark=dark)
    for _, title, _ in PAGES:
        tab.open(f"{address}/{title.lower() if title != 'Mix' else ''}")
        tab.wait("document.querySelector('[data-testid=\"stHeading\"]') && " + DONE)
        tab.evaluate(axe + "; 0")
        assert tab.evaluate(FINDINGS) == [], title
    page = workspace.root / "map.html"
    page.write_bytes(workspace.lake.read_blob(datasets.LIBRARY_MAP, "map.html"))
    tab.call("Page.setBypassCSP", enabled=True)
    tab.open(page.as_uri())
    tab.wait("document.readyState === 'complete' && window.search.type === 'search'")
    tab.evaluate(axe + "; search.value = 'a'; search.dispatchEvent(new Event('input')); 0")
    assert tab.evaluate(FINDINGS) == []


def test_a_search_on_the_map_lists_what_it_found_and_keys_lead_through_it(tab: Tab, filled: Path) -> None:
    workspace = Workspace.open(filled / "home")
    songs = workspace.lake.read(datasets.LIBRARY_MAP)
    title = songs["title"][0]
    tab.size(390, 844)
    tab.open(_as_file(workspace.lake.read_blob(datasets.LIBRARY_MAP, "map.html")))
    tab.wait("document.readyState === 'complete' && window.search.type === 'search'")
    tab.evaluate("search.focus()")
    tab.call("Input.insertText", text=title)
    listed = tab.evaluate("[...hits.querySelectorAll('button')].map(one => one.innerText)")
    assert any(one.startswith(title) for one in listed), listed
    for key in ("ArrowDown", "Enter"):
        for kind in ("keyDown", "keyUp"):
            text = {"text": "\r"} if (key, kind) == ("Enter", "keyDown") else {}
            tab.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=13, **text)
    assert listed[0].split(" — ")[0] in tab.evaluate("card.innerText")
    tab.evaluate("search.value = 'no such song'; search.dispatchEvent(new Event('input'))")
    assert tab.evaluate("hits.innerText") == "no song is called so"


@pytest.mark.parametrize("size", [(390, 844), (360, 640), (900, 640)])
def test_names_on_the_map_lie_inside_it(tab: Tab, filled: Path, size: tuple[int, int]) -> None:
    page = Workspace.open(filled / "home").lake.read_blob(datasets.LIBRARY_MAP, "map.html").decode()
    spy = """const written = []; CanvasRenderingContext2D.prototype.fillText = function (name, x, y, most) {
        const half = Math.min(this.measureText(name).width, most) / 2; written.push([name, x - half, x + half, y]); };"""
    tab.size(*size)
    tab.open(_as_file(page.replace('"use strict";', spy, 1).encode()))
    tab.wait("window.written === undefined && typeof written === 'object' && written.length")
    for name, left, right, y in tab.evaluate("written"):
        assert 0 <= left < right <= size[0] and 0 < y < size[1], name


def _as_file(page: bytes) -> str:
    return "data:text/html;base64," + base64.b64encode(page).decode()


def test_a_taken_port_and_an_empty_home_are_told(filled: Path, tmp_path: Path) -> None:
    def run(root: Path, port: int) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"SPOTIFY_AI_DATA": str(root), "PYTHONPATH": str(PROJECT_ROOT)}
        command = [*COMMAND, "--port", str(port)]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)

    empty = run(tmp_path / "none", free_port())
    assert empty.returncode == 2
    assert "make demo" in empty.stderr
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        busy = run(filled / "home", taken.getsockname()[1])
    assert busy.returncode == 2
    assert "is taken" in busy.stderr
