"""`/me/library`: saving, removing and asking for up to 40 URIs of any kind."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from ..ids import is_spotify_id
from .call import Call, Refused, not_found

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
