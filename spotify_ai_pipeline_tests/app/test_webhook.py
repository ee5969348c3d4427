"""The webhook: the messages of the outbox, each once, in the form that the listener's service takes."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from spotify_ai_pipeline.app import notification_policy, webhook
from spotify_ai_pipeline.errors import ExpectedError, UserError
from spotify_ai_pipeline.storage import notification_outbox, queue
from spotify_ai_pipeline.storage.workspace import Workspace

NOON = datetime(2026, 11, 18, 12, tzinfo=UTC).timestamp()


class Receiver:
    """A listener's own server: what it was sent, and the status that it answers with."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.status = 200
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(receiver.status)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()
    thread = threading.Thread(target=found.server.serve_forever, daemon=True)
    thread.start()
    yield found
    found.server.shutdown()
    found.server.server_close()


def connected(tmp_path: Path, receiver: Receiver, form: str) -> Workspace:
    home = tmp_path / "home"
    home.mkdir()
    services = {"webhook": {"calls_per_second": 10_000}}
    (home / "config.yaml").write_text(yaml.safe_dump({"proactive": {"webhook": form}, "services": services}))
    (home / ".env").write_text(
        f"WEBHOOK_URL=http://127.0.0.1:{receiver.server.server_port}/topic\nWEBHOOK_TOKEN=hidden\n"
    )
    return Workspace.open(home)


def lay_down(workspace: Workspace) -> None:
    song = {
        "song_id": "s",
        "track_id": "t" * 22,
        "title": "Träum",
        "artist": "Owl",
        "score": 1,
        "reason": "r",
        "chance": 0.4,
    }
    queue.propose(workspace.state, queue.DISCOVERY, [song], 9)
    item = queue.items(workspace.state)[0].item_id
    for kind, body in (
        ("candidate", {"item_id": item}),
        ("score_card", {"text": "Your week\nfine"}),
        ("pause", {"text": "of the bot alone"}),
    ):
        assert notification_outbox.enqueue(workspace.state, kind, kind, body, NOON, NOON + 3_600)


def test_plain_json_tells_kind_title_text_and_link_and_each_message_comes_once(
    tmp_path: Path, receiver: Receiver
) -> None:
    workspace = connected(tmp_path, receiver, "json")
    assert notification_policy.why_not(workspace, "candidate", NOON) is None, "a webhook will do without a bot"
    lay_down(workspace)
    assert webhook.send_waiting(workspace, NOON) == 2
    assert webhook.send_waiting(workspace, NOON + 60) == 0
    first = json.loads(receiver.got[0][1])
    assert (first["kind"], first["title"]) == ("candidate", "A new song for you")
    assert first["message"] == "Träum — Owl\nr; predicted match 40%"
    assert first["link"].endswith("t" * 22)
    assert receiver.got[0][0]["authorization"] == "Bearer hidden"


@pytest.mark.parametrize(
    ("form", "header"), [("ntfy", ("title", "A new song for you")), ("gotify", ("x-gotify-key", "hidden"))]
)
def test_other_services_get_their_own_form(
    tmp_path: Path, receiver: Receiver, form: str, header: tuple[str, str]
) -> None:
    workspace = connected(tmp_path, receiver, form)
    lay_down(workspace)
    webhook.send_waiting(workspace, NOON)
    headers, body = receiver.got[0]
    assert headers[header[0]] == header[1]
    assert "Träum — Owl" in (body.decode() if form == "ntfy" else json.loads(body)["message"])


def test_what_was_refused_waits_and_quiet_hours_hold(tmp_path: Path, receiver: Receiver) -> None:
    workspace = connected(tmp_path, receiver, "json")
    lay_down(workspace)
    assert webhook.send_waiting(workspace, NOON + 11 * 3_600) == 0
    receiver.status = 403
    with pytest.raises(ExpectedError):
        webhook.send_waiting(workspace, NOON)
    receiver.status = 200
    assert webhook.send_waiting(workspace, NOON) == 2


def test_an_address_that_is_none_is_named(tmp_path: Path, receiver: Receiver) -> None:
    workspace = connected(tmp_path, receiver, "json")
    (workspace.root / ".env").write_text("WEBHOOK_URL=ntfy.sh/topic\n")
    with pytest.raises(UserError, match="WEBHOOK_URL"):
        webhook.send_waiting(Workspace.open(workspace.root), NOON)
