"""Every Spotify response of the sandbox against the published contract."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import requests
import yaml

REPO = Path(__file__).resolve().parents[2]
CONTRACT = REPO.parent / "shared" / "contracts" / "spotify-web-api.openapi.yml"

# What the contract requires and a new app of 2026 does not receive.
REMOVED = {"popularity", "label", "available_markets", "album_group", "publisher"}
# Values that may be null by the contract's own words ("null if none", "may return null"), beside its `nullable` marks.
SAYS_NULL = re.compile(r"`?null`?")


@pytest.fixture(scope="module")
def contract() -> dict[str, Any]:
    if not CONTRACT.is_file():
        pytest.skip(f"the contract {CONTRACT} is not here")
    return yaml.load(CONTRACT.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)


@pytest.fixture(scope="module")
def schemas(contract: dict[str, Any]) -> dict[str, Any]:
    """The contract's components as JSON Schema."""
    return {"components": _json_schema(copy.deepcopy(contract["components"]))}


def _json_schema(node: Any) -> Any:
    if isinstance(node, list):
        return [_json_schema(entry) for entry in node]
    if not isinstance(node, dict):
        return node
    out = {key: _json_schema(value) for key, value in node.items() if key not in ("example", "discriminator")}
    if isinstance(out.get("required"), list):
        out["required"] = [name for name in out["required"] if name not in REMOVED]
    may_be_null = node.get("nullable") or (
        isinstance(node.get("description"), str) and SAYS_NULL.search(node["description"])
    )
    if may_be_null and ({"type", "allOf", "oneOf", "$ref"} & set(out)):
        return {"anyOf": [{k: v for k, v in out.items() if k != "nullable"}, {"type": "null"}]}
    return out


def _without_the_unsaid(body: Any) -> Any:
    """The body less what the real service sends and the contract has no object for.

    Rows without an item, files on the listener's own disk (which have no ids), and the cursors of an empty page.
    """
    if not isinstance(body, dict):
        return body
    out = {key: value for key, value in body.items() if not (key == "cursors" and value is None)}
    rows = out.get("items")
    if isinstance(rows, dict):
        out["items"] = _without_the_unsaid(rows)
    elif isinstance(rows, list):
        out["items"] = [row for row in rows if "item" not in row or not (row["item"] is None or row["is_local"])]
    return out


@pytest.fixture(scope="module")
def check(contract: dict[str, Any], schemas: dict[str, Any]) -> Callable[[str, str, requests.Response], None]:
    """Validates a response as the answer of (method, path of the contract)."""

    def go(method: str, path: str, response: requests.Response) -> None:
        responses = contract["paths"][path][method.lower()]["responses"]
        status = str(response.status_code)
        if status in responses:
            answer = responses[status]
        elif status in ("400", "404"):  # the contract lists only 401, 403 and 429
            answer = contract["components"]["responses"][{"400": "BadRequest", "404": "NotFound"}[status]]
        else:
            raise AssertionError(f"{method} {path} answers {status}, not in {list(responses)}")
        answer = contract["components"]["responses"][answer["$ref"].rsplit("/", 1)[1]] if "$ref" in answer else answer
        if "content" not in answer:
            assert not response.content
            return
        schema = answer["content"]["application/json"]["schema"]
        if status == "400" and schema.get("$ref", "").endswith("/ErrorObject"):
            schema = {"type": "object", "required": ["error"], "properties": {"error": schema}}
        body = _without_the_unsaid(response.json())
        validator = jsonschema.Draft202012Validator(_json_schema(copy.deepcopy(schema)) | schemas)
        problems = [f"{'/'.join(map(str, e.absolute_path))}: {e.message[:200]}" for e in validator.iter_errors(body)]
        assert not problems, f"{method} {path} {status}: {problems[:5]}"

    return go


@pytest.fixture(scope="module")
def call(base: str, token: str) -> Callable[..., requests.Response]:
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {token}"

    def go(method: str, path: str, **options: Any) -> requests.Response:
        return session.request(method, f"{base}/spotify/v1{path}", timeout=120, **options)

    return go


def test_every_open_get(check: Any, call: Any, sp: Any) -> None:
    track = sp.current_user_saved_tracks(limit=1)["items"][0]["track"]
    album, artist = track["album"]["id"], track["artists"][0]["id"]
    gets: list[tuple[str, str]] = [
        ("/me", "/me"),
        ("/me/tracks", "/me/tracks?limit=50"),
        ("/me/tracks", "/me/tracks?limit=20&offset=40"),
        ("/me/playlists", "/me/playlists?limit=50"),
        ("/me/top/artists", "/me/top/artists?time_range=long_term&limit=50"),
        ("/me/top/tracks", "/me/top/tracks?time_range=short_term"),
        ("/me/following", "/me/following?type=artist&limit=2"),
        ("/me/following", "/me/following?type=artist&limit=50"),
        ("/me/player/recently-played", "/me/player/recently-played?limit=50"),
        ("/me/player/recently-played", "/me/player/recently-played?before=1"),
        ("/me/library/contains", f"/me/library/contains?uris=spotify:track:{track['id']},spotify:artist:{artist}"),
        ("/tracks/{id}", f"/tracks/{track['id']}"),
        ("/albums/{id}", f"/albums/{album}"),
        ("/albums/{id}/tracks", f"/albums/{album}/tracks"),
        ("/artists/{id}", f"/artists/{artist}"),
        ("/artists/{id}/albums", f"/artists/{artist}/albums"),
        ("/search", "/search?q=rain&type=track,artist,album,playlist,show,episode,audiobook&limit=10"),
    ]
    for playlist in sp.current_user_playlists(limit=50)["items"]:
        gets.append(("/playlists/{playlist_id}", f"/playlists/{playlist['id']}"))
        gets.append(("/playlists/{playlist_id}/items", f"/playlists/{playlist['id']}/items?limit=50"))
    for path, url in gets:
        response = call("GET", url)
        assert response.status_code in (200, 403), url
        check("GET", path, response)


def test_every_change(check: Any, call: Any, sp: Any) -> None:
    uris = [row["track"]["uri"] for row in sp.current_user_saved_tracks(limit=5)["items"]]
    made = call("POST", "/me/playlists", json={"name": "Contract", "public": False})
    assert made.status_code == 201
    check("POST", "/me/playlists", made)
    key, items = made.json()["id"], "/playlists/{playlist_id}/items"
    url = f"/playlists/{key}/items"
    check("POST", items, call("POST", url, json={"uris": uris}))
    check("PUT", items, call("PUT", url, json={"range_start": 0, "insert_before": 3}))
    check("PUT", items, call("PUT", url, json={"uris": uris[:3]}))
    check("DELETE", items, call("DELETE", url, json={"items": [{"uri": uris[0]}]}))
    check("PUT", "/playlists/{playlist_id}", call("PUT", f"/playlists/{key}", json={"name": "Renamed"}))
    check("PUT", "/me/library", call("PUT", f"/me/library?uris=spotify:playlist:{key}"))
    check("DELETE", "/me/library", call("DELETE", f"/me/library?uris=spotify:playlist:{key}"))


def test_every_refusal(check: Any, call: Any, contract: dict[str, Any], base: str) -> None:
    """Every path of the contract that is closed or asked wrongly still answers in the contract's form."""
    for path, methods in contract["paths"].items():
        for method in methods:
            response = call(method, re.sub(r"\{[^}]*\}", "0" * 22, path), json={} if method != "get" else None)
            if response.status_code >= 400:
                check(method, path, response)
            stranger = requests.request(method, f"{base}/spotify/v1{path}", timeout=120)
            assert stranger.status_code == 401, (method, path)
            check(method, path, stranger)
    for url, path in (("/search?q=x&type=track&limit=11", "/search"), ("/me/tracks?limit=51", "/me/tracks")):
        response = call("GET", url)
        assert response.status_code == 400
        check("GET", path, response)
