"""The guard of the local servers: who may pass, and who may not, request by request."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from spotify_ai_pipeline import guard
from spotify_ai_pipeline.guard import Guard

HOST, HERE, JSON = "127.0.0.1:3000", "http://127.0.0.1:3000", "application/json"
FORM = "application/x-www-form-urlencoded"
VISIT = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}


def answer(
    guarded: Guard, method: str = "GET", path: str = "/", query: str = "", kind: str = "http", **headers: str
) -> Any:
    """The status of the answer; for a web socket whether it was let in."""
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request"}

    async def send(message: Any) -> None:
        sent.append(message)

    given = {"host": HOST, **{name.replace("_", "-"): value for name, value in headers.items()}}
    scope = {
        "type": kind,
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "headers": [
            (name.encode(), part.encode()) for name, value in given.items() for part in value.split("\n") if part
        ],
    }
    asyncio.run(guarded(scope, receive, send))
    return sent[0].get("status", sent[0]["type"])


async def app(scope: Any, _receive: Any, send: Any) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
    else:
        await send({"type": "http.response.start", "status": 200, "headers": []})


@pytest.fixture
def guarded() -> Guard:
    return Guard(app, acts=lambda path: path == "/graphql")


@pytest.mark.parametrize("host", [HOST, "localhost:3000", "LOCALHOST", "[::1]:3000", "127.0.0.1"])
def test_its_own_names_are_answered(guarded: Guard, host: str) -> None:
    assert answer(guarded, host=host) == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example", "127.0.0.1.evil.example", "evil.example:3000", "", "127.0.0.1\nevil.example", "me@127.0.0.1",
        "127.0.0.1/x", "127.0.0.1:x", "0.0.0.0:3000",
    ],
)  # fmt: skip
def test_a_foreign_name_is_refused_for_pages_and_web_sockets(guarded: Guard, host: str) -> None:
    assert answer(guarded, host=host) == 403
    assert answer(guarded, kind="websocket", host=host) == "websocket.close"


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example", "http://127.0.0.1:9999", "http://localhost:3000", "http://127.0.0.1", "null", "",
        "file://", f"{HERE}\nhttp://evil.example", f"{HERE}.evil.example", "http://127.0.0.1:3000@evil.example",
    ],
)  # fmt: skip
def test_a_page_of_another_origin_is_refused_whatever_it_sends(guarded: Guard, origin: str) -> None:
    origin = origin or "x"
    for method in ("GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PATCH"):
        for kind in (JSON, FORM, "text/plain"):
            assert answer(guarded, method, "/graphql", origin=origin, content_type=kind) == 403
    assert answer(guarded, kind="websocket", origin=origin) == "websocket.close"


def test_its_own_pages_pass(guarded: Guard) -> None:
    assert answer(guarded, "POST", "/graphql", origin=HERE, content_type=JSON, sec_fetch_site="same-origin") == 200
    assert answer(guarded, "PUT", "/upload", origin=HERE, content_type="multipart/form-data; boundary=x") == 200
    assert answer(guarded, "GET", "/runs", sec_fetch_site="same-origin") == 200
    assert answer(guarded, kind="websocket", origin=HERE) == "websocket.accept"


def test_a_program_changes_something_by_json_alone(guarded: Guard) -> None:
    assert answer(guarded, "POST", "/graphql", content_type=JSON) == 200
    assert answer(guarded, "POST", "/graphql", content_type="Application/JSON; charset=utf-8") == 200
    for kind in (FORM, "text/plain", "multipart/form-data", "text/plain; application/json", f"text/plain\n{JSON}", ""):
        assert answer(guarded, "POST", "/graphql", content_type=kind) == 403
    assert answer(Guard(app, forms=True), "POST", content_type=FORM) == 200
    assert answer(Guard(app, forms=True), "POST", content_type=FORM, sec_fetch_site="none") == 403, "a browser"


def test_nothing_is_changed_by_an_address(guarded: Guard) -> None:
    for more in ({}, {"origin": HERE}, {"content_type": JSON}, {"sec_fetch_site": "same-origin"}):
        assert answer(guarded, "GET", "/graphql", "query=mutation{x}", **more) == 403
    assert answer(guarded, "GET", "/graphql") == 200, "the page with the schema"
    assert answer(guarded, "GET", "/runs", "view=list") == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_site_may_link_here_and_do_no_more(guarded: Guard, site: str) -> None:
    assert answer(guarded, sec_fetch_site=site, **VISIT) == 200
    assert answer(guarded, sec_fetch_site=site, sec_fetch_mode="no-cors", sec_fetch_dest="image") == 403
    assert answer(guarded, sec_fetch_site=site, sec_fetch_mode="navigate", sec_fetch_dest="iframe") == 403
    assert answer(guarded, "POST", sec_fetch_site=site, content_type=JSON) == 403
    assert answer(Guard(app, entries=lambda path: path == "/in"), path="/out", sec_fetch_site=site, **VISIT) == 403


def test_behind_a_proxy_the_name_outside_is_one_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(guard.ALLOWED_HOSTS, "music.example.org, Other.example ")
    behind = Guard(app, guard.allowed_hosts())
    assert (
        answer(behind, "POST", host="music.example.org", origin="https://music.example.org", content_type=JSON) == 200
    )
    assert answer(behind, "POST", host="other.example:8443", origin="https://other.example:8443") == 200
    assert answer(behind, host="127.0.0.1:3000") == 200
    assert answer(behind, "POST", host="music.example.org", origin="https://other.example", content_type=JSON) == 403
    assert answer(behind, host="evil.example") == 403
