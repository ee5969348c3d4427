"""The default world: one made-up listener in a made-up catalogue, from a seed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from . import clock, schema
from .errors import WorldError
from .folder import whole
from .generation import catalogue as made_catalogue
from .generation import crowd, genres, library, listener, scrobbles
from .generation.catalogue import Made
from .ids import hashed_id

_YEAR = 365.25 * 86_400
_LIKED_SHARE = 0.6


def generate(
    out: Path, *, seed: int = 1, songs: int = 8000, catalogue: int = 40_000, plays: int = 100_000, years: float = 4,
    end: datetime | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Writes a world of `songs` library songs in a catalogue of `catalogue` track ids, with `plays` scrobbles.

    The scrobbles span `years` and end within the hours before `end` (default now). The same seed, sizes and end make
    the same world. Returns what `world.json` says. Raises WorldError for sizes that do not fit, OSError from the disk;
    then nothing is left behind.
    """
    if not (50 <= songs <= catalogue * 3 // 4 and plays >= songs // 4 and plays >= 100 and years > 0):
        raise WorldError(
            f"No world of {songs} songs in a catalogue of {catalogue} with {plays} plays over {years} years: it takes "
            "50 songs or more, at most three quarters of the catalogue, 100 plays or more, a play for every four songs."
        )
    moment = (end or clock.utc_now()).astimezone(UTC).replace(microsecond=0)
    tables, about = _build(seed, songs, catalogue, plays, years, moment)
    with whole(Path(out)) as folder:
        schema.write(folder, tables, about)
    return about


def _build(
    seed: int, songs: int, catalogue: int, plays: int, years: float, moment: datetime
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The tables and the description of the world."""
    rng = np.random.default_rng(seed)
    end = int(moment.timestamp())
    first = end - int(years * _YEAR)
    made = made_catalogue.make(rng, catalogue, np.datetime64(moment.date()))
    love = listener.taste(rng, made, max(1, round(years * 12)))
    kept, beyond = library.choose(rng, made, love, songs)
    heard = listener.play(rng, made, np.concatenate([kept, beyond]), love, first=first, end=end, plays=plays)
    liked = np.sort(rng.choice(kept, round(_LIKED_SHARE * songs), replace=False))
    listed = np.setdiff1d(kept, liked)
    lists, items = library.playlists(rng, made, listed, liked, heard, first)
    friends, friend_plays = library.friends(rng, made, heard, end)
    likes = library.likes(rng, made, liked, heard, first)
    columns = {
        "catalogue": _catalogue_columns(made, library.taken_down(made, listed)),
        "artists": _artist_columns(made, love),
        "plays": scrobbles.columns(rng, made, heard),
        "likes": likes,
        "playlists": lists,
        "playlist_items": items,
        "friends": friends,
        "friend_plays": friend_plays,
        "tags": crowd.tags(rng, made),
        "similar": crowd.similar(made),
    }
    tables = {name: schema.table(name, values) for name, values in columns.items()}
    about = {
        "format": schema.FORMAT,
        "kind": "generated",
        "seed": seed,
        "listener": library.LISTENER,
        "now_playing": made.ids[int(heard.track[-2])],
        "built_at": moment.isoformat(),
        "first_play": datetime.fromtimestamp(int(heard.started[0]), UTC).isoformat(),
        "last_play": datetime.fromtimestamp(int(heard.started[-1]), UTC).isoformat(),
        "shifted_weeks": 0,
        "counts": {"library": songs, "scrobbles": plays} | {name: len(frame) for name, frame in tables.items()},
    }
    return tables, about


def _catalogue_columns(made: Made, gone: int) -> dict[str, Any]:
    guests = made.guest.tolist()
    pairs = [[a] if g < 0 else [a, g] for a, g in zip(made.artist.tolist(), guests, strict=True)]
    days = np.datetime_as_string(made.release).tolist()
    years = made.release.astype("datetime64[Y]").astype(np.int64) + 1970
    # Old records are often dated by the year alone.
    dates = [
        day[:4] if y < 1985 and row % 2 else day for row, (day, y) in enumerate(zip(days, years.tolist(), strict=True))
    ]
    known = np.array([i is not None for i in made.reccobeats_ids])
    album_ids = _album_ids(made)
    out: dict[str, Any] = {
        "id": made.ids,
        "name": made.title,
        "artist_ids": [[made.artist_ids[a] for a in pair] for pair in pairs],
        "artist_names": [[made.artist_name[a] for a in pair] for pair in pairs],
        "album_id": album_ids,
        "album": made.album_title,
        "album_type": ["single" if s else "album" for s in made.single.tolist()],
        "release_date": dates,
        "disc_number": np.ones(len(made.ids), np.int64),
        "track_number": made.track_number,
        "duration_ms": made.duration_ms,
        "isrc": made.isrcs,
        "explicit": made.features[:, 5] > 0.2,
        "popularity": made.popularity,
        "playable": np.arange(len(made.ids)) != gone,
        "mbid": made.mbids,
        "reccobeats_id": made.reccobeats_ids,
    }
    for column, values in zip(genres.FEATURES, made.features.T, strict=True):
        out[column] = _where(known, np.round(values, 4))
    pitch = (made.duration_ms // 7) % 13 - 1
    out["key"] = _where(known, pitch)
    out["mode"] = _where(known, (made.features[:, 6] > 0.35).astype(np.int64))
    return out


def _artist_columns(made: Made, love: np.ndarray) -> dict[str, Any]:
    followed = np.zeros(len(made.artist_ids), bool)
    followed[np.argsort(-love.mean(axis=0), kind="stable")[: max(4, len(followed) // 40)]] = True
    pairs = zip(made.artist_genre.tolist(), made.artist_second_genre.tolist(), strict=True)
    return {
        "id": made.artist_ids,
        "name": made.artist_name,
        "mbid": made.artist_mbids,
        "genres": [list(dict.fromkeys((genres.NAMES[a], genres.NAMES[b]))) for a, b in pairs],
        "popularity": made.artist_popularity,
        "followed": followed,
    }


def _album_ids(made: Made) -> list[str]:
    number = made.album.tolist()
    ids = [hashed_id(f"{made.artist_ids[0]} album {k}") for k in range(max(number) + 1)]
    return [ids[k] for k in number]


def _where(known: np.ndarray, values: np.ndarray) -> list[Any]:
    """Values as a list, None where not known."""
    return [v if k else None for v, k in zip(values.tolist(), known.tolist(), strict=True)]


_SHARPNESS, _BIAS, _OWN = 1.5, -3.0, 0.7
"""Log odds of a yes: how much the artist is loved (in standard deviations over the catalogue), where nothing is known, and
what lies in the song alone and nobody can foresee."""


@dataclass(frozen=True)
class KnownTaste:
    """The tables of a world (see ``schema.TABLES``), and for each row of its catalogue the chance that the listener says yes."""

    tables: dict[str, pl.DataFrame]
    yes: np.ndarray  # (n,)


def known_taste(seed: int, *, songs: int, catalogue: int, plays: int, years: float, end: datetime) -> KnownTaste:
    """The world that ``generate`` writes for the same arguments, and its truth at the end of the history."""
    tables, _ = _build(seed, songs, catalogue, plays, years, end)
    rng = np.random.default_rng(seed)  # the same draws in the same order as there: catalogue, then taste
    made = made_catalogue.make(rng, catalogue, np.datetime64(end.date()))
    love = listener.taste(rng, made, max(1, round(years * 12)))[-1][made.artist]
    own = np.random.default_rng([seed, 1]).normal(0, _OWN, len(love))
    likes = love > -5  # those that nobody loves (karaoke) are no measure
    standard = (love - love[likes].mean()) / love[likes].std()
    return KnownTaste(tables, 1 / (1 + np.exp(-(_SHARPNESS * standard + _BIAS + own))))
