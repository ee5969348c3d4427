"""`/me`: profile, saved tracks, top lists, followed artists, recent plays; and `/me/library`: up to 40 URIs of any kind."""

from __future__ import annotations

from bisect import bisect_left
from typing import Any

from starlette.responses import Response

from ..clock import iso, iso_ms
from ..ids import hashed_id, is_spotify_id
from . import objects
from .call import Call, Refused, not_found

_RANGE_DAYS = {"short_term": 28, "medium_term": 182, "long_term": 365}


async def profile(call: Call) -> Any:
    """The listener."""
    listener = call.world.listener
    me = objects.user(call.base, listener["id"], listener["display_name"])
    return {**me, "account_id": hashed_id(listener["id"])[:10], "images": []}


async def saved_tracks(call: Call) -> Any:
    """Liked songs, newest first."""
    limit, offset = call.limit(), call.offset()
    likes = call.world.shelf.likes
    part = likes[offset : offset + limit]
    tracks = objects.tracks_by_id(call.world, call.base, (key for key, _ in part))
    items = [{"added_at": iso(at), "track": tracks[key]} for key, at in part if key in tracks]
    return call.page(items, len(likes), limit, offset)


async def top(call: Call) -> Any:
    """Most played artists or tracks of a time range."""
    limit, offset = call.limit(), call.offset()
    days = _RANGE_DAYS.get(call.query("time_range") or "medium_term")
    if days is None:
        raise Refused(400, "Invalid time range")
    world, base = call.world, call.base
    if call.request.path_params["kind"] == "tracks":
        rows = world.top_tracks(days)
        return call.page(objects.tracks(world, base, rows[offset : offset + limit]), len(rows), limit, offset)
    rows = world.top_artists(days)
    found = world.catalogue.get_artists(rows[offset : offset + limit])
    return call.page([objects.artist(base, row) for row in found], len(rows), limit, offset)


async def following(call: Call) -> Any:
    """Followed artists, by cursor."""
    if call.query("type") != "artist":
        raise Refused(400, "Invalid type")
    limit, after = call.limit(), call.query("after")
    ids = sorted(call.world.followed)
    start = bisect_left(ids, after) + (after in ids) if after else 0
    part = ids[start : start + limit]
    rows = call.world.catalogue.get_artists([call.world.catalogue.artist_row_of[key] for key in part])
    more = start + limit < len(ids)
    return {
        "artists": {
            "cursors": {"after": part[-1]} if more else {},
            "href": call.url(limit=limit),
            "items": [objects.artist(call.base, row) for row in rows],
            "limit": limit,
            "next": call.url(after=part[-1], limit=limit) if more else None,
            "total": len(ids),
        }
    }


async def recently_played(call: Call) -> Any:
    """The last 50 plays at most, newest first, by cursor in unix milliseconds."""
    if call.query("after") and call.query("before"):
        raise Refused(400, "Only one of the query parameters 'before' and 'after' can be specified")
    limit = call.limit()
    after, before = (call.number(name, -1, 0, 10**15) for name in ("after", "before"))
    plays = call.world.recent
    if after >= 0:
        newer = [play for play in plays if play[1] > after]
        part, more = newer[-limit:], len(newer) > limit
    else:
        older = [play for play in plays if before < 0 or play[1] < before]
        part, more = older[:limit], len(older) > limit
    tracks = objects.tracks(call.world, call.base, [row for row, _ in part])
    items = [
        {"context": _album_context(track), "played_at": iso_ms(at), "track": track}
        for track, (_, at) in zip(tracks, part, strict=True)
    ]
    cursors = {"after": str(part[0][1]), "before": str(part[-1][1])} if part else None
    step = {"after": str(part[0][1])} if after >= 0 and part else {"before": str(part[-1][1])} if part else {}
    return {
        "cursors": cursors,
        "href": call.url(limit=limit),
        "items": items,
        "limit": limit,
        "next": call.url(limit=limit, **step) if more else None,
    }


def _album_context(track: dict[str, Any]) -> dict[str, Any]:
    return {key: track["album"][key] for key in ("external_urls", "href", "type", "uri")}


_MOST = 40
# kind of URI -> (scope to change, scope to ask)
_SCOPES = {
    "track": (("user-library-modify",), ("user-library-read",)),
    "album": (("user-library-modify",), ("user-library-read",)),
    "episode": (("user-library-modify",), ("user-library-read",)),
    "show": (("user-library-modify",), ("user-library-read",)),
    "audiobook": (("user-library-modify",), ("user-library-read",)),
    "user": (("user-follow-modify",), ("user-follow-read",)),
    "playlist": (("playlist-modify-public", "playlist-modify-private"), ("playlist-read-private",)),
}
_ASK_ONLY = {"artist": ((), ("user-follow-read",))}


async def save(call: Call) -> Any:
    """Puts tracks and playlists into the library."""
    uris = _uris(call, _SCOPES, 0)
    for uri in uris:
        _, kind, key = uri.split(":")
        if kind == "track" and key not in call.world.catalogue.row_of:
            raise not_found()
        if kind == "playlist" and key not in call.world.shelf.playlists:
            raise not_found()
    call.world.shelf.save(uris)
    return Response()


async def remove(call: Call) -> Any:
    """Takes tracks and playlists out of the library; what was not in it is no error."""
    call.world.shelf.drop(_uris(call, _SCOPES, 0))
    return Response()


async def contains(call: Call) -> Any:
    """One boolean a URI, in the order asked."""
    saved, followed = call.world.shelf.saved, call.world.followed
    uris = _uris(call, _SCOPES | _ASK_ONLY, 1)
    return [uri in saved or (uri.startswith("spotify:artist:") and uri[15:] in followed) for uri in uris]


def _uris(call: Call, allowed: dict[str, Any], purpose: int) -> list[str]:
    """The URIs asked about, checked for number, form and scope. `purpose` 0 = to change, 1 = to ask."""
    uris = [uri.strip() for uri in (call.query("uris") or "").split(",") if uri.strip()]
    if not uris:
        raise Refused(400, "Missing required field: uris")
    if len(uris) > _MOST:
        raise Refused(400, f"Too many uris requested, the maximum is {_MOST}")
    for uri in uris:
        parts = uri.split(":")
        if len(parts) != 3 or parts[0] != "spotify" or parts[1] not in allowed:
            raise Refused(400, "Unsupported URI type" if len(parts) == 3 else "Invalid URI")
        if parts[1] != "user" and not is_spotify_id(parts[2]):
            raise Refused(400, "Invalid base62 id")
        call.need(*allowed[parts[1]][purpose])
    return uris
