"""The stations that Last.fm's page plays, which no document describes. A world without a listener of that name, or with a file
`no-stations`, has none: then there is a page instead."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from ..world import World

_SONGS = 20
GONE = "no-stations"


def routes(world: World) -> list[Route]:
    """The routes below `/lastfm_stations`."""

    async def station(request: Request) -> Response:
        known = request.path_params["name"] == world.listener["lastfm_user"]
        if not known or request.path_params["station"] != "recommended" or (world.path / GONE).exists():
            return HTMLResponse("<!doctype html><title>Page not found</title>", 404)
        rows = [row for key, _ in world.recommended[1::4] if (row := world.catalogue.by_mbid.first(key)) is not None]
        tracks = [
            {
                "_name": row["name"],
                "name": row["name"],
                "artists": [{"name": artist, "url": "/music"} for artist in row["artist_names"]],
                "duration": row["duration_ms"] // 1000,
                "playlinks": [{"affiliate": "youtube", "id": "", "url": ""}],
            }
            for row in world.catalogue.get(rows[:_SONGS])
        ]
        return JSONResponse({"playlist": tracks})

    return [Route("/player/station/user/{name}/{station}", station, methods=["GET"])]
