"""All services on one port."""

from __future__ import annotations

from collections import Counter
from email.utils import formatdate

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from spotify_ai_pipeline.guard import Guard

from . import accounts, anthropic, clock, labs, listenbrainz, lrclib, previews, reccobeats, scrobble_servers
from .faults import Faults, Plan
from .lastfm import routes as lastfm
from .lastfm import stations
from .spotify import routes as spotify
from .telegram import routes as telegram
from .world import World

_ENTRIES = ("/telegram", "/accounts/authorize")
"""Where a link may lead: the chat, and the page on which the listener agrees."""

_SERVICES = (
    "spotify",
    "accounts",
    "lastfm",
    "listenbrainz",
    "lastfm_stations",
    "labs",
    "reccobeats",
    "lrclib",
    "deezer",
    "itunes",
    "anthropic",
    "telegram",
)


class _Front:
    """Counts calls by service, takes a trailing slash for none where the service does, and dates each answer by our clock."""

    def __init__(self, app: ASGIApp, calls: Counter[str]) -> None:
        self._app = app
        self._calls = calls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            service = scope["path"].split("/", 2)[1]
            if service in _SERVICES:
                self._calls[service] += 1
            if service != "spotify":  # its contract has no path that ends in a slash
                scope = {**scope, "path": scope["path"].rstrip("/") or "/"}

        async def dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                date = formatdate(clock.now(), usegmt=True).encode()
                message = {**message, "headers": [*message["headers"], (b"date", date)]}
            await send(message)

        await self._app(scope, receive, dated)


def create_app(world: World) -> Starlette:
    """The services of `world`: /spotify/v1, /accounts, /lastfm/2.0, /lastfm_stations, /listenbrainz/1, /labs, /reccobeats/v1,
    /lrclib/api, /deezer, /itunes, /anthropic, /telegram (its chat is a page there), /koito and /maloja, and /sandbox."""
    calls: Counter[str] = Counter(dict.fromkeys(_SERVICES, 0))

    async def about(_: Request) -> Response:
        """Gives what is served, and the calls to each service since the start."""
        return JSONResponse({"world": str(world.path), "listener": world.listener, "calls": dict(calls)})

    app = Starlette(
        routes=[
            Route("/sandbox", about),
            Mount("/spotify/v1", routes=spotify.routes(world)),
            Mount("/accounts", routes=accounts.routes(world)),
            *lastfm.routes(world),
            Mount("/lastfm_stations", routes=stations.routes(world)),
            Mount("/listenbrainz/1", routes=listenbrainz.routes(world)),
            Mount("/labs", routes=labs.routes(world)),
            Mount("/reccobeats/v1", routes=reccobeats.routes(world)),
            Mount("/lrclib/api", routes=lrclib.routes(world)),
            Mount("/deezer", routes=previews.deezer_routes(world)),
            Mount("/itunes", routes=previews.itunes_routes(world)),
            Mount("/anthropic", routes=anthropic.routes()),
            *scrobble_servers.routes(world),
            *telegram.routes(),
        ]
    )
    app.router.redirect_slashes = False
    app.add_middleware(Faults, tokens=world.tokens, shelf=world.shelf, plan=Plan.load(world.path))
    app.add_middleware(_Front, calls=calls)
    app.add_middleware(Guard, entries=_ENTRIES.__contains__, forms=True)
    return app
