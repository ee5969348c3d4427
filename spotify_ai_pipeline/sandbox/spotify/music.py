"""Single tracks, albums and artists, and search."""

from __future__ import annotations

from typing import Any

from . import objects
from .call import Call, Refused, not_found

_TYPES = ("album", "artist", "playlist", "track", "show", "episode", "audiobook")


async def track(call: Call) -> Any:
    """One track."""
    row = call.world.catalogue.row_of.get(call.id())
    if row is None:
        raise not_found()
    return objects.tracks(call.world, call.base, [row])[0]


async def artist(call: Call) -> Any:
    """One artist."""
    return objects.artist(call.base, call.world.catalogue.get_artists([_artist_row(call)])[0])


async def album(call: Call) -> Any:
    """One album with the first 50 of its tracks."""
    rows = _album_rows(call)
    found = call.world.catalogue.get(rows[:50])
    url = f"{call.base}/albums/{found[0]['album_id']}/tracks"
    page = {
        "href": f"{url}?offset=0&limit=50",
        "items": [objects.simple_track(call.base, row) for row in found],
        "limit": 50,
        "next": f"{url}?offset=50&limit=50" if len(rows) > 50 else None,
        "offset": 0,
        "previous": None,
        "total": len(rows),
    }
    head = objects.simple_album(call.base, found[0], len(rows))
    return {**head, "copyrights": [], "external_ids": {}, "genres": [], "tracks": page}


async def album_tracks(call: Call) -> Any:
    """A page of an album's tracks."""
    rows, limit, offset = _album_rows(call), call.limit(), call.offset()
    found = call.world.catalogue.get(rows[offset : offset + limit])
    return call.page([objects.simple_track(call.base, row) for row in found], len(rows), limit, offset)


async def artist_albums(call: Call) -> Any:
    """A page of an artist's albums, newest first; ten at most."""
    key = call.world.catalogue.artists["id"][_artist_row(call)]
    limit, offset = call.limit(5, 10), call.offset()
    wanted = set((call.query("include_groups") or "album,single,appears_on,compilation").split(","))
    if not wanted <= {"album", "single", "appears_on", "compilation"}:
        raise Refused(400, "Invalid include_groups")
    catalogue = call.world.catalogue
    first = {row["album_id"]: row for row in catalogue.get(catalogue.by_artist.rows(key))}
    own = [
        row for row in first.values() if (row["album_type"] if row["artist_ids"][0] == key else "appears_on") in wanted
    ]
    own.sort(key=lambda row: row["release_date"] or "", reverse=True)
    part = own[offset : offset + limit]
    items = [objects.simple_album(call.base, row, len(catalogue.albums.rows(row["album_id"]))) for row in part]
    return call.page(items, len(own), limit, offset)


async def search(call: Call) -> Any:
    """Tracks, artists and albums by words; ten at most of each, the other kinds are always empty."""
    query, types = call.query("q") or "", (call.query("type") or "").split(",")
    if not query.strip():
        raise Refused(400, "No search query")
    if not set(types) <= set(_TYPES):
        raise Refused(400, "Bad search type field")
    limit, offset = call.limit(5, 10), call.offset(1000)
    part = slice(offset, offset + limit)
    catalogue, finder = call.world.catalogue, call.world.search
    out: dict[str, Any] = {}
    for kind in types:
        items: list[Any] = []
        total = 0
        if kind == "track":
            rows = finder.tracks(query)
            items, total = objects.tracks(call.world, call.base, rows[part]), len(rows)
        elif kind == "artist":
            rows = finder.artists(query)
            items, total = [objects.artist(call.base, row) for row in catalogue.get_artists(rows[part])], len(rows)
        elif kind == "album":
            ids = finder.albums(query)
            tracks = {key: catalogue.albums.rows(key) for key in ids[part]}
            heads = catalogue.get([rows[0] for rows in tracks.values()])
            items = [objects.simple_album(call.base, row, len(tracks[row["album_id"]])) for row in heads]
            total = len(ids)
        out[f"{kind}s"] = call.page(items, total, limit, offset)
    return out


def _artist_row(call: Call) -> int:
    row = call.world.catalogue.artist_row_of.get(call.id())
    if row is None:
        raise not_found()
    return row


def _album_rows(call: Call) -> list[int]:
    rows = call.world.catalogue.albums.rows(call.id())
    if not rows:
        raise not_found()
    return rows
