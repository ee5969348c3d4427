"""Deezer and iTunes as far as previews and covers go: where a song's sound is, and the sound, made from its features.

A preview is a chord in the song's key and mode with clicks in its tempo, as loud as it is said to be: who measures it finds
them again. It is a WAV, which every decoder reads; the real ones are MP3 and AAC.
"""

from __future__ import annotations

import io
import struct
import wave
import zlib
from typing import Any

import numpy as np
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .world import World

RATE = 22_050
SECONDS = 12
_MIDDLE_C = 261.63
_SIDE = 100
"""Pixels of a cover."""


def deezer_routes(world: World) -> list[Route]:
    """The routes below `/deezer`."""

    async def by_isrc(request: Request) -> Response:
        row = world.catalogue.by_isrc.first(request.path_params["isrc"].upper())
        if row is None:
            return JSONResponse({"error": {"type": "DataException", "message": "no data", "code": 800}})
        track = world.catalogue.get([row])[0]
        return JSONResponse(
            {
                "id": row + 1,
                "title": track["name"],
                "isrc": track["isrc"],
                "duration": track["duration_ms"] // 1000,
                "preview": _address(request, "deezer", track) if _published(track) else "",
                "album": {"title": track["album"], "cover_medium": _cover_address(request, "deezer", track)},
                "bpm": 0,
                "gain": -8.0,
            }
        )

    return [
        Route("/track/isrc:{isrc}", by_isrc, methods=["GET"]),
        Route("/preview/{id}.wav", _preview(world), methods=["GET"]),
        Route("/cover/{id}.png", _cover, methods=["GET"]),
    ]


def itunes_routes(world: World) -> list[Route]:
    """The routes below `/itunes`."""

    async def search(request: Request) -> Response:
        term, limit = request.query_params.get("term", ""), int(request.query_params.get("limit", "50"))
        rows = world.search.tracks(term)[:limit]
        found = [
            {
                "trackName": track["name"],
                "artistName": track["artist_names"][0],
                "trackTimeMillis": track["duration_ms"],
                "artworkUrl100": _cover_address(request, "itunes", track),
                **({"previewUrl": _address(request, "itunes", track)} if _published(track) else {}),
            }
            for track in world.catalogue.get(rows)
        ]
        return JSONResponse({"resultCount": len(found), "results": found})

    return [
        Route("/search", search, methods=["GET"]),
        Route("/preview/{id}.wav", _preview(world), methods=["GET"]),
        Route("/cover/{id}.png", _cover, methods=["GET"]),
    ]


def _preview(world: World) -> Any:
    async def endpoint(request: Request) -> Response:
        row = world.catalogue.row_of.get(request.path_params["id"])
        if row is None:
            return Response(status_code=404)
        return Response(sound(world.catalogue.get([row])[0]), media_type="audio/wav")

    return endpoint


def sound(track: dict[str, Any]) -> bytes:
    """A WAV of what the features of `track` say; of what they do not, of anything."""
    rng = np.random.default_rng(zlib.crc32(track["id"].encode()))
    known = track["tempo"] is not None
    key, mode = (max(track["key"], 0), track["mode"]) if known else (int(rng.integers(12)), int(rng.integers(2)))
    tempo, loudness = (track["tempo"], track["loudness"]) if known else (rng.uniform(80, 160), rng.uniform(-16, -6))
    times = np.arange(SECONDS * RATE) / RATE
    third = 4 if mode else 3
    chord = sum(np.sin(2 * np.pi * _MIDDLE_C * 2 ** ((key + step) / 12) * times) for step in (0, third, 7))
    clicks = np.exp(-(times % (60 / tempo)) * 60) * rng.standard_normal(len(times))
    whole = 0.3 * chord + 2 * clicks
    whole *= 10 ** (loudness / 20) / np.sqrt((whole**2).mean())
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((np.clip(whole, -1, 1) * 32_767).astype("<i2").tobytes())
    return out.getvalue()


async def _cover(request: Request) -> Response:
    return Response(cover(request.path_params["id"]), media_type="image/png")


def cover(album: str) -> bytes:
    """A PNG of two shades in rings, of an album's own."""
    rng = np.random.default_rng(zlib.crc32(album.encode()))
    across = np.arange(_SIDE) - _SIDE / 2
    middle = rng.uniform(-_SIDE / 3, _SIDE / 3, 2)
    rings = np.sin(np.hypot(across[:, None] - middle[0], across - middle[1]) / rng.uniform(4, 12)) > 0
    shades = rng.integers(30, 226, (2, 3))
    rows = np.where(rings[..., None], *shades).astype(np.uint8).reshape(_SIDE, -1)
    lines = b"".join(b"\0" + row.tobytes() for row in rows)

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", _SIDE, _SIDE, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")


def _published(track: dict[str, Any]) -> bool:
    """Some publishers show nothing."""
    return zlib.crc32(track["id"].encode()) % 7 != 0


def _cover_address(request: Request, service: str, track: dict[str, Any]) -> str:
    return f"{request.base_url.scheme}://{request.base_url.netloc}/{service}/cover/{track['album_id']}.png"


def _address(request: Request, service: str, track: dict[str, Any]) -> str:
    return f"{request.base_url.scheme}://{request.base_url.netloc}/{service}/preview/{track['id']}.wav"
