"""ReccoBeats: audio features by Spotify id, ISRC or its own id, and tracks near a few seeds."""

from __future__ import annotations

from typing import Any

import numpy as np
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .schema import FEATURES
from .world import World

_MOST_IDS = 40
_MOST_SEEDS = 5
_MOST_RECOMMENDED = 100


def routes(world: World) -> list[Route]:
    """The routes below `/reccobeats/v1`."""

    async def audio_features(request: Request) -> Response:
        ids = _listed(request, "ids")
        if not 1 <= len(ids) <= _MOST_IDS:
            return _refused(f"ids: size must be between 1 and {_MOST_IDS}")
        rows = world.catalogue.get(list(dict.fromkeys(row for key in ids for row in _rows(world, key))))
        return JSONResponse({"content": [_features(row) for row in rows]})

    async def recommendation(request: Request) -> Response:
        seeds, size = _listed(request, "seeds"), request.query_params.get("size", "")
        if not 1 <= len(seeds) <= _MOST_SEEDS:
            return _refused(f"seeds: size must be between 1 and {_MOST_SEEDS}")
        if not size.isdecimal() or not 1 <= int(size) <= _MOST_RECOMMENDED:
            return _refused(f"size: must be between 1 and {_MOST_RECOMMENDED}")
        rows = [row for key in seeds for row in _rows(world, key)]
        if not rows:
            return _refused("seeds: no known track", 404)
        near = world.catalogue.get(_near(world, rows, int(size)))
        return JSONResponse({"content": [_track(row) for row in near]})

    return [
        Route("/audio-features", audio_features, methods=["GET"]),
        Route("/track/recommendation", recommendation, methods=["GET"]),
    ]


def _listed(request: Request, name: str) -> list[str]:
    return [key.strip() for value in request.query_params.getlist(name) for key in value.split(",") if key.strip()]


def _rows(world: World, key: str) -> list[int]:
    """The tracks that an id of any of the three kinds stands for, if ReccoBeats knows them."""
    catalogue = world.catalogue
    if (row := catalogue.row_of.get(key)) is not None:
        rows = [row]
    else:
        rows = catalogue.by_reccobeats_id.rows(key) or catalogue.by_isrc.rows(key.upper())
    known = catalogue.tracks["reccobeats_id"]
    return [row for row in rows if known[row] is not None]


def _near(world: World, rows: list[int], size: int) -> list[int]:
    """The `size` tracks whose features are nearest the mean of `rows`, without those."""
    known, features = world.catalogue.features
    centre = features[np.searchsorted(known, rows)].mean(axis=0)
    distance = ((features - centre) ** 2).sum(axis=1)
    distance[np.searchsorted(known, rows)] = np.inf
    size = min(size, len(known) - len(rows))
    best = np.argpartition(distance, size)[:size] if size < len(known) else np.arange(size)
    return known[best[np.argsort(distance[best], kind="stable")]].tolist()


def _features(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": row["reccobeats_id"],
        "href": f"https://open.spotify.com/track/{row['id']}",
        "isrc": row["isrc"],
        **{name: row[name] for name in FEATURES},
    }


def _track(row: dict[str, Any]) -> dict[str, Any]:
    pairs = zip(row["artist_ids"], row["artist_names"], strict=True)
    artists = [{"id": key, "name": name, "href": f"https://open.spotify.com/artist/{key}"} for key, name in pairs]
    return {
        "id": row["reccobeats_id"],
        "trackTitle": row["name"],
        "artists": artists,
        "durationMs": row["duration_ms"],
        "isrc": row["isrc"],
        "href": f"https://open.spotify.com/track/{row['id']}",
        "popularity": row["popularity"],
    }


def _refused(message: str, status: int = 400) -> Response:
    code = {400: 4001, 404: 4041}[status]
    return JSONResponse({"status": code, "error": message}, status)
