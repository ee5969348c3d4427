"""The objects of the Web API, with the fields that a new app receives."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ..clock import iso
from ..shelf import Item, Playlist
from ..world import World

Json = dict[str, Any]
_IMAGES = (640, 300, 64)


def _common(base: str, kind: str, key: str) -> Json:
    return {
        "external_urls": {"spotify": f"https://open.spotify.com/{kind}/{key}"},
        "href": f"{base}/{kind}s/{key}",
        "id": key,
        "type": kind,
        "uri": f"spotify:{kind}:{key}",
    }


def _images(key: str) -> list[Json]:
    return [{"url": f"https://i.scdn.co/image/{key}{size}", "height": size, "width": size} for size in _IMAGES]


def user(base: str, key: str, name: str | None = None) -> Json:
    """A user as owner (with a name) or as the one who added a row (without)."""
    out = _common(base, "user", key)
    return out if name is None else {**out, "display_name": name}


def simple_artists(base: str, row: Json) -> list[Json]:
    """The artists of a catalogue row."""
    pairs = zip(row["artist_ids"], row["artist_names"], strict=True)
    return [{**_common(base, "artist", key), "name": name} for key, name in pairs]


def artist(base: str, row: Json) -> Json:
    """A full artist of a row of the artists table."""
    return {
        **_common(base, "artist", row["id"]),
        "genres": row["genres"],
        "images": _images(row["id"]),
        "name": row["name"],
    }


def simple_album(base: str, row: Json, total: int) -> Json:
    """The album of a catalogue row, which has `total` tracks."""
    date = row["release_date"] or "0000"
    main = {"artist_ids": row["artist_ids"][:1], "artist_names": row["artist_names"][:1]}
    return {
        **_common(base, "album", row["album_id"]),
        "album_type": row["album_type"],
        "artists": simple_artists(base, main),
        "images": _images(row["album_id"]),
        "name": row["album"],
        "release_date": date,
        "release_date_precision": ("year", "month", "day")[date.count("-")],
        "total_tracks": total,
    }


def simple_track(base: str, row: Json) -> Json:
    """A track of a catalogue row as it stands in its album."""
    out = {
        **_common(base, "track", row["id"]),
        "artists": simple_artists(base, row),
        "disc_number": row["disc_number"],
        "duration_ms": row["duration_ms"],
        "explicit": row["explicit"],
        "is_local": False,
        "is_playable": row["playable"],
        "name": row["name"],
        "preview_url": None,
        "track_number": row["track_number"],
    }
    return out if row["playable"] else {**out, "restrictions": {"reason": "market"}}


def tracks(world: World, base: str, rows: Sequence[int]) -> list[Json]:
    """Full tracks of catalogue rows, in their order."""
    out: list[Json] = []
    for row in world.catalogue.get(rows):
        total = len(world.catalogue.albums.rows(row["album_id"]))
        ids = {"isrc": row["isrc"]} if row["isrc"] else {}
        out.append({**simple_track(base, row), "album": simple_album(base, row, total), "external_ids": ids})
    return out


def tracks_by_id(world: World, base: str, ids: Iterable[str]) -> dict[str, Json]:
    """Full tracks by id; unknown ids are left out."""
    rows = {key: row for key in ids if (row := world.catalogue.row_of.get(key)) is not None}
    return dict(zip(rows, tracks(world, base, list(rows.values())), strict=True))


def playlist(base: str, value: Playlist) -> Json:
    """A playlist without its items."""
    return {
        **_common(base, "playlist", value.id),
        "collaborative": value.collaborative,
        "description": value.description,
        "images": [{"url": f"https://mosaic.scdn.co/640/{value.id}", "height": 640, "width": 640}],
        "name": value.name,
        "owner": user(base, value.owner_id, value.owner_name),
        "public": value.public,
        "snapshot_id": value.snapshot_id,
    }


def playlist_rows(world: World, base: str, items: Sequence[Item]) -> list[Json]:
    """Playlist rows: `item` is a track, an episode, a local file, or null."""
    known = tracks_by_id(world, base, (item.track_id for item in items if item.kind == "track" and item.track_id))
    out: list[Json] = []
    for item in items:
        content: Json | None = None
        if item.kind == "track":
            content = known.get(item.track_id or "")
        elif item.kind == "local":
            content = _local(item)
        elif item.kind == "episode":
            content = _episode(base, item)
        out.append({
            "added_at": iso(item.added_at),
            "added_by": user(base, item.added_by),
            "is_local": item.kind == "local",
            "item": content,
            "primary_color": None,
        })  # fmt: skip
    return out


def _local(item: Item) -> Json:
    """A file on the listener's own disk: names only."""
    artist_name = {
        "external_urls": {},
        "href": None,
        "id": None,
        "name": item.artist or "",
        "type": "artist",
        "uri": None,
    }
    album = {
        "album_type": None, "artists": [], "external_urls": {}, "href": None, "id": None, "images": [], "name": "",
        "release_date": None, "release_date_precision": None, "type": "album", "uri": None,
    }  # fmt: skip
    return {
        "album": album, "artists": [artist_name], "disc_number": 0, "duration_ms": 185_000, "explicit": False,
        "external_ids": {}, "external_urls": {}, "href": None, "id": None, "is_local": True, "name": item.title or "",
        "preview_url": None, "track_number": 0, "type": "track", "uri": item.uri,
    }  # fmt: skip


def _episode(base: str, item: Item) -> Json:
    key = item.track_id or ""
    name = item.title or "An episode"
    show_id = key[::-1]
    show = {
        **_common(base, "show", show_id), "copyrights": [], "description": "", "explicit": False,
        "html_description": "",
        "images": _images(show_id), "is_externally_hosted": False, "languages": ["en"], "media_type": "audio",
        "name": item.artist or "A show", "total_episodes": 12,
    }  # fmt: skip
    return {
        **_common(base, "episode", key), "audio_preview_url": None, "description": name, "duration_ms": 1_860_000,
        "explicit": False, "html_description": f"<p>{name}</p>", "images": _images(key), "is_externally_hosted": False,
        "is_playable": True, "languages": ["en"], "name": name, "release_date": "2024-05-02",
        "release_date_precision": "day", "show": show,
    }  # fmt: skip
