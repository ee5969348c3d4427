"""Every path of the Web API: what is open to a new app, what it needs, and what is closed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ..world import World
from . import me, music, playlists
from .call import Call, Handler, Refused, guarded

# method, path, handler, scope that must be there before anything else is looked at ("" = none)
_OPEN: list[tuple[str, str, Handler, str]] = [
    ("GET", "/me", me.profile, ""),
    ("GET", "/me/tracks", me.saved_tracks, "user-library-read"),
    ("GET", "/me/top/{kind:str}", me.top, "user-top-read"),
    ("GET", "/me/following", me.following, "user-follow-read"),
    ("GET", "/me/player/recently-played", me.recently_played, "user-read-recently-played"),
    ("GET", "/me/playlists", playlists.mine, "playlist-read-private"),
    ("POST", "/me/playlists", playlists.create, ""),
    ("PUT", "/me/library", me.save, ""),
    ("DELETE", "/me/library", me.remove, ""),
    ("GET", "/me/library/contains", me.contains, ""),
    ("GET", "/playlists/{id}/items", playlists.items, "playlist-read-private"),
    ("POST", "/playlists/{id}/items", playlists.add, ""),
    ("PUT", "/playlists/{id}/items", playlists.update, ""),
    ("DELETE", "/playlists/{id}/items", playlists.remove, ""),
    ("GET", "/playlists/{id}", playlists.read, ""),
    ("PUT", "/playlists/{id}", playlists.describe, ""),
]
# These answer a client without a listener too.
_PUBLIC: list[tuple[str, Handler]] = [
    ("/tracks/{id}", music.track),
    ("/albums/{id}", music.album),
    ("/albums/{id}/tracks", music.album_tracks),
    ("/artists/{id}", music.artist),
    ("/artists/{id}/albums", music.artist_albums),
    ("/search", music.search),
]
# Closed to a new app: status, methods, path.
_BATCHES = ("tracks", "albums", "artists", "shows", "episodes", "audiobooks", "chapters")
_SHELVES = ("tracks", "albums", "shows", "episodes", "audiobooks", "following")
_CLOSED: list[tuple[int, tuple[str, ...], str]] = [
    *((403, ("GET",), f"/{kind}") for kind in _BATCHES),
    *((403, ("PUT", "DELETE"), f"/me/{kind}") for kind in _SHELVES),
    *((403, ("GET",), f"/me/{kind}/contains") for kind in _SHELVES),
    (403, ("GET",), "/audio-features"),
    (403, ("GET",), "/audio-features/{id}"),
    (403, ("GET",), "/audio-analysis/{id}"),
    (404, ("GET",), "/recommendations"),
    (404, ("GET",), "/recommendations/available-genre-seeds"),
    (403, ("GET",), "/artists/{id}/top-tracks"),
    (403, ("GET",), "/artists/{id}/related-artists"),
    (403, ("GET",), "/browse/featured-playlists"),
    (403, ("GET",), "/browse/new-releases"),
    (403, ("GET",), "/browse/categories"),
    (403, ("GET",), "/browse/categories/{id}"),
    (403, ("GET",), "/browse/categories/{id}/playlists"),
    (403, ("GET",), "/markets"),
    (403, ("GET", "POST", "PUT", "DELETE"), "/playlists/{id}/tracks"),
    (403, ("PUT", "DELETE"), "/playlists/{id}/followers"),
    (403, ("GET",), "/playlists/{id}/followers/contains"),
    (403, ("GET",), "/users/{id}"),
    (403, ("GET", "POST"), "/users/{id}/playlists"),
]


def routes(world: World) -> list[Route]:
    """The routes below `/spotify/v1`."""
    found: list[Route] = []
    for method, path, handler, scope in _OPEN:
        found.append(_route(world, path, [method], _scoped(handler, scope), user=True))
    found += [_route(world, path, ["GET"], handler, user=False) for path, handler in _PUBLIC]
    for status, methods, path in _CLOSED:
        found += [_route(world, path + end, list(methods), _closed(status), user=False) for end in ("", "/")]
    found.append(_route(world, "/{rest:path}", ["GET", "POST", "PUT", "DELETE"], _unknown, user=False))
    return found


def _route(world: World, path: str, methods: list[str], handler: Handler, *, user: bool) -> Route:
    endpoint: Callable[[Request], Awaitable[Response]] = guarded(world, handler, user=user)
    return Route(path, endpoint, methods=methods)


def _scoped(handler: Handler, scope: str) -> Handler:
    if not scope:
        return handler

    async def checked(call: Call) -> Any:
        call.need(scope)
        return await handler(call)

    return checked


def _closed(status: int) -> Handler:
    async def refuse(_: Call) -> Any:
        raise Refused(status, "Forbidden" if status == 403 else "Not found.")

    return refuse


async def _unknown(_: Call) -> Any:
    raise Refused(404, "Service not found")
