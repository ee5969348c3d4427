"""The queue of questions and the verdicts on songs: the one state machine behind every interface."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from spotify_ai_pipeline.storage.state import State

DAY = 86_400.0
LASTING_DAYS: Mapping[str, float | None] = {
    "approve": 60,  # holds its place on the mix this long, then competes like any song
    "reject": None,
    "later": 60,
    "keep": 30,  # added by hand on Spotify
    "remove": 180,  # removed by hand on Spotify
}
"""Days a verdict counts; None is for good."""

STATUS = {"approve": "approved", "reject": "rejected", "later": "later"}
HOLDING = frozenset({"approve", "keep"})


@dataclass(frozen=True)
class Said:
    """A verdict on a song; the same ``nonce`` twice is one verdict."""

    song_id: str
    verdict: str
    nonce: str


@dataclass(frozen=True)
class Question:
    """A song the listener is asked about."""

    item_id: int
    kind: str
    song_id: str
    track_id: str
    title: str
    artist: str
    score: float
    reason: str

    @property
    def link(self) -> str:
        return f"https://open.spotify.com/track/{self.track_id}"


def propose(state: State, kind: str, songs: Iterable[Mapping[str, object]], limit: int) -> int:
    """Fills the questions of ``kind`` up to ``limit`` pending ones with ``songs`` (song_id, track_id, title, artist, score,
    reason), best first; a song that waits already, or has a verdict that counts, is passed over. Gives the number of new
    questions."""
    now = time.time()
    with state.transaction() as connection:
        waiting = {row["song_id"] for row in connection.execute("SELECT song_id FROM queue WHERE status = 'pending'")}
        settled = waiting | standing(state, now).keys()
        (pending,) = connection.execute(
            "SELECT count(*) FROM queue WHERE kind = ? AND status = 'pending'", (kind,)
        ).fetchone()
        fresh = [song for song in songs if song["song_id"] not in settled][: max(limit - pending, 0)]
        connection.executemany(
            "INSERT INTO queue (kind, song_id, track_id, title, artist, score, reason, queued_at)"
            " VALUES (:kind, :song_id, :track_id, :title, :artist, :score, :reason, :now)",
            [{**song, "kind": kind, "now": now} for song in fresh],
        )
    return len(fresh)


def next_question(state: State) -> Question | None:
    """The best pending question, or None."""
    found = state.rows(
        "SELECT item_id, kind, song_id, track_id, title, artist, score, reason FROM queue"
        " WHERE status = 'pending' ORDER BY score DESC, item_id LIMIT 1"
    )
    return Question(**dict(found[0])) if found else None


def pending(state: State) -> int:
    return state.rows("SELECT count(*) AS n FROM queue WHERE status = 'pending'")[0]["n"]


def decide(state: State, item_id: int, verdict: str, said_through: str) -> bool:
    """Takes the listener's answer to a question; False where it was answered before."""
    now = time.time()
    with state.transaction() as connection:
        row = connection.execute(
            "UPDATE queue SET status = ?, decided_at = ? WHERE item_id = ? AND status = 'pending' RETURNING song_id",
            (STATUS[verdict], now, item_id),
        ).fetchone()
        if row is None:
            return False
        _say(connection, Said(row["song_id"], verdict, f"queue:{item_id}"), said_through, now)
    return True


def say(state: State, verdicts: Iterable[Said], said_through: str) -> None:
    """Records verdicts that no question asked for, such as edits by hand; one that was recorded before changes nothing."""
    with state.transaction() as connection:
        for said in verdicts:
            _say(connection, said, said_through, time.time())


def standing(state: State, now: float) -> dict[str, str]:
    """The verdict that counts at ``now`` for each song that has one: the latest, unless it expired."""
    rows = state.rows("SELECT song_id, verdict, expires_at FROM verdicts ORDER BY said_at, verdict_id")
    latest = {row["song_id"]: row for row in rows}
    return {
        song: row["verdict"] for song, row in latest.items() if row["expires_at"] is None or row["expires_at"] > now
    }


def _say(connection: sqlite3.Connection, said: Said, said_through: str, now: float) -> None:
    days = LASTING_DAYS[said.verdict]
    connection.execute(
        "INSERT OR IGNORE INTO verdicts (song_id, verdict, said_through, said_at, expires_at, nonce) VALUES (?, ?, ?, ?, ?, ?)",
        (said.song_id, said.verdict, said_through, now, None if days is None else now + days * DAY, said.nonce),
    )
