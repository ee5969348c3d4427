"""Methods about users: who they are, what they played, loved, whom they know."""

from __future__ import annotations

from typing import Any

from ..clock import lastfm as written
from .call import IMAGES, INVALID_PARAMETERS, PRIVATE, Call, Refused, url

_MOST = 200
_REGISTERED = 1_388_534_400


def info(call: Call) -> dict[str, Any]:
    """user.getInfo"""
    name = _user(call)
    total = str(len(call.world.scrobbles[name]))
    friend = call.world.friends.get(name)
    return {
        "user": {
            "name": name,
            "realname": friend["real_name"] if friend else call.world.listener["display_name"],
            "url": f"https://www.last.fm/user/{name}",
            "image": IMAGES,
            "country": "None",
            "age": "0",
            "gender": "n",
            "subscriber": "0",
            "playcount": total,
            "playlists": "0",
            "bootstrap": "0",
            "registered": {"unixtime": str(_REGISTERED), "#text": str(_REGISTERED)},
            "type": "user",
        }
    }


def recent_tracks(call: Call) -> dict[str, Any]:
    """user.getRecentTracks: `from` inclusive, `to` exclusive, newest first, what plays now on top of page 1."""
    name = _user(call)
    friend = call.world.friends.get(name)
    if friend and friend["private"]:
        raise Refused(PRIVATE, "Login: User required to be logged in", 403)
    scrobbles = call.world.scrobbles[name]
    low, high = scrobbles.window(call.number("from"), call.number("to"))
    offset, limit, attributes = call.page(high - low, 50, _MOST)
    extended = call.values.get("extended") == "1"
    loved = {key for key, _ in call.world.shelf.likes} if extended else set()
    rows = [_scrobble(row, extended, row["track_id"] in loved) for row in scrobbles.newest(low, high, offset, limit)]
    playing = friend["now_playing"] if friend else call.world.now_playing
    if playing and offset == 0:
        rows.insert(0, _now_playing(call, playing, extended, playing in loved))
    return {"recenttracks": {"track": rows, "@attr": {"user": name, **attributes}}}


def loved_tracks(call: Call) -> dict[str, Any]:
    """user.getLovedTracks: the listener's likes, newest first; friends love nothing in public."""
    name = _user(call)
    likes = call.world.shelf.likes if name == call.world.listener["lastfm_user"] else []
    offset, limit, attributes = call.page(len(likes), 50, 1000)
    part = likes[offset : offset + limit]
    catalogue = call.world.catalogue
    tracks = catalogue.get([catalogue.row_of[key] for key, _ in part])
    rows = [
        {
            "name": row["name"],
            "mbid": row["mbid"] or "",
            "url": url(row["artist_names"][0], "_", row["name"]),
            "artist": {"name": row["artist_names"][0], "mbid": "", "url": url(row["artist_names"][0])},
            "date": {"uts": str(at), "#text": written(at)},
            "image": IMAGES,
        }
        for row, (_, at) in zip(tracks, part, strict=True)
    ]
    return {"lovedtracks": {"track": rows, "@attr": {"user": name, **attributes}}}


def friends(call: Call) -> dict[str, Any]:
    """user.getFriends; someone without friends gets error 6, as on the real service."""
    name = _user(call)
    known = list(call.world.friends.values()) if name == call.world.listener["lastfm_user"] else []
    offset, limit, attributes = call.page(len(known), 50, 200)
    part = known[offset : offset + limit]
    if not part:
        raise Refused(INVALID_PARAMETERS, "no such page", 400)
    users = [
        {
            "name": friend["user"],
            "realname": friend["real_name"],
            "url": f"https://www.last.fm/user/{friend['user']}",
            "image": IMAGES,
            "country": "None",
            "subscriber": "0",
            "playcount": str(len(call.world.scrobbles.get(friend["user"], ()))),
            "registered": {"unixtime": str(_REGISTERED), "#text": written(_REGISTERED)},
            "type": "user",
        }
        for friend in part
    ]
    return {"friends": {"user": users, "@attr": {"user": name, **attributes}}}


def _user(call: Call) -> str:
    """The user asked about, in the spelling they registered with."""
    wanted = call.text("user").lower()
    for name in call.world.scrobbles:
        if name.lower() == wanted:
            return name
    raise Refused(INVALID_PARAMETERS, "User not found", 404)


def _scrobble(row: dict[str, Any], extended: bool, loved: bool) -> dict[str, Any]:
    return {
        **_spelled(row["artist"], row["artist_mbid"], row["track"], row["mbid"], row["album"], extended, loved),
        "date": {"uts": str(row["started"]), "#text": written(row["started"])},
    }


def _now_playing(call: Call, track_id: str, extended: bool, loved: bool) -> dict[str, Any]:
    row = call.world.catalogue.get([call.world.catalogue.row_of[track_id]])[0]
    spelled = _spelled(row["artist_names"][0], "", row["name"], row["mbid"] or "", row["album"], extended, loved)
    return {**spelled, "@attr": {"nowplaying": "true"}}


def _spelled(
    artist: str, artist_mbid: str, track: str, mbid: str, album: str, extended: bool, loved: bool
) -> dict[str, Any]:
    by: dict[str, Any] = {"mbid": artist_mbid, "#text": artist}
    if extended:
        by = {"name": artist, "mbid": artist_mbid, "url": url(artist), "image": IMAGES}
    out = {
        "artist": by,
        "streamable": "0",
        "image": IMAGES,
        "mbid": mbid,
        "album": {"mbid": "", "#text": album},
        "name": track,
        "url": url(artist, "_", track),
    }
    return {**out, "loved": "1" if loved else "0"} if extended else out
