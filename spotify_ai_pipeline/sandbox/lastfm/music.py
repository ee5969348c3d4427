"""Methods about tracks and artists: tags, neighbours, numbers."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote_plus

from ..catalogue import name_key
from .call import IMAGES, INVALID_PARAMETERS, Call, Refused, crowd, url


def track_tags(call: Call) -> dict[str, Any]:
    """track.getTopTags"""
    row = _track(call)
    names = {"artist": row["artist_names"][0], "track": row["name"]}
    return _tags(call.world.catalogue.tags("track", row["id"]), names)


def artist_tags(call: Call) -> dict[str, Any]:
    """artist.getTopTags"""
    row = _artist(call)
    return _tags(call.world.catalogue.tags("artist", row["id"]), {"artist": row["name"]})


def similar_tracks(call: Call) -> dict[str, Any]:
    """track.getSimilar"""
    row = _track(call)
    catalogue = call.world.catalogue
    near = catalogue.similar("track", row["id"])[: call.number("limit") or 100]
    others = catalogue.get([catalogue.row_of[key] for key, _ in near])
    tracks = [
        {
            **_short(other),
            "playcount": crowd(other["popularity"])[1],
            "match": match,
            "duration": other["duration_ms"] // 1000,
        }
        for other, (_, match) in zip(others, near, strict=True)
    ]
    return {"similartracks": {"track": tracks, "@attr": {"artist": row["artist_names"][0]}}}


def similar_artists(call: Call) -> dict[str, Any]:
    """artist.getSimilar"""
    row = _artist(call)
    catalogue = call.world.catalogue
    near = catalogue.similar("artist", row["id"])[: call.number("limit") or 30]
    others = catalogue.get_artists([catalogue.artist_row_of[key] for key, _ in near])
    artists = [
        {
            "name": other["name"],
            "mbid": other["mbid"] or "",
            "match": str(match),
            "url": url(other["name"]),
            "image": IMAGES,
        }
        for other, (_, match) in zip(others, near, strict=True)
    ]
    return {"similarartists": {"artist": artists, "@attr": {"artist": row["name"]}}}


def track_info(call: Call) -> dict[str, Any]:
    """track.getInfo, with the first five tags only."""
    row = _track(call)
    listeners, plays = crowd(row["popularity"])
    tags = call.world.catalogue.tags("track", row["id"])[:5]
    return {
        "track": {
            **_short(row),
            "duration": str(row["duration_ms"]),
            "listeners": str(listeners),
            "playcount": str(plays),
            "album": {"artist": row["artist_names"][0], "title": row["album"], "mbid": "", "image": IMAGES},
            "toptags": {"tag": [{"name": tag, "url": _tag_url(tag)} for tag, _ in tags]},
        }
    }


def artist_top_tracks(call: Call) -> dict[str, Any]:
    """artist.getTopTracks"""
    row = _artist(call)
    catalogue = call.world.catalogue
    rows = catalogue.by_artist.rows(row["id"])
    offset, limit, attributes = call.page(len(rows), 50, 1000)
    tracks = [
        {
            **_short(track),
            "playcount": str(crowd(track["popularity"])[1]),
            "listeners": str(crowd(track["popularity"])[0]),
            "@attr": {"rank": str(offset + place)},
        }
        for place, track in enumerate(catalogue.get(rows[offset : offset + limit]), 1)
    ]
    return {"toptracks": {"track": tracks, "@attr": {"artist": row["name"], **attributes}}}


def album_info(call: Call) -> dict[str, Any]:
    """album.getInfo, by artist and title."""
    row, title = _artist(call), call.text("album")
    catalogue = call.world.catalogue
    of_artist = catalogue.get(catalogue.by_artist.rows(row["id"]))
    album = next((track["album_id"] for track in of_artist if track["album"].lower() == title.lower()), None)
    if album is None:
        raise Refused(INVALID_PARAMETERS, "Album not found")
    tracks = catalogue.get(catalogue.albums.rows(album))
    listed = [
        {
            "name": track["name"],
            "duration": track["duration_ms"] // 1000,
            "url": url(track["artist_names"][0], "_", track["name"]),
            "streamable": {"#text": "0", "fulltrack": "0"},
            "artist": {"name": track["artist_names"][0], "mbid": "", "url": url(track["artist_names"][0])},
            "@attr": {"rank": place},
        }
        for place, track in enumerate(tracks, 1)
    ]
    about = {"name": tracks[0]["album"], "artist": row["name"], "mbid": "", "image": IMAGES}
    return {"album": about | {"tracks": {"track": listed}}}


def _track(call: Call) -> dict[str, Any]:
    """The track named by artist and title, or by mbid."""
    catalogue = call.world.catalogue
    if mbid := call.values.get("mbid"):
        found = catalogue.by_mbid.first(mbid)
    else:
        found = catalogue.by_name.first(name_key(call.text("artist"), call.text("track")))
    if found is None:
        raise Refused(INVALID_PARAMETERS, "Track not found")
    return catalogue.get([found])[0]


def _artist(call: Call) -> dict[str, Any]:
    """The artist named, or given by mbid; of several with one name, the best known."""
    catalogue = call.world.catalogue
    if mbid := call.values.get("mbid"):
        found = catalogue.artists_by_mbid.first(mbid)
    else:
        found = catalogue.artists_by_name.first(call.text("artist").lower())
    if found is None:
        raise Refused(INVALID_PARAMETERS, "The artist you supplied could not be found")
    return catalogue.get_artists([found])[0]


def _short(row: dict[str, Any]) -> dict[str, Any]:
    artist = row["artist_names"][0]
    return {
        "name": row["name"],
        "mbid": row["mbid"] or "",
        "url": url(artist, "_", row["name"]),
        "artist": {"name": artist, "mbid": "", "url": url(artist)},
        "image": IMAGES,
    }


def _tags(tags: list[tuple[str, int]], names: dict[str, str]) -> dict[str, Any]:
    listed = [{"count": count, "name": tag, "url": _tag_url(tag)} for tag, count in tags]
    return {"toptags": {"tag": listed, "@attr": names}}


def _tag_url(tag: str) -> str:
    return f"https://www.last.fm/tag/{quote_plus(tag)}"
