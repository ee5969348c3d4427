"""The things that ListenBrainz makes for a user beyond plain recommendations: the weekly playlist to explore, and radio
by tag."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from .ids import hashed_uuid
from .world import World

_SONGS = 50
_JSPF_LIST, _JSPF_TRACK = ("https://musicbrainz.org/doc/jspf#" + kind for kind in ("playlist", "track"))


def mbid(world: World) -> str:
    """The playlist's id."""
    return hashed_uuid(f"weekly-exploration {world.listener['listenbrainz_user']}")


def recordings(world: World) -> list[str]:
    """Its recordings: every third that the crowd recommends, so that it is another list than the recommendations."""
    return [recording for recording, _ in world.recommended[2::3]][:_SONGS]


def head(world: World, user: str) -> dict[str, Any]:
    """The playlist without its tracks, made on the Monday before the last play."""
    last = datetime.fromtimestamp(int(world.mine.started[-1]), UTC)
    monday = (last - timedelta(days=last.weekday())).replace(hour=0, minute=30, second=0)
    made_by = {"algorithm_metadata": {"source_patch": "weekly-exploration"}}
    return {
        "identifier": f"https://listenbrainz.org/playlist/{mbid(world)}",
        "title": f"Weekly Exploration for {user}, week of {monday:%Y-%m-%d} Mon",
        "creator": "listenbrainz",
        "date": monday.isoformat(),
        "extension": {_JSPF_LIST: {"created_for": user, "public": True, "additional_metadata": made_by}},
        "track": [],
    }


def whole(world: World, user: str) -> dict[str, Any]:
    """The playlist with its tracks."""
    catalogue = world.catalogue
    rows = [row for key in recordings(world) if (row := catalogue.by_mbid.first(key)) is not None]
    tracks = [
        {
            "identifier": [f"https://musicbrainz.org/recording/{row['mbid']}"],
            "creator": row["artist_names"][0],
            "title": row["name"],
            "album": row["album"],
            "extension": {_JSPF_TRACK: {"added_by": "listenbrainz"}},
        }
        for row in catalogue.get(rows)
    ]
    return {**head(world, user), "track": tracks}


def radio(world: World, tags: list[str], every: bool, begin: int, end: int, count: int) -> list[dict[str, Any]]:
    """Recordings whose tracks bear the tags, between two percentiles of popularity, spread over that range."""
    catalogue = world.catalogue
    wanted = all if every else any
    found: list[tuple[int, int, str]] = []
    for key in catalogue.tagged_tracks:
        counts = dict(catalogue.tags("track", key))
        if wanted(tag in counts for tag in tags):
            row = catalogue.row_of[key]
            if recording := catalogue.tracks["mbid"][row]:
                found.append((catalogue.tracks["popularity"][row], max(counts.get(tag, 0) for tag in tags), recording))
    found.sort(reverse=True)
    part = found[len(found) * (100 - end) // 100 : len(found) * (100 - begin) // 100]
    step = max(len(part) // count, 1)
    return [
        {"recording_mbid": recording, "tag_count": votes, "percent": round(100 - 100 * place / max(len(found), 1), 1)}
        | {"source": "recording"}
        for place, (_, votes, recording) in list(enumerate(part))[::step][:count]
    ]
