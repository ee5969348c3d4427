"""Koito and Maloja, as far as they speak ListenBrainz' API, by their published sources: they take listens and check tokens.

Neither hands anything out. Koito (engine/routes.go) knows no other path, Maloja (maloja/apis/listenbrainz.py) answers each of
them with 200 and an error. The token of either is the listener's name on ListenBrainz.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route

from .world import World

_TOKEN = "Token "


def routes(world: World) -> list[Mount]:
    """`/koito` and `/maloja`, each with its `/apis/listenbrainz/1`."""
    user = world.listener["listenbrainz_user"]

    def told(request: Request) -> str | None:
        said = request.headers.get("authorization", "")
        return said.removeprefix(_TOKEN).strip() if said.startswith(_TOKEN) else None

    def taken(request: Request) -> Response:
        if request.url.path.endswith("/validate-token"):
            return JSONResponse({"code": 200, "message": "Token valid.", "valid": True, "user_name": user})
        return JSONResponse({"status": "ok"})

    async def koito(request: Request) -> Response:
        if told(request) != user:
            return JSONResponse({"error": "unauthorized"}, 401)
        return taken(request)

    async def nothing(_: Request) -> Response:
        return PlainTextResponse("404 page not found\n", 404)

    async def maloja(request: Request) -> Response:
        if not request.url.path.endswith(("/validate-token", "/submit-listens")):
            return JSONResponse({"code": 200, "error": "Invalid Method"})
        if (token := told(request)) is None:
            return JSONResponse({"code": 401, "error": "You need to provide an Authorization header."}, 401)
        if token != user:
            return JSONResponse({"code": 401, "error": "Incorrect Authorization"}, 401)
        return taken(request)

    async def start_page(_: Request) -> Response:
        return HTMLResponse("<!doctype html><title>Koito</title>")

    api = "/apis/listenbrainz/1"
    return [
        Mount(
            "/koito",
            routes=[
                Route(f"{api}/validate-token", koito, methods=["GET"]),
                Route(f"{api}/submit-listens", koito, methods=["POST"]),
                Route(f"{api}/{{rest:path}}", nothing, methods=["GET", "POST"]),
                Route("/{rest:path}", start_page, methods=["GET"]),
            ],
        ),
        Mount("/maloja", routes=[Route(f"{api}/{{rest:path}}", maloja, methods=["GET", "POST"])]),
    ]
