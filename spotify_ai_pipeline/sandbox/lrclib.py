"""LRCLIB: words made up from a song's tags; some songs are instrumental, and of some nobody wrote the words down."""

from __future__ import annotations

import random
import zlib
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .catalogue import name_key
from .world import World

_UNKNOWN = 0.25
_INSTRUMENTAL = 0.5
"""Songs whose ``instrumentalness`` is above have no words."""
_LINES = 12
_ALWAYS = "you me night time never always again tell away know"
_THEMES = {
    "rock": "road engine fire thunder wheels street shout town dust gasoline",
    "pop": "heart kiss dance summer phone mirror lights crush weekend smile",
    "folk": "river valley mother harvest winter barn letter meadow horse stone",
    "metal": "blood grave steel storm wrath ashes war throne wolves bones",
    "hip": "hustle block money mic crew flow cash crown city struggle",
    "soul": "baby sugar please sweet honey tender believe forgive mercy home",
    "house": "bassline hands floor rhythm body move higher feel release strobe",
}


def routes(world: World) -> list[Route]:
    """The routes below `/lrclib/api`."""

    async def get(request: Request) -> Response:
        artist, title = request.query_params.get("artist_name", ""), request.query_params.get("track_name", "")
        if not artist or not title:
            return _refused("ValidationError", "track_name and artist_name are required", 400)
        row = world.catalogue.by_name.first(name_key(artist, title))
        found = None if row is None else _lyrics(world, world.catalogue.get([row])[0])
        return JSONResponse(found) if found else _refused("TrackNotFound", "Failed to find specified track", 404)

    return [Route("/get", get, methods=["GET"])]


def _lyrics(world: World, track: dict[str, Any]) -> dict[str, Any] | None:
    number = zlib.crc32(track["id"].encode())
    rng = random.Random(number)
    if rng.random() < _UNKNOWN:
        return None
    instrumental = (track["instrumentalness"] or 0) > _INSTRUMENTAL
    lines = [] if instrumental else [" ".join(rng.choices(_words(world, track), k=7)) for _ in range(_LINES)]
    stamped = [f"[00:{10 + 3 * place:02d}.00] {line}" for place, line in enumerate(lines)]
    return {
        "id": number,
        "name": track["name"],
        "trackName": track["name"],
        "artistName": track["artist_names"][0],
        "albumName": track["album"],
        "duration": track["duration_ms"] / 1000,
        "instrumental": instrumental,
        # now and then only the form with stamps is there
        "plainLyrics": "\n".join(lines) if lines and rng.random() < 0.9 else None,
        "syncedLyrics": "\n".join(stamped) if lines else None,
    }


def _words(world: World, track: dict[str, Any]) -> list[str]:
    """Words of the first theme that a tag of the song or its artist names, and some that are in every song."""
    catalogue = world.catalogue
    tags = [tag for tag, _ in catalogue.tags("track", track["id"]) + catalogue.tags("artist", track["artist_ids"][0])]
    theme = next((theme for tag in tags for theme in _THEMES if theme in tag), "pop")
    return f"{_THEMES[theme]} {_THEMES[theme]} {_ALWAYS}".split()


def _refused(name: str, message: str, status: int) -> Response:
    return JSONResponse({"statusCode": status, "name": name, "message": message}, status)
