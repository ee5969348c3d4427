"""A measure of how well sessions of another person are found: those of other listeners, put into a history, and what is
proposed without.

Where names are real, as between two listeners of the same service, what both play is known. Where the names of each listener
stand for themselves, the foreign session shares artists with the listener by chance: as many plays as real listeners share.
"""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from spotify_ai_pipeline.durations import DAY, HOUR
from spotify_ai_pipeline.music.plays import foreign

MONTH_DAYS = 30.4
SHARED = 0.15
"""Share of a foreign session's artists that the listener knows; two real listeners knew 9 and 15 % of each other's plays."""
KNOWN_SONG = 0.2
"""Share of the songs by a shared artist that the listener knows as well."""
PUT_IN = 12
TRIES = 20


def judge_history(
    own: pl.DataFrame, others: list[pl.DataFrame], named: bool, rng: np.random.Generator
) -> dict[str, float]:
    """Months, proposals a month on ``own`` (ts, artist, track) as it is, sessions that were put in one by one, the share of them
    that is found, and what is found in vain beside them. ``named``: names mean the same in all histories."""
    plays, zone = _as_listens(own), ZoneInfo("UTC")
    begun, ended = own["ts"].min(), own["ts"].max()
    assert isinstance(begun, int) and isinstance(ended, int)
    months = (ended - begun) / DAY / MONTH_DAYS
    at = datetime.fromtimestamp(ended, UTC)
    natural = foreign.foreign(plays, zone, at).height
    strangers = _sessions(own, others, named, (begun, ended), rng)
    found = 0
    for session in strangers:
        mixed = pl.concat([plays, _as_listens(session)])
        since, until = session["ts"].min(), session["ts"].max()
        hit = foreign.foreign(mixed, zone, at).select("since", "until")
        found += any(
            first.timestamp() <= until and last.timestamp() >= since  # pyright: ignore[reportOperatorIssue]
            for first, last in hit.iter_rows()
        )
    return {
        "months": round(months, 1),
        "proposals a month": natural / months,
        "put in": len(strangers),
        "found": found / len(strangers) if strangers else float("nan"),
    }


def _sessions(
    own: pl.DataFrame, others: list[pl.DataFrame], named: bool, over: tuple[int, int], rng: np.random.Generator
) -> list[pl.DataFrame]:
    """Sessions of ``others`` on days of the history and at their own time of day, where the listener was silent."""
    at = np.sort(own["ts"].to_numpy())
    first, last = over[0] + foreign.LEARNT.total_seconds() + DAY, over[1] - foreign.AFTER.total_seconds() - 2 * DAY
    days = np.arange(first // DAY, last // DAY)
    made = list[pl.DataFrame]()
    for _ in range(PUT_IN * TRIES if len(days) else 0):
        if len(made) == PUT_IN:
            break
        donor = others[int(rng.integers(len(others)))]
        session = _one_session(donor, rng)
        shift = int(rng.choice(days)) * DAY - session["ts"][0] // DAY * DAY
        start, end = session["ts"][0] + shift - HOUR, session["ts"][-1] + shift + HOUR
        if np.searchsorted(at, start) == np.searchsorted(at, end):
            moved = session.with_columns(ts=(pl.col("ts") + int(shift)).cast(pl.Int64))
            made.append(moved if named else _shared(moved, own, rng))
    return made


def _one_session(donor: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """A session of at least as many plays as are judged."""
    split = donor.sort("ts").with_columns(
        sitting=(pl.col("ts").diff() > foreign.SITTING_MINUTES * 60).fill_null(False).cum_sum()
    )
    long = split.filter((pl.len() >= foreign.LEAST_PLAYS).over("sitting"))
    chosen = rng.choice(long["sitting"].unique(maintain_order=True).to_numpy())
    return long.filter(sitting=int(chosen)).select("ts", "artist", "track")


def _shared(session: pl.DataFrame, own: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """The session with names of its own, but for the share of artists and songs that the listener knows."""
    known = own.select("artist", "track").unique(maintain_order=True)
    artists = known["artist"].unique(maintain_order=True).to_numpy()
    as_known = {
        artist: str(rng.choice(artists)) if rng.random() < SHARED else f"other {artist}"
        for artist in session["artist"].unique(maintain_order=True)
    }
    rows = list[tuple[int, str, str]]()
    for ts, artist, track in session.select("ts", "artist", "track").iter_rows():
        songs = known.filter(artist=as_known[artist])["track"].to_list()
        known_song = bool(songs) and rng.random() < KNOWN_SONG
        rows.append((ts, as_known[artist], str(rng.choice(songs)) if known_song else f"other {track}"))
    return pl.DataFrame(rows, schema={"ts": pl.Int64, "artist": pl.String, "track": pl.String}, orient="row")


def _as_listens(plays: pl.DataFrame) -> pl.DataFrame:
    return plays.select(
        song_id=pl.concat_str("artist", "track", separator=" — ").str.to_lowercase(),
        artist="artist",
        artist_key=pl.col("artist").str.to_lowercase(),
        played_at=pl.from_epoch(pl.col("ts").cast(pl.Int64), time_unit="s")
        .dt.cast_time_unit("us")
        .dt.replace_time_zone("UTC"),
    )
