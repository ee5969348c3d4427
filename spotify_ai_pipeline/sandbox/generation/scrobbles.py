"""The made-up plays as they look on Last.fm: mostly as the catalogue spells them, sometimes not."""

from __future__ import annotations

from typing import Any

import numpy as np

from .catalogue import Made
from .listener import Plays
from .names import SUFFIXES


def columns(rng: np.random.Generator, made: Made, plays: Plays) -> dict[str, Any]:
    """Columns of the table `plays`. Some 3 % are spelled another way, a tenth carry no mbid, a few share a second."""
    rows = plays.track.tolist()
    main = made.artist[plays.track].tolist()
    artist = [made.artist_name[a] for a in main]
    track = [made.title[r] for r in rows]
    no_mbid = (rng.random(len(rows)) < 0.1).tolist()

    # A player spells a song one way for as long as it is used: the song decides, not the play.
    spelling = rng.random(len(made.ids)) < 0.03
    for at in np.flatnonzero(spelling[plays.track]).tolist():
        artist[at], track[at] = _respell(artist[at], track[at], rows[at])

    started = plays.started.copy()
    same = np.flatnonzero(rng.random(len(rows) - 1) < 0.002)
    started[same + 1] = started[same]
    order = np.argsort(started, kind="stable")
    out = {
        "started": started,
        "track_id": [made.ids[r] for r in rows],
        "ms_played": plays.ms_played,
        "artist": artist,
        "track": track,
        "album": [made.album_title[r] for r in rows],
        "mbid": ["" if blank else made.mbids[r] or "" for r, blank in zip(rows, no_mbid, strict=True)],
        "artist_mbid": [made.artist_mbids[a] or "" for a in main],
    }
    return {name: _take(values, order) for name, values in out.items()}


def _respell(artist: str, track: str, row: int) -> tuple[str, str]:
    """The song `row` as another player spells it."""
    if " (feat. " in track:
        bare, guest = track.removesuffix(")").split(" (feat. ", 1)
        return (f"{artist} feat. {guest}", bare) if row % 2 else (artist, f"{bare} ft. {guest}")
    if any(track.endswith(suffix) for suffix in SUFFIXES):
        return artist, next(track.removesuffix(suffix) for suffix in SUFFIXES if track.endswith(suffix))
    if row % 3 == 0:
        return artist, track.upper()
    if row % 3 == 1:
        return artist, f"{track} - Remastered"
    return artist.lower(), track.lower()


def _take(values: Any, order: np.ndarray) -> Any:
    return values[order] if isinstance(values, np.ndarray) else [values[i] for i in order.tolist()]
