"""ListenBrainz: listens, what was loved, recording metadata with tags, recommendations, playlists."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from . import clock, exploration
from .ids import hashed_uuid, is_uuid
from .listenbrainz_playlists import Playlists
from .scrobbles import Scrobbles
from .world import World

_MOST = 1000
_INCLUDED = {"artist", "tag", "release"}


class _Refused(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def routes(world: World) -> list[Route]:
    """The routes below `/listenbrainz/1`."""

    async def listens(request: Request) -> Any:
        name, scrobbles = _user(world, request)
        newest_allowed, oldest_allowed = (_number(request, key, None) for key in ("max_ts", "min_ts"))
        if newest_allowed is not None and oldest_allowed is not None and newest_allowed <= oldest_allowed:
            raise _Refused(400, "max_ts should be greater than min_ts")
        count = _count(request)
        low, high = scrobbles.window(None if oldest_allowed is None else oldest_allowed + 1, newest_allowed)
        after_oldest = oldest_allowed is not None and newest_allowed is None
        # Walking forward from min_ts gives the listens next to it, not the newest of all.
        offset = max(high - low - count, 0) if after_oldest else 0
        rows = scrobbles.newest(low, high, offset, count)
        started = scrobbles.started
        ends = {"latest_listen_ts": int(started[-1]), "oldest_listen_ts": int(started[0])} if len(started) else {}
        return {
            "payload": {"count": len(rows), "listens": [_listen(row, name) for row in rows], "user_id": name, **ends}
        }

    async def listen_count(request: Request) -> Any:
        return {"payload": {"count": len(_user(world, request)[1])}}

    async def feedback(request: Request) -> Any:
        name, _ = _user(world, request)
        score = request.query_params.get("score")
        if score not in (None, "0", "1", "-1"):
            raise _Refused(400, "Score can have a value of 1 or -1.")
        loved = [] if score == "-1" else world.shelf.likes
        offset, count = _number(request, "offset", 0) or 0, _count(request)
        part, catalogue = loved[offset : offset + count], world.catalogue
        tracks = catalogue.get([catalogue.row_of[key] for key, _ in part])
        rows = [
            {
                "user_id": name,
                "created": at,
                "recording_mbid": track["mbid"] or None,
                "recording_msid": hashed_uuid(f"{track['artist_names'][0]}\n{track['name']}"),
                "score": 1,
            }
            | ({"track_metadata": _named(track)} if request.query_params.get("metadata") == "true" else {})
            for track, (_, at) in zip(tracks, part, strict=True)
        ]
        return {"feedback": rows, "count": len(rows), "total_count": len(loved), "offset": offset}

    async def recommendations(request: Request) -> Any:
        name, _ = _user(world, request)
        found = world.recommended if name == world.listener["listenbrainz_user"] else []
        if not found:
            return Response(status_code=204)
        count, offset = _count(request), _number(request, "offset", 0) or 0
        part = [
            {"recording_mbid": m, "score": s, "latest_listened_at": None} for m, s in found[offset : offset + count]
        ]
        return {
            "payload": {
                "mbids": part,
                "entity": "recording",
                "user_name": name,
                "last_updated": int(world.mine.started[-1]),
                "count": len(part),
                "total_mbid_count": len(found),
                "offset": offset,
                "model_id": "sandbox",
                "model_url": "https://listenbrainz.org/",
            }
        }

    async def created_for(request: Request) -> Any:
        name, _ = _user(world, request)
        made = [{"playlist": exploration.head(world, name)}] if exploration.recordings(world) else []
        return {"playlists": made, "count": len(made), "offset": 0, "playlist_count": len(made)}

    kept = Playlists(world, _Refused)

    async def playlist(request: Request) -> Any:
        if (found := kept.whole(request)) is not None:
            return found
        if request.path_params["mbid"] != exploration.mbid(world) or not exploration.recordings(world):
            raise _Refused(404, f"Cannot find playlist: {request.path_params['mbid']}")
        return {"playlist": exploration.whole(world, world.listener["listenbrainz_user"])}

    async def radio(request: Request) -> Any:
        tags, operator = request.query_params.getlist("tag"), request.query_params.get("operator", "")
        begin, end = _number(request, "pop_begin", None), _number(request, "pop_end", None)
        if not tags or operator not in ("AND", "OR") or begin is None or end is None:
            raise _Refused(400, "tag, operator, pop_begin and pop_end are needed")
        count = _number(request, "count", None)
        if not count or count > _MOST:
            raise _Refused(400, f"count must be between 1 and {_MOST}")
        return exploration.radio(world, [tag.lower() for tag in tags], operator == "AND", begin, end, count)

    async def metadata(request: Request) -> Any:
        try:
            body = json.loads(await request.body())
        except ValueError:
            raise _Refused(400, "Cannot parse JSON document") from None
        mbids = body.get("recording_mbids") if isinstance(body, dict) else None
        if not isinstance(mbids, list) or not mbids:
            raise _Refused(400, "'recording_mbids' parameter is missing or empty")
        if len(mbids) > _MOST:
            raise _Refused(400, f"Maximum number of recordings allowed is {_MOST}")
        for mbid in mbids:
            if not isinstance(mbid, str) or not is_uuid(mbid):
                raise _Refused(400, f"Recording mbid {mbid} is not valid.")
        wanted = set(str(body.get("inc") or "").split())
        if not wanted <= _INCLUDED:
            raise _Refused(400, f"invalid inc argument '{' '.join(sorted(wanted - _INCLUDED))}'")
        return _metadata(world, mbids, wanted)

    return [
        *kept.routes(_answering),
        Route("/user/{user}/listens", _answering(listens), methods=["GET"]),
        Route("/user/{user}/listen-count", _answering(listen_count), methods=["GET"]),
        Route("/feedback/user/{user}/get-feedback", _answering(feedback), methods=["GET"]),
        Route("/cf/recommendation/user/{user}/recording", _answering(recommendations), methods=["GET"]),
        Route("/user/{user}/playlists/createdfor", _answering(created_for), methods=["GET"]),
        Route("/playlist/{mbid}", _answering(playlist), methods=["GET"]),
        Route("/lb-radio/tags", _answering(radio), methods=["GET"]),
        Route("/metadata/recording", _answering(metadata), methods=["POST"]),
    ]


def _answering(handler: Callable[[Request], Awaitable[Any]]) -> Callable[[Request], Awaitable[Response]]:
    """JSON, errors and rate headers around a handler."""

    async def endpoint(request: Request) -> Response:
        try:
            answer = await handler(request)
        except _Refused as refused:
            answer = JSONResponse({"code": refused.status, "error": refused.message}, refused.status)
        response = answer if isinstance(answer, Response) else JSONResponse(answer)
        # 30 calls in 10 s is the published rate; here every window is fresh.
        limits = {"limit": "30", "remaining": "29", "reset-in": "10", "reset": str(int(clock.now()) + 10)}
        response.headers.update({f"x-ratelimit-{key}": value for key, value in limits.items()})
        return response

    return endpoint


def _user(world: World, request: Request) -> tuple[str, Scrobbles]:
    name = request.path_params["user"]
    if name == world.listener["listenbrainz_user"]:
        return name, world.mine
    raise _Refused(404, f"Cannot find user: {name}")


def _number(request: Request, name: str, default: int | None) -> int | None:
    text = request.query_params.get(name)
    if text is None:
        return default
    if not text.isdecimal():
        raise _Refused(400, f"Invalid {name} argument: {text}")
    return int(text)


def _count(request: Request) -> int:
    count = _number(request, "count", 25) or 0
    return min(count, _MOST)


def _named(track: dict[str, Any]) -> dict[str, Any]:
    """A recording's names, as feedback shows them."""
    mapped = {"recording_mbid": track["mbid"], "artist_mbids": []} if track["mbid"] else None
    return {
        "artist_name": track["artist_names"][0],
        "track_name": track["name"],
        "release_name": track["album"],
        **({"mbid_mapping": mapped} if mapped else {}),
    }


def _listen(row: dict[str, Any], user: str) -> dict[str, Any]:
    msid = hashed_uuid(f"{row['artist']}\n{row['track']}")
    metadata: dict[str, Any] = {
        "artist_name": row["artist"],
        "track_name": row["track"],
        "release_name": row["album"] or None,
        "additional_info": {"recording_msid": msid, "submission_client": "sandbox"},
    }
    if row["mbid"]:
        artists = [row["artist_mbid"]] if row["artist_mbid"] else []
        metadata["mbid_mapping"] = {
            "recording_mbid": row["mbid"],
            "recording_name": row["track"],
            "artist_mbids": artists,
        }
    return {
        "inserted_at": row["started"],
        "listened_at": row["started"],
        "recording_msid": msid,
        "track_metadata": metadata,
        "user_name": user,
    }


def _metadata(world: World, mbids: list[str], wanted: set[str]) -> dict[str, Any]:
    """Gives what is known of each recording; unknown ones are left out."""
    catalogue = world.catalogue
    rows = {mbid: row for mbid in mbids if (row := catalogue.by_mbid.first(mbid)) is not None}
    tracks = catalogue.get(list(rows.values()))
    artists = catalogue.get_artists([catalogue.artist_row_of[track["artist_ids"][0]] for track in tracks])
    out: dict[str, Any] = {}
    for mbid, track, artist in zip(rows, tracks, artists, strict=True):
        year = int((track["release_date"] or "0")[:4]) or None
        entry: dict[str, Any] = {
            "recording": {"name": track["name"], "length": track["duration_ms"], "rels": [], "isrcs": [track["isrc"]]}
        }
        if "artist" in wanted:
            credit = {"artist_mbid": artist["mbid"], "name": artist["name"], "join_phrase": "", "rels": {}}
            entry["artist"] = {"name": artist["name"], "artists": [credit]}
        if "release" in wanted:
            entry["release"] = {"name": track["album"], "album_artist_name": artist["name"], "year": year}
            entry["release"] |= {
                "mbid": hashed_uuid(track["album_id"]),
                "release_group_mbid": hashed_uuid(track["album"]),
            }
        if "tag" in wanted:
            of_artist = [{**tag, "artist_mbid": artist["mbid"]} for tag in _tags(world, "artist", artist["id"])]
            entry["tag"] = {"artist": of_artist, "recording": _tags(world, "track", track["id"]), "release_group": []}
        out[mbid] = entry
    return out


def _tags(world: World, kind: str, key: str) -> list[dict[str, Any]]:
    """Tags with MusicBrainz's small vote counts."""
    return [{"tag": tag, "count": max(1, count // 10)} for tag, count in world.catalogue.tags(kind, key)]
