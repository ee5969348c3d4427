"""One call to the Web API: who asks, with what, and how it is refused."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ..ids import is_spotify_id
from ..world import World

PREFIX = "spotify/v1"


class Refused(Exception):
    """An answer with a status of 400 or more."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def not_found() -> Refused:
    """The refusal of an id that nothing has."""
    return Refused(404, "Resource not found")


def error(status: int, message: str) -> Response:
    """The error object of the Web API."""
    return JSONResponse({"error": {"status": status, "message": message}}, status)


@dataclass(frozen=True)
class Call:
    """A request whose token was checked."""

    request: Request
    world: World
    base: str  # absolute URL of the Web API as the caller reached it, without a slash at its end
    scopes: frozenset[str]

    def query(self, name: str) -> str | None:
        """A query parameter."""
        return self.request.query_params.get(name)

    def number(self, name: str, default: int, low: int, high: int) -> int:
        """A whole-numbered query parameter; outside low..high it is refused as the Web API does."""
        text = self.query(name)
        if text is None:
            return default
        try:
            value = int(text)
        except ValueError:
            raise Refused(400, f"Invalid {name}") from None
        if not low <= value <= high:
            raise Refused(400, f"Invalid {name}")
        return value

    def limit(self, default: int = 20, high: int = 50) -> int:
        """The page size asked for."""
        return self.number("limit", default, 1, high)

    def offset(self, high: int = 100_000) -> int:
        """The first row asked for."""
        return self.number("offset", 0, 0, high)

    def id(self, name: str = "id") -> str:
        """An id in the path; refused when it cannot be one."""
        value = self.request.path_params[name]
        if not is_spotify_id(value):
            raise Refused(400, "Invalid base62 id")
        return value

    def need(self, *scopes: str) -> None:
        """Refuses unless the token has one of `scopes`."""
        if not self.scopes.intersection(scopes):
            raise Refused(403, "Insufficient client scope")

    async def body(self) -> Any:
        """The JSON body; None when there is none."""
        raw = await self.request.body()
        if not raw:
            return None
        try:
            return json.loads(raw)
        except ValueError:
            raise Refused(400, "Error parsing JSON.") from None

    def url(self, **changes: object) -> str:
        """This call's URL with some query parameters changed."""
        return str(self.request.url.replace(query=urlencode(dict(self.request.query_params) | changes)))

    def page(self, items: list[Any], total: int, limit: int, offset: int) -> dict[str, Any]:
        """The paging object around `items`."""
        after, before = offset + limit, max(offset - limit, 0)
        return {
            "href": self.url(offset=offset, limit=limit),
            "items": items,
            "limit": limit,
            "next": self.url(offset=after, limit=limit) if after < total else None,
            "offset": offset,
            "previous": self.url(offset=before, limit=limit) if offset > 0 else None,
            "total": total,
        }


Handler = Callable[[Call], Awaitable[Any]]


def guarded(world: World, handler: Handler, *, user: bool) -> Callable[[Request], Awaitable[Response]]:
    """A Starlette endpoint that checks the token, then answers with what `handler` returns, or its refusal.

    A handler returns a JSON value (200) or a Response. `user` = a client's own token, without a listener, won't do.
    """

    async def endpoint(request: Request) -> Response:
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if not token:
            return error(401, "No token provided" if not kind else "Only valid bearer authentication supported")
        holder = world.tokens.scopes(token.strip()) if kind.lower() == "bearer" else None
        if holder is None:
            return error(401, "Invalid access token")
        if user and not holder[0]:
            return error(403, "Valid user authentication required")
        try:
            answer = await handler(Call(request, world, f"{request.base_url}{PREFIX}", holder[1]))
        except Refused as refusal:
            return error(refusal.status, refusal.message)
        return answer if isinstance(answer, Response) else JSONResponse(answer)

    return endpoint
