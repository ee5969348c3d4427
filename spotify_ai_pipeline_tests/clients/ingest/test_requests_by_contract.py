"""Every call that our client makes to Spotify, against the published contract: path, parameters and body."""

from __future__ import annotations

import copy
import inspect
import json
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import jsonschema
import pytest
import requests
import yaml

from spotify_ai_pipeline.app.spotify_capabilities import ENDPOINTS
from spotify_ai_pipeline.clients.spotify import Spotify
from spotify_ai_pipeline.clients.spotify_playlists import SpotifyRefused
from spotify_ai_pipeline.music.mix.edit_script import Add, Move, Remove, Replace
from spotify_ai_pipeline.settings import PROJECT_ROOT

CONTRACT = PROJECT_ROOT.parent / "shared" / "contracts" / "spotify-web-api.openapi.yml"
CALLS_NOTHING = {"of", "wait", "calls_left"}


@pytest.fixture(scope="module")
def contract() -> dict[str, Any]:
    if not CONTRACT.is_file():
        pytest.skip(f"the contract {CONTRACT} is not here")
    return yaml.load(CONTRACT.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[requests.PreparedRequest]:
    """The requests that were made so far."""
    made: list[requests.PreparedRequest] = []
    send = requests.Session.send

    def noted(self: requests.Session, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        made.append(request)
        return send(self, request, **options)

    monkeypatch.setattr(requests.Session, "send", noted)
    return made


def faults(contract: dict[str, Any], request: requests.PreparedRequest, base: str) -> Iterator[str]:
    """Gives what the contract has against a request."""
    url = urlsplit(request.url or "")
    path, method = url.path.removeprefix(urlsplit(base).path.rstrip("/")), (request.method or "").lower()
    found = [known for known in contract["paths"] if re.fullmatch(re.sub(r"\{[^}]*\}", "[^/]+", known), path)]
    found = [known for known in found if method in contract["paths"][known]]
    if not found:
        yield f"no such call: {method} {path}"
        return
    operation = contract["paths"][min(found, key=lambda known: known.count("{"))][method]
    declared = [_resolved(contract, one) for one in operation.get("parameters", [])]
    known = {one["name"]: one for one in declared if one["in"] == "query"}
    given = dict(parse_qsl(url.query, keep_blank_values=True))
    yield from (f"unknown parameter {name}" for name in given.keys() - known.keys())
    yield from (f"missing parameter {name}" for name, one in known.items() if one.get("required") and name not in given)
    for name in given.keys() & known.keys():
        schema = known[name]["schema"]
        value: Any = given[name]
        if schema.get("type") in ("integer", "number"):
            with suppress(ValueError):
                value = json.loads(value)
        elif schema.get("type") == "array":
            value = value.split(",")
        yield from (f"{name}: {error.message}" for error in _validator(contract, schema).iter_errors(value))
    body = operation.get("requestBody")
    if not request.body:
        if body and body.get("required"):
            yield "no body"
        return
    if body is None:
        yield "a body that the contract does not have"
        return
    schema = _resolved(contract, body)["content"]["application/json"]["schema"]
    assert isinstance(request.body, str | bytes)
    value = json.loads(request.body)
    yield from (f"body: {error.message}" for error in _validator(contract, schema).iter_errors(value))
    if isinstance(value, dict):
        yield from (f"body: unknown field {name}" for name in value.keys() - schema["properties"].keys())


def _resolved(contract: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        found: Any = contract
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        node = found
    return node


def _validator(contract: dict[str, Any], schema: dict[str, Any]) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator({**copy.deepcopy(schema), "components": contract["components"]})


def every_call(client: Spotify) -> dict[str, Callable[[], object]]:
    """A use of each method of the client, by its name."""
    songs = next(page for _, page in client.liked_pages())["track_id"].to_list()
    song, other, third = songs[:3]
    album = client._call("track", song)["album"]["id"]
    own = client.create_playlist("By the contract", "")
    listed = client.playlists(client.user_id())
    mine = next(row for row in listed if row.readable and row.items)

    def edits() -> None:
        for call in (Replace((song,)), Add((other, third), 0), Move(0, 1, 3), Remove((third,))):
            client.edit(own, call)

    return {
        "user_id": client.user_id,
        "may_call": lambda: [client.may_call(path) for path in ENDPOINTS.values()],
        "playlists": lambda: client.playlists("x"),
        "liked_pages": lambda: list(client.liked_pages()),
        "playlist_items": lambda: client.playlist_items(mine),
        "recently_played": client.recently_played,
        "audio_features": lambda: list(client.audio_features(songs[:3])),
        "search": lambda: client.search("An artist", "A title"),
        "songs_of_album": lambda: client.songs_of_album("An artist", "An album"),
        "recommendations": lambda: client.recommendations(songs[:3], 20),
        "artist_id": lambda: client.artist_id(song),
        "newest_albums": lambda: client.newest_albums(client.artist_id(song) or ""),
        "album_tracks": lambda: client.album_tracks(album),
        "liked": lambda: client.liked(song),
        "unlike": lambda: client.unlike(song),
        "like": lambda: client.like(song),
        "append": lambda: client.append(own, song),
        "rows": lambda: client.rows(own),
        "track_ids": lambda: client.track_ids(own),
        "snapshot_id": lambda: client.snapshot_id(own),
        "create_playlist": lambda: client.create_playlist("Another", "A text"),
        "rename": lambda: client.rename(own, "Another name", lambda _: None),
        "replace_items": lambda: client.replace_items(own, songs[:100]),
        "edit": edits,
        "not_found": lambda: client.not_found(["0" * 22]),
    }


def test_the_use_of_every_method_is_tried(own_sandbox: Any, tmp_path: Path) -> None:
    methods = {name for name, _ in inspect.getmembers(Spotify, callable) if not name.startswith("_")}
    uses = every_call(Spotify.of(own_sandbox.signed_in(tmp_path / "home")))
    assert methods - CALLS_NOTHING == uses.keys(), "a method without a use here is not held to the contract"


def test_every_request_is_one_of_the_contract(
    contract: dict[str, Any], own_sandbox: Any, tmp_path: Path, sent: list[requests.PreparedRequest]
) -> None:
    workspace = own_sandbox.signed_in(tmp_path / "home")
    client = Spotify.of(workspace)
    uses = every_call(client)
    for use in uses.values():
        with suppress(SpotifyRefused):  # what is closed to a new app is asked for rightly all the same
            use()
    base = workspace.settings.services.spotify.url
    made = [request for request in sent if (request.url or "").startswith(base)]
    assert len(made) > len(uses)
    wrong = {
        f"{request.method} {request.url}": found for request in made if (found := list(faults(contract, request, base)))
    }
    assert not wrong


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "me/", None),
        ("GET", "me/tracks?limit=ten", None),
        ("POST", "playlists/x/items", ["spotify:track:x"]),
        ("POST", "playlists/x/items?place=1", {"uris": []}),
        ("POST", "playlists/x/items", {"uris": "spotify:track:x"}),
        ("DELETE", "playlists/x/items", {"tracks": []}),
        ("GET", "search?q=x", None),
    ],
)
def test_the_judge_sees_what_is_wrong(contract: dict[str, Any], method: str, path: str, body: Any) -> None:
    request = requests.Request(method, f"http://host/v1/{path}", data=json.dumps(body) if body else None).prepare()
    assert list(faults(contract, request, "http://host/v1/"))
