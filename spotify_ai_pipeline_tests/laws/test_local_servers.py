"""Foreign pages and the servers of this machine: the Dagster UI, the dashboard and the sandbox do nothing for them."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote, urlsplit

import dagster as dg
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

from spotify_ai_pipeline.sandbox import testing
from spotify_ai_pipeline.settings import PROJECT_ROOT
from spotify_ai_pipeline.storage.workspace import Workspace
from spotify_ai_pipeline_tests.interfaces.dashboard.chromium import browsing, executable
from spotify_ai_pipeline_tests.ports import free_port

PATIENCE_S = 600
FORM = "application/x-www-form-urlencoded"
DELETE = 'mutation { deleteRun(runId: "%s") { __typename } }'
RUNS = "{ runsOrError { ... on Runs { results { runId } } } }"
GRAPH = """
import dagster as dg

@dg.op
def nothing(): ...

@dg.job
def job():
    nothing()

defs = dg.Definitions(jobs=[job])
"""
DASHBOARD = [sys.executable, "-c", "from spotify_ai_pipeline.interfaces.cli import main; main()", "dashboard"]


@dataclass(frozen=True)
class Server:
    """A server of this machine as a page or a program meets it."""

    url: str

    @property
    def place(self) -> str:
        return urlsplit(self.url).netloc

    def ask(self, method: str, path: str, body: str = "", **headers: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection(self.place, timeout=120)
        connection.putrequest(method, path, skip_host=True)
        for name, value in {"host": self.place, "content-length": str(len(body)), **headers}.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders(body.encode())
        answer = connection.getresponse()
        said = answer.read().decode(errors="replace")
        connection.close()
        return answer.status, said

    def is_up(self, path: str) -> bool:
        try:
            return self.ask("GET", path)[0] == 200
        except OSError:
            return False


def started(command: list[str], port: int, path: str, root: Path) -> Iterator[Server]:
    """``command`` as a process, from when it answers ``path`` on ``port`` on."""
    environment = os.environ | {"SPOTIFY_AI_DATA": str(root), "PYTHONPATH": str(PROJECT_ROOT)}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    server, until = Server(f"http://127.0.0.1:{port}"), time.monotonic() + PATIENCE_S
    try:
        while not server.is_up(path):
            assert process.poll() is None, "it ended"
            assert time.monotonic() < until, "it does not answer"
            time.sleep(0.1)
        yield server
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_S) is not None


@pytest.fixture
def run_id(tmp_path: Path) -> str:
    """A run that a foreign page would like to delete."""
    workspace = Workspace.open(tmp_path / "home")
    workspace.name_to_dagster()
    (tmp_path / "graph.py").write_text(GRAPH)
    (tmp_path / "workspace.yaml").write_text("load_from: [{python_file: graph.py}]")
    with dg.DagsterInstance.get() as instance:

        @dg.job
        def job() -> None: ...

        return instance.create_run_for_job(job).run_id


@pytest.fixture
def ui(run_id: str, tmp_path: Path) -> Iterator[Server]:
    port = free_port()
    module = "spotify_ai_pipeline.defs.automation.web_server"
    command = [sys.executable, "-m", module, "--port", str(port), "--workspace", str(tmp_path / "workspace.yaml")]
    yield from started(command, port, "/server_info", tmp_path / "home")


def known_runs(ui: Server) -> list[str]:
    status, said = ui.ask(
        "POST", "/graphql", json.dumps({"query": RUNS}), content_type="application/json", origin=ui.url
    )
    assert status == 200, said
    return [run["runId"] for run in json.loads(said)["data"]["runsOrError"]["results"]]


def refuses_web_sockets(server: Server, path: str, origin: str, protocol: str = "graphql-ws") -> bool:
    try:
        with connect(
            f"ws://{server.place}{path}", origin=Origin(origin), subprotocols=[Subprotocol(protocol)], proxy=None
        ):
            return False
    except InvalidStatus as refused:
        return refused.response.status_code == 403


def test_the_dagster_ui_serves_its_own_page_and_programs_and_nobody_else(ui: Server, run_id: str) -> None:
    mutation = DELETE % run_id
    body, address = json.dumps({"query": mutation}), f"/graphql?query={quote(mutation)}"
    foreign = {"origin": "http://evil.example"}
    tries = [
        ui.ask("GET", address),
        ui.ask("GET", address, origin=ui.url),
        ui.ask("GET", address, **foreign),
        ui.ask("GET", "/", host="evil.example"),
        ui.ask("POST", "/graphql", body, content_type="application/json", **foreign),
        ui.ask("POST", "/graphql", body, content_type="application/json", origin="null"),
        ui.ask("POST", "/graphql", body, content_type="application/json", origin="http://127.0.0.1:1"),
        ui.ask("POST", "/graphql", body, content_type="application/json", host="evil.example"),
        ui.ask("POST", "/graphql", body, content_type="text/plain; application/json"),
        ui.ask("POST", "/graphql", mutation, content_type="application/graphql"),
        ui.ask("POST", address, content_type=FORM),
        ui.ask("POST", address, content_type=FORM, **foreign),
        ui.ask("POST", "/report_asset_materialization/mix", "{}", content_type="text/plain"),
        ui.ask("OPTIONS", "/graphql", access_control_request_method="POST", **foreign),
    ]
    assert [status for status, _ in tries] == [403] * len(tries)
    assert refuses_web_sockets(ui, "/graphql", "http://evil.example")
    assert not refuses_web_sockets(ui, "/graphql", ui.url)
    assert known_runs(ui) == [run_id]
    status, page = ui.ask("GET", "/")
    assert (status, "<html" in page) == (200, True)
    assert ui.ask("POST", "/graphql", body, content_type="application/json")[0] == 200, "a program may"
    assert known_runs(ui) == []


PAGE = """<!doctype html><title>evil</title><form id=f method=post target=t action="{address}"></form>
<iframe name=t></iframe><img src="{address}"><script>
const body = JSON.stringify({{query: {mutation}}});
const to = "{url}/graphql";
Promise.allSettled([
  fetch("{address}", {{mode: "no-cors", credentials: "include"}}),
  fetch(to, {{method: "POST", mode: "no-cors", body, headers: {{"content-type": "text/plain"}}}}),
  fetch(to, {{method: "POST", body, headers: {{"content-type": "application/json"}}}}),
  new Promise(done => {{ const s = new WebSocket("{url}/graphql".replace("http", "ws"), "graphql-ws");
    s.onopen = () => done(window.opened = true); s.onerror = done; }}),
]).then(() => {{ f.submit(); setTimeout(() => window.done = true, 2000); }});
</script>"""


def test_a_page_on_another_port_commands_nothing_in_a_real_browser(ui: Server, run_id: str) -> None:
    if (program := executable()) is None:
        pytest.skip("no Chromium is installed: `apt install chromium`, or name one in CHROMIUM")
    mutation = DELETE % run_id
    page = PAGE.format(
        address=f"{ui.url}/graphql?query={quote(mutation)}", mutation=json.dumps(mutation), url=ui.url
    ).encode()

    class Evil(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, format: str, *args: object) -> None: ...

    site = ThreadingHTTPServer(("127.0.0.1", 0), Evil)
    threading.Thread(target=site.serve_forever, daemon=True).start()
    try:
        with browsing(program, "--host-resolver-rules=MAP rebound.example 127.0.0.1") as tab:
            tab.open(f"http://127.0.0.1:{site.server_port}/")
            tab.wait("window.done")
            assert not tab.evaluate("!!window.opened")
            assert known_runs(ui) == [run_id]
            tab.open(f"http://rebound.example:{urlsplit(ui.url).port}/")
            tab.wait("document.body.innerText.includes('refused')")
            tab.open(ui.url)
            tab.wait("document.title.includes('Dagster') && document.body.innerText.length > 50")
    finally:
        site.shutdown()


def test_the_dashboard_talks_to_its_own_page_alone(filled: Path, tmp_path: Path) -> None:
    port = free_port()
    for dashboard in started([*DASHBOARD, "--port", str(port)], port, "/_stcore/health", filled / "home"):
        assert dashboard.ask("GET", "/", host="evil.example")[0] == 403
        assert dashboard.ask("GET", "/", origin="http://127.0.0.1:1")[0] == 403
        assert dashboard.ask("GET", "/", sec_fetch_site="cross-site", sec_fetch_mode="no-cors")[0] == 403
        assert dashboard.ask("POST", "/_stcore/upload_file/a/b", "x", content_type=FORM)[0] == 403
        assert refuses_web_sockets(dashboard, "/_stcore/stream", "http://127.0.0.1:1", "streamlit"), (
            "another port is another origin"
        )
        assert refuses_web_sockets(dashboard, "/_stcore/stream", "http://evil.example", "streamlit")
        assert not refuses_web_sockets(dashboard, "/_stcore/stream", dashboard.url, "streamlit")
        assert dashboard.ask("GET", "/")[0] == 200


def test_the_sandbox_answers_programs_and_its_own_chat(world: Path) -> None:
    token = "1001:sandbox"
    with testing.running(world) as url:
        sandbox = Server(url)
        send = f"/telegram/bot{token}/sendMessage?chat_id=2002&text=x"
        tries = [
            sandbox.ask("GET", "/sandbox", host="evil.example"),
            sandbox.ask("GET", send, sec_fetch_site="cross-site", sec_fetch_mode="navigate", sec_fetch_dest="document"),
            sandbox.ask("GET", send, origin="http://evil.example"),
            sandbox.ask("POST", "/sandbox/telegram/say", '{"text": "x"}', origin="null", content_type="text/plain"),
            sandbox.ask("POST", "/accounts/api/token", "grant_type=client_credentials", origin="http://evil.example"),
            sandbox.ask("POST", send, content_type=FORM, sec_fetch_site="same-site"),
        ]
        assert [status for status, _ in tries] == [403] * len(tries)
        shown = json.loads(sandbox.ask("GET", "/sandbox/telegram/chat")[1])
        assert shown["messages"] == []
        assert sandbox.ask("POST", send, content_type=FORM)[0] == 200, "a bot sends forms"
        say = sandbox.ask("POST", "/sandbox/telegram/say", '{"text": "x"}', origin=url, content_type="application/json")
        assert say[0] == 200
