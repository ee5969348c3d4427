"""ListenBrainz labs: Spotify ids by recording and by name."""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .catalogue import name_key
from .world import World

_BY_MBID, _BY_NAME = "spotify-id-from-mbid", "spotify-id-from-metadata"
_NEEDED = {_BY_MBID: ("recording_mbid",), _BY_NAME: ("artist_name", "release_name", "track_name")}
_MOST = 1000


def routes(world: World) -> list[Route]:
    """The routes below `/labs`."""

    async def dataset(request: Request) -> Response:
        needed = _NEEDED.get(request.path_params["name"])
        if needed is None:
            return _refused("Not Found", 404)
        try:
            asked = json.loads(await request.body())
        except ValueError:
            return _refused("Cannot parse JSON document")
        if not isinstance(asked, list) or not 1 <= len(asked) <= _MOST:
            return _refused(f"a list of 1 to {_MOST} objects is needed")
        if not all(isinstance(row, dict) and all(isinstance(row.get(key), str) for key in needed) for row in asked):
            return _refused(f"each object needs {', '.join(needed)}")
        by_mbid = needed == _NEEDED[_BY_MBID]
        return JSONResponse([_by_mbid(world, row) if by_mbid else _by_name(world, row) for row in asked])

    return [Route("/{name}/json", dataset, methods=["POST"])]


def _by_mbid(world: World, asked: dict[str, str]) -> dict[str, Any]:
    return _answer(world, world.catalogue.by_mbid.rows(asked["recording_mbid"]), asked)


def _by_name(world: World, asked: dict[str, str]) -> dict[str, Any]:
    rows = world.catalogue.by_name.rows(name_key(asked["artist_name"], asked["track_name"]))
    return _answer(world, [row for row in rows if world.catalogue.tracks["mbid"][row]], asked)  # labs knows recordings


def _answer(world: World, rows: list[int], asked: dict[str, str]) -> dict[str, Any]:
    """Gives what was asked, filled in where it is known."""
    tracks = world.catalogue.get(rows)
    playable = [track["id"] for track in tracks if track["playable"]]
    empty = dict.fromkeys(("recording_mbid", "artist_name", "release_name", "track_name"))
    if not tracks:
        return {**empty, **asked, "spotify_track_ids": []}
    first = tracks[0]
    names = {"artist_name": first["artist_names"][0], "release_name": first["album"], "track_name": first["name"]}
    return {**names, "recording_mbid": first["mbid"], **asked, "spotify_track_ids": playable}


def _refused(message: str, status: int = 400) -> Response:
    return JSONResponse({"error": message}, status)
