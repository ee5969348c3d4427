"""The one path of Last.fm, and the methods behind it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ..forms import form
from ..world import World
from . import music, user
from .call import INVALID_KEY, Call, Refused, answer, refusal

_METHODS: dict[str, Callable[[Call], dict[str, Any]]] = {
    "user.getinfo": user.info,
    "user.getrecenttracks": user.recent_tracks,
    "user.getlovedtracks": user.loved_tracks,
    "user.getfriends": user.friends,
    "track.gettoptags": music.track_tags,
    "track.getsimilar": music.similar_tracks,
    "track.getinfo": music.track_info,
    "artist.gettoptags": music.artist_tags,
    "artist.getsimilar": music.similar_artists,
    "artist.gettoptracks": music.artist_top_tracks,
    "album.getinfo": music.album_info,
}


def routes(world: World) -> list[Route]:
    """The routes of Last.fm."""

    async def endpoint(request: Request) -> Response:
        values = dict(request.query_params)
        if request.method == "POST":
            values |= await form(request)
        as_json = values.get("format") == "json"
        try:
            method = _METHODS.get(values.get("method", "").lower())
            if method is None:
                raise Refused(3, "Invalid Method - No method with that name in this package", 400)
            if not values.get("api_key", "").strip():
                raise Refused(INVALID_KEY, "Invalid API key - You must be granted a valid key by last.fm", 403)
            return answer(method(Call(world, values)), as_json=as_json)
        except Refused as refused:
            return refusal(refused.code, refused.message, refused.status, as_json=as_json)

    return [Route("/lastfm/2.0", endpoint, methods=["GET", "POST"])]
