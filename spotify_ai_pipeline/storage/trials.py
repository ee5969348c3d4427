"""The queue as discovery reads it: songs that are kept away, what answers and trials say, and what is on a playlist."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from spotify_ai_pipeline.durations import DAY
from spotify_ai_pipeline.music.discovery.bandit import OUTCOMES
from spotify_ai_pipeline.music.discovery.dedupe import Refused
from spotify_ai_pipeline.storage.playlists import ADVENTURE, MIX
from spotify_ai_pipeline.storage.queue import DISCOVERY, EXPIRED_DAYS, advance
from spotify_ai_pipeline.storage.state import State
from spotify_ai_pipeline.storage.verdicts import HOLDING, standing

YES, NO = {"approve", "more"}, {"reject", "fewer"}
"""Verdicts that say something of taste; a wrong version or "not now" does not."""
MORE_SAYS = 2.0
"""Weight of "more like this" beside an approval."""
TRIAL_SAYS = 0.5
"""Weight of a trial that was heard, or skipped away, beside a verdict."""


@dataclass(frozen=True)
class OnTrial:
    """An item whose song stands, or stood, on a playlist since ``trial_at`` (UTC seconds)."""

    item_id: int
    song_id: str
    track_id: str
    status: str
    trial_at: float


def on_trial(state: State) -> list[OnTrial]:
    rows = state.rows(
        "SELECT item_id, song_id, track_id, status, trial_at FROM queue WHERE status IN ('trial', 'asked')"
    )
    return [OnTrial(**dict(row)) for row in rows]


@dataclass(frozen=True)
class Ended:
    """A trial that came to nothing, and why in words."""

    song_id: str
    track_id: str
    title: str
    artist: str
    why: str


def ended(state: State, since: float) -> list[Ended]:
    """The trials that came to nothing since that moment (UTC seconds), the latest last."""
    rows = state.rows(
        "SELECT song_id, track_id, title, artist, why FROM queue JOIN queue_steps USING (item_id)"
        " WHERE queue.status = 'expired' AND queue_steps.status = 'expired' AND trial_at IS NOT NULL AND decided_at >= ?"
        " ORDER BY at",
        (since,),
    )
    return [Ended(**dict(row)) for row in rows]


def refused(state: State, now: float) -> list[Refused]:
    """Songs that a standing verdict or a trial that came to nothing keeps away at ``now``, and those that are asked about."""
    verdicts = {song: verdict for song, verdict in standing(state, now).items() if verdict not in HOLDING}
    rows = state.rows("SELECT song_id, track_id, artist, title, status, decided_at FROM queue")
    waiting = {row["song_id"] for row in rows if row["status"] in ("pending", "trial", "asked")}
    since = now - EXPIRED_DAYS * DAY
    expired = {row["song_id"] for row in rows if row["status"] == "expired" and (row["decided_at"] or 0) > since}
    said = dict.fromkeys(expired, "expired") | dict.fromkeys(waiting, "asked") | verdicts
    named = {row["song_id"]: row for row in rows if row["song_id"] in said}
    return [Refused(song, row["track_id"], row["artist"], row["title"], said[song]) for song, row in named.items()]


def outcomes(state: State, now: float) -> pl.DataFrame:
    """Gives what answers and trials say of sources and regions (``OUTCOMES``), as of ``now``."""
    rows = state.rows(
        "SELECT queue.source, queue.region, queue.artist_key, queue.chance, queue.status, queue.plays, queue.skips, verdict,"
        " ifnull(said_at, ifnull(queue.decided_at, queue.trial_at)) AS at FROM queue"
        " LEFT JOIN verdicts ON verdicts.item_id = queue.item_id AND undone_at IS NULL"
        " WHERE kind = ? AND queue.status NOT IN ('pending', 'trial')",
        (DISCOVERY,),
    )
    table = list[tuple[object, ...]]()
    for row in rows:
        about, days = (
            (row["source"], row["region"], row["artist_key"], row["chance"]),
            max(now - (row["at"] or now), 0) / DAY,
        )
        if row["verdict"] in YES | NO:
            table.append((*about, float(row["verdict"] in YES), MORE_SAYS if row["verdict"] == "more" else 1.0, days))
        elif row["status"] in ("asked", "expired") and row["plays"]:
            table.append((*about, float(row["status"] == "asked"), TRIAL_SAYS, days))
    return pl.DataFrame(table, schema=OUTCOMES, orient="row")


def judged(state: State) -> pl.DataFrame:
    """Gives what the listener said of discoveries that they knew: song_id, source, ``stay``, and ``terms`` (JSON, null
    where nothing was noted), as it stands."""
    rows = state.rows(
        "SELECT queue.song_id, source, verdict, terms FROM queue JOIN verdicts USING (item_id)"
        " WHERE kind = ? AND undone_at IS NULL ORDER BY verdict_id",
        (DISCOVERY,),
    )
    said = [
        (row["song_id"], row["source"], row["verdict"] in YES, row["terms"])
        for row in rows
        if row["verdict"] in YES | NO
    ]
    schema = {"song_id": pl.String, "source": pl.String, "stay": pl.Boolean, "terms": pl.String}
    return pl.DataFrame(said, schema=schema, orient="row")


def on_playlists(state: State) -> set[str]:
    """The Spotify ids on the living lists, as they were read back last; copies and clusters try nothing."""
    rows = state.rows("SELECT track_ids FROM playlists WHERE name IN (?, ?)", (MIX, ADVENTURE))
    return {track for row in rows for track in json.loads(row["track_ids"])}


def rescore(state: State, scores: Mapping[int, float]) -> None:
    """Ranks questions anew: by the chance of a yes as it looks now."""
    with state.said() as connection:
        connection.executemany(
            "UPDATE queue SET score = ? WHERE item_id = ?", [(score, item) for item, score in scores.items()]
        )


def withdraw(state: State, before: float) -> int:
    """Ends the discoveries that were proposed ``before`` that moment (UTC seconds) and neither tried nor answered since; gives
    their number."""
    rows = state.rows(
        "SELECT item_id FROM queue WHERE kind = ? AND status = 'pending' AND trial_at IS NULL AND queued_at < ?",
        (DISCOVERY, before),
    )
    return sum(advance(state, row["item_id"], "expired", "waited too long") for row in rows)
