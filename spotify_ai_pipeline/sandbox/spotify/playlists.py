"""Playlists: listing, making, describing, and editing their items."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from starlette.responses import JSONResponse, Response

from .. import clock
from ..ids import is_spotify_id
from ..shelf import Item, Playlist
from . import objects
from .call import Call, Refused, not_found
from .fields import select

_MOST_URIS = 100
_RANGE = (("range_start", None), ("insert_before", None), ("range_length", 1))


async def mine(call: Call) -> Any:
    """Playlists owned or followed, newest first."""
    limit, offset = call.limit(), call.offset()
    lists = call.world.shelf.listed
    items: list[dict[str, Any]] = []
    for value in lists[offset : offset + limit]:
        rows, snapshot = call.world.shelf.shown(value.id)
        link = {"href": f"{call.base}/playlists/{value.id}/items", "total": len(rows)}
        items.append({**objects.playlist(call.base, value), "snapshot_id": snapshot, "items": link})
    return call.page(items, len(lists), limit, offset)


async def create(call: Call) -> Any:
    """A new, empty playlist of the listener."""
    details = _details(await _object(call))
    if not (name := details.get("name")):
        raise Refused(400, "Missing required field: name")
    public, collaborative = details.get("public", True), details.get("collaborative", False)
    if public and collaborative:
        raise Refused(400, "Collaborative playlists can't be public")
    call.need(_modify_scope(public))
    listener = call.world.listener
    owner = (listener["id"], listener["display_name"])
    description = details.get("description", "")
    made = call.world.shelf.create(name, description, owner, public=public, collaborative=collaborative)
    return JSONResponse(_whole(call, made), 201)


async def read(call: Call) -> Any:
    """One playlist; its items only for owner and collaborators."""
    return select(_whole(call, _playlist(call)), call.query("fields"))


async def describe(call: Call) -> Any:
    """Changes name, description, visibility."""
    playlist = _own(call)
    details = _details(await _object(call))
    if not details:
        raise Refused(400, "Nothing to change")
    changed = replace(playlist, **details)
    if not changed.name or (changed.public and changed.collaborative):
        raise Refused(400, "Invalid playlist details")
    call.world.shelf.describe(changed)
    return Response()


async def items(call: Call) -> Any:
    """A page of a playlist's rows."""
    playlist = _playlist(call)
    if not _may_open(call, playlist):
        raise Refused(403, "Forbidden")
    limit, offset = call.limit(), call.offset()
    shown, _ = call.world.shelf.shown(playlist.id)
    rows = objects.playlist_rows(call.world, call.base, shown[offset : offset + limit])
    return select(call.page(rows, len(shown), limit, offset), call.query("fields"))


async def add(call: Call) -> Any:
    """Inserts up to 100 URIs."""
    playlist = _own(call)
    body = await _object(call, needed=call.query("uris") is None)
    uris = _listed(call, body.get("uris"))
    now = call.world.shelf.items(playlist.id)
    place = call.number("position", len(now), 0, 100_000) if call.query("position") else body.get("position", len(now))
    if _place(place) > len(now):
        raise Refused(400, "Index out of bounds")
    after = inserted(now, _items(call, uris), place)
    return _answer(call.world.shelf.rearrange(playlist.id, after), 201)


async def update(call: Call) -> Any:
    """Replaces all rows by up to 100 URIs, or moves a range: one or the other."""
    playlist = _own(call)
    body = await _object(call, needed=call.query("uris") is None)
    moving = "range_start" in body or "insert_before" in body
    replacing = "uris" in body or call.query("uris") is not None
    if moving == replacing:
        raise Refused(400, "Either uris, or range_start and insert_before must be given")
    now = call.world.shelf.items(playlist.id)
    if replacing:
        return _answer(
            call.world.shelf.rearrange(playlist.id, _items(call, _listed(call, body.get("uris"), empty=True)))
        )
    then = _then(call, playlist, body, now)
    start, before, length = (_place(body.get(name, default)) for name, default in _RANGE)
    if length < 1 or start + length > len(then) or before > len(then):
        raise Refused(400, "Index out of bounds")
    return _answer(call.world.shelf.rearrange(playlist.id, moved(now, then, start, before, length)))


async def remove(call: Call) -> Any:
    """Removes every occurrence of up to 100 URIs."""
    playlist = _own(call)
    body = await _object(call)
    rows = body.get("items")
    if (
        not isinstance(rows, list)
        or not rows
        or not all(isinstance(row, dict) and isinstance(row.get("uri"), str) for row in rows)
    ):
        raise Refused(400, "Missing required field: items")
    if len(rows) > _MOST_URIS:
        raise Refused(400, f"You can remove a maximum of {_MOST_URIS} items per request.")
    now = call.world.shelf.items(playlist.id)
    after = removed(now, _then(call, playlist, body, now), {str(row["uri"]) for row in rows})
    return _answer(call.world.shelf.rearrange(playlist.id, after))


def _playlist(call: Call) -> Playlist:
    playlist = call.world.shelf.playlists.get(call.id())
    if playlist is None:
        raise not_found()
    return playlist


def _own(call: Call) -> Playlist:
    """The playlist in the path, if the listener may change it."""
    playlist = _playlist(call)
    call.need(_modify_scope(playlist.public))
    if not _may_open(call, playlist):
        raise Refused(403, "You cannot edit a playlist you don't own.")
    return playlist


def _may_open(call: Call, playlist: Playlist) -> bool:
    return playlist.collaborative or playlist.owner_id == call.world.listener["id"]


def _modify_scope(public: bool) -> str:
    return "playlist-modify-public" if public else "playlist-modify-private"


def _whole(call: Call, playlist: Playlist) -> dict[str, Any]:
    """The playlist with its first 100 rows, where the listener may see them."""
    shown, snapshot = call.world.shelf.shown(playlist.id)
    followers = {"href": None, "total": 0}
    out = {**objects.playlist(call.base, playlist), "snapshot_id": snapshot, "followers": followers}
    if not _may_open(call, playlist):
        return out
    total = len(shown)
    rows = objects.playlist_rows(call.world, call.base, shown[:100])
    url = f"{call.base}/playlists/{playlist.id}/items"
    # The 100 rows come unasked; the page after them keeps to the limit that asking has.
    following = f"{url}?offset=100&limit=50" if total > 100 else None
    page = {"href": f"{url}?offset=0&limit=100", "items": rows, "limit": 100, "next": following, "offset": 0}
    return {**out, "items": {**page, "previous": None, "total": total}}


def _listed(call: Call, body: Any, *, empty: bool = False) -> list[str]:
    """URIs of the query or the body, the query first."""
    query = call.query("uris")
    uris = [uri.strip() for uri in query.split(",") if uri.strip()] if query is not None else body
    if not isinstance(uris, list) or (not uris and not empty):
        raise Refused(400, "No uris provided")
    if len(uris) > _MOST_URIS:
        raise Refused(400, f"You can add a maximum of {_MOST_URIS} tracks per request.")
    if not all(isinstance(uri, str) for uri in uris):
        raise Refused(400, "Invalid track uri")
    return uris


def _items(call: Call, uris: list[str]) -> list[Item]:
    """New playlist rows for track and episode URIs."""
    out: list[Item] = []
    now, me = int(clock.now()), call.world.listener["id"]
    for uri in uris:
        _, _, rest = uri.partition("spotify:")
        kind, _, key = rest.partition(":")
        if kind not in ("track", "episode") or not is_spotify_id(key):
            raise Refused(400, f"Invalid track uri: {uri}")
        if kind == "track" and key not in call.world.catalogue.row_of:
            raise Refused(404, "Track not found")
        out.append(Item(0, kind, key, None, None, now, me))
    return out


def _then(call: Call, playlist: Playlist, body: dict[str, Any], now: list[Item]) -> list[Item]:
    """The rows at the snapshot that the body names, those of now when it names none."""
    snapshot = body.get("snapshot_id")
    if snapshot is None:
        return now
    then = call.world.shelf.at_snapshot(playlist.id, snapshot) if isinstance(snapshot, str) else None
    if then is None:
        raise Refused(400, "Invalid snapshot id")
    return then


def _place(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise Refused(400, "Invalid range")
    return value


async def _object(call: Call, *, needed: bool = True) -> dict[str, Any]:
    """The body, which the contract has as an object in every call; an empty one where there is none and none is `needed`."""
    body = await call.body()
    if body is None and not needed:
        return {}
    if not isinstance(body, dict):
        raise Refused(400, "Error parsing JSON.")
    return body


def _details(body: dict[str, Any]) -> dict[str, Any]:
    """Name, description and visibility, as far as they are given."""
    kinds = {"name": str, "description": str, "public": bool, "collaborative": bool}
    given = {key: body[key] for key in kinds if body.get(key) is not None}
    if wrong := [key for key, value in given.items() if not isinstance(value, kinds[key])]:
        raise Refused(400, f"Invalid {wrong[0]}")
    return given


def _answer(playlist: Playlist, status: int = 200) -> Response:
    return JSONResponse({"snapshot_id": playlist.snapshot_id}, status)


def inserted(now: list[Item], new: list[Item], position: int | None) -> list[Item]:
    """`new` before the row at `position`, at the end without one."""
    at = len(now) if position is None else position
    return now[:at] + new + now[at:]


def removed(now: list[Item], then: list[Item], uris: set[str]) -> list[Item]:
    """Leaves out the rows that held one of `uris` at the snapshot `then`: every occurrence."""
    gone = {item.id for item in then if item.uri in uris}
    return [item for item in now if item.id not in gone]


def moved(now: list[Item], then: list[Item], start: int, before: int, length: int) -> list[Item]:
    """The rows [start, start + length) of the snapshot `then`, put before the row it had at `before`."""
    wanted = then[start : start + length]
    if start <= before <= start + length:
        return now
    block_ids = {item.id for item in wanted}
    block = [item for item in now if item.id in block_ids]
    rest = [item for item in now if item.id not in block_ids]
    anchor = then[before].id if before < len(then) else None
    at = next((k for k, item in enumerate(rest) if item.id == anchor), len(rest))
    return rest[:at] + block + rest[at:]
