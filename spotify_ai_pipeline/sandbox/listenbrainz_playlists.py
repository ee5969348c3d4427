"""The playlists of a ListenBrainz user, by the published source of its server: JSPF in and out, edits by place.

They are kept in `WORLD/listenbrainz.sqlite`, so that a restart continues where the last answer left off. The listener's token is
their user name; any other is refused.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from . import clock
from .ids import hashed_uuid, is_uuid
from .shelf import Item
from .world import World

MOST_ADDED = 100
_RECORDING, _PLAYLIST = "https://musicbrainz.org/recording/", "https://listenbrainz.org/playlist/"
_JSPF_LIST, _JSPF_TRACK = ("https://musicbrainz.org/doc/jspf#" + kind for kind in ("playlist", "track"))
_EXPORTED = ("spotify", "apple_music", "soundcloud")
_LINKED = "spotify"
"""The one service to which the world's listener is linked there."""
_TABLE = """CREATE TABLE IF NOT EXISTS playlist (
    mbid TEXT PRIMARY KEY, title TEXT NOT NULL, annotation TEXT NOT NULL, public INTEGER NOT NULL, created REAL NOT NULL,
    changed REAL NOT NULL, recordings TEXT NOT NULL
) STRICT"""

Handler = Callable[[Request], Awaitable[Any]]
Refuse = Callable[[int, str], Exception]


class Playlists:
    """The playlists of the world's listener. Every change is committed when a method returns."""

    def __init__(self, world: World, refuse: Refuse) -> None:
        self._world, self._refuse, self._user = world, refuse, world.listener["listenbrainz_user"]
        self._db = sqlite3.connect(world.path / "listenbrainz.sqlite", isolation_level=None, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        self._db.execute(_TABLE)

    def routes(self, answering: Callable[[Handler], Any]) -> list[Route]:
        """The routes that write, and the list of the user's playlists."""
        posts = {
            "create": self.create,
            "{mbid}/item/add/{offset:int}": self.add,
            "{mbid}/item/add": self.add,
            "{mbid}/item/move": self.move,
            "{mbid}/item/delete": self.delete,
            "{mbid}/delete": self.delete_list,
            "edit/{mbid}": self.edit,
            "{mbid}/export/{service}": self.export,
        }
        made = [Route(f"/playlist/{path}", answering(handler), methods=["POST"]) for path, handler in posts.items()]
        return [
            *made,
            Route("/validate-token", answering(self.validate), methods=["GET"]),
            Route("/user/{user}/playlists", answering(self.listed), methods=["GET"]),
        ]

    async def validate(self, request: Request) -> Any:
        if request.headers.get("authorization") != f"Token {self._user}":
            return {"code": 200, "message": "Token invalid.", "valid": False}
        return {"code": 200, "message": "Token valid.", "valid": True, "user_name": self._user}

    async def create(self, request: Request) -> Any:
        self._authorized(request)
        about = self._playlist_of(await self._body(request))
        if not about.get("title"):
            raise self._refuse(400, "JSPF playlist must contain a title element with the title of the playlist.")
        public = (about.get("extension") or {}).get(_JSPF_LIST, {}).get("public")
        if not isinstance(public, bool):
            raise self._refuse(400, f"JSPF playlist.extension.{_JSPF_LIST}.public field must be given.")
        (made,) = self._db.execute("SELECT count(*) FROM playlist").fetchone()
        mbid, now = hashed_uuid(f"playlist {self._user} {made} {clock.now()}"), clock.now()
        row = (mbid, about["title"], about.get("annotation") or "", public, now, now, json.dumps(self._tracks(about)))
        self._db.execute("INSERT INTO playlist VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        return {"status": "ok", "playlist_mbid": mbid}

    async def listed(self, request: Request) -> Any:
        if request.path_params["user"] != self._user:
            raise self._refuse(404, f"Cannot find user: {request.path_params['user']}")
        private = request.headers.get("authorization") == f"Token {self._user}"
        count, offset = (
            int(request.query_params.get(name, default)) for name, default in (("count", 25), ("offset", 0))
        )
        rows = self._db.execute("SELECT * FROM playlist WHERE public OR ? ORDER BY created DESC", (private,)).fetchall()
        part = [{"playlist": self._head(row) | {"track": []}} for row in rows[offset : offset + count]]
        return {"playlists": part, "count": len(part), "offset": offset, "playlist_count": len(rows)}

    def whole(self, request: Request) -> dict[str, Any] | None:
        """A playlist with its recordings; None where there is none of this id. A private one is shown to its owner alone."""
        row = self._row(request.path_params["mbid"])
        if row is None:
            return None
        if not row["public"]:
            self._authorized(request)
        named = request.query_params.get("fetch_metadata") != "false"
        tracks = [self._track(recording, named=named) for recording in json.loads(row["recordings"])]
        return {"playlist": self._head(row) | {"track": tracks}}

    async def add(self, request: Request) -> Any:
        row = self._own(request)
        tracks = self._tracks(self._playlist_of(await self._body(request)))
        if len(tracks) > MOST_ADDED:
            raise self._refuse(400, f"You may only add max {MOST_ADDED} recordings per call.")
        there = json.loads(row["recordings"])
        at = request.path_params.get("offset", len(there))
        return self._keep(row, [*there[:at], *tracks, *there[at:]])

    async def move(self, request: Request) -> Any:
        row, body = self._own(request), await self._body(request)
        if not {"mbid", "from", "to", "count"} <= body.keys() or not is_uuid(str(body["mbid"])):
            raise self._refuse(
                400, "post data for a move instruction must include the keys 'from', 'to', 'count' and 'mbid'."
            )
        start, to, count = (self._place(body[name]) for name in ("from", "to", "count"))
        there = json.loads(row["recordings"])
        moved, rest = there[start : start + count], there[:start] + there[start + count :]
        return self._keep(row, [*rest[:to], *moved, *rest[to:]])

    async def delete(self, request: Request) -> Any:
        row, body = self._own(request), await self._body(request)
        if not {"index", "count"} <= body.keys():
            raise self._refuse(400, "post data for a remove instruction must include the keys 'index' and 'count'.")
        start, count = self._place(body["index"]), self._place(body["count"])
        there = json.loads(row["recordings"])
        if count < 1 or start >= len(there):
            raise self._refuse(500, "Failed to deleting recordings from the playlist. Please try again.")
        return self._keep(row, there[:start] + there[start + count :])

    async def edit(self, request: Request) -> Any:
        row, about = self._own(request), self._playlist_of(await self._body(request))
        public = (about.get("extension") or {}).get(_JSPF_LIST, {}).get("public", row["public"])
        self._db.execute(
            "UPDATE playlist SET title = ?, annotation = ?, public = ?, changed = ? WHERE mbid = ?",
            (
                about.get("title") or row["title"],
                about.get("annotation", row["annotation"]),
                public,
                max(clock.now(), row["changed"] + 1e-6),
                row["mbid"],
            ),
        )
        return {"status": "ok"}

    async def delete_list(self, request: Request) -> Any:
        row = self._own(request)
        self._db.execute("DELETE FROM playlist WHERE mbid = ?", (row["mbid"],))
        return {"status": "ok"}

    async def export(self, request: Request) -> Any:
        """A new playlist on another service, each time; recordings that are not there are left out of it."""
        self._authorized(request)
        service = request.path_params["service"]
        if not is_uuid(request.path_params["mbid"]):
            raise self._refuse(400, "Provided playlist ID is invalid.")
        if service not in _EXPORTED:
            named = "'spotify', 'apple_music', 'soundcloud'"
            raise self._refuse(400, f"Service {service} is not supported. Supported services are: {named}.")
        if service != _LINKED:
            raise self._refuse(400, f"Service {service} is not linked. Please link your {service} account first.")
        row, world = self._own(request), self._world
        public, me = request.query_params.get("is_public", "true") == "true", world.listener["id"]
        found = (world.catalogue.by_mbid.first(one) for one in json.loads(row["recordings"]))
        tracks = world.catalogue.get([one for one in found if one is not None])
        owner = (me, world.listener["display_name"])
        made = world.shelf.create(row["title"], row["annotation"], owner, public=public, collaborative=False)
        now = int(clock.now())
        world.shelf.rearrange(made.id, [Item(0, "track", track["id"], None, None, now, me) for track in tracks])
        return {"external_url": f"https://open.spotify.com/playlist/{made.id}"}

    def _keep(self, row: sqlite3.Row, recordings: list[str]) -> Any:
        changed = max(clock.now(), row["changed"] + 1e-6)
        self._db.execute(
            "UPDATE playlist SET recordings = ?, changed = ? WHERE mbid = ?",
            (json.dumps(recordings), changed, row["mbid"]),
        )
        return {"status": "ok"}

    def _authorized(self, request: Request) -> None:
        said = request.headers.get("authorization", "")
        if not said:
            raise self._refuse(401, "You need to provide an Authorization header.")
        if said != f"Token {self._user}":
            raise self._refuse(401, "Invalid authorization token.")

    def _own(self, request: Request) -> sqlite3.Row:
        self._authorized(request)
        mbid = request.path_params["mbid"]
        if not is_uuid(mbid):
            raise self._refuse(400, "Provided playlist ID is invalid.")
        if (row := self._row(mbid)) is None:
            raise self._refuse(404, f"Cannot find playlist: {mbid}")
        return row

    def _row(self, mbid: str) -> sqlite3.Row | None:
        return self._db.execute("SELECT * FROM playlist WHERE mbid = ?", (mbid,)).fetchone()

    async def _body(self, request: Request) -> dict[str, Any]:
        try:
            body = json.loads(await request.body())
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise self._refuse(400, "Cannot parse JSON document")
        return body

    def _playlist_of(self, body: dict[str, Any]) -> dict[str, Any]:
        about = body.get("playlist")
        if not isinstance(about, dict):
            raise self._refuse(400, "JSPF playlist must contain a playlist element.")
        return about

    def _tracks(self, about: dict[str, Any]) -> list[str]:
        """The recordings of a JSPF playlist: an identifier is an address, or a list of addresses."""
        found: list[str] = []
        for place, track in enumerate(about.get("track") or []):
            said = track.get("identifier") or []
            links = [said] if isinstance(said, str) else said
            keys = [link.removeprefix(_RECORDING) for link in links if link.startswith(_RECORDING)]
            if not keys or not is_uuid(keys[0]):
                raise self._refuse(400, f"JSPF playlist track {place} must contain an identifier with recording MBID.")
            found.append(keys[0])
        return found

    def _place(self, value: object) -> int:
        if not isinstance(value, int) or value < 0:
            raise self._refuse(400, "places and counts must all be positive integers.")
        return value

    def _head(self, row: sqlite3.Row) -> dict[str, Any]:
        about = {
            "public": bool(row["public"]),
            "creator": self._user,
            "last_modified_at": _written(row["changed"]),
        }
        return {
            "identifier": _PLAYLIST + row["mbid"],
            "title": row["title"],
            "annotation": row["annotation"],
            "creator": self._user,
            "date": _written(row["created"]),
            "extension": {_JSPF_LIST: about},
        }

    def _track(self, recording: str, *, named: bool) -> dict[str, Any]:
        about: dict[str, Any] = {
            "identifier": [_RECORDING + recording],
            "extension": {_JSPF_TRACK: {"added_by": self._user, "additional_metadata": {}}},
        }
        catalogue = self._world.catalogue
        if named and (row := catalogue.by_mbid.first(recording)) is not None:
            track = catalogue.get([row])[0]
            about |= {"title": track["name"], "creator": track["artist_names"][0], "album": track["album"]}
        return about


def _written(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()
