"""Verdicts: what the listener said of a song, how far it reaches, how long it counts, and what it still has to bring about.

A verdict speaks of a song; ``fewer`` also speaks of its artist, ``more`` also of its region of taste. The latest one that
was not taken back and has not expired counts. Its effect outside this machine goes through the outbox, written together
with the verdict and done by ``apply_verdicts``.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.durations import DAY
from spotify_ai_pipeline.storage.state import State

LASTING_DAYS: Mapping[str, float | None] = {
    "approve": 60,  # holds its place on the mix this long, then competes like any song
    "more": 60,  # an approval that asks for its like
    "reject": None,
    "later": 60,
    "wrong_version": None,  # this recording, not the song: another version may be proposed
    "fewer": 180,  # from this artist
    "keep": 30,  # added by hand on Spotify
    "remove": 180,  # removed by hand on Spotify
}
"""Days a verdict counts; None is for good."""

HOLDING = frozenset({"approve", "more", "keep"})
"""Verdicts that hold a song on the list; any other that stands keeps it off."""


@dataclass(frozen=True)
class Said:
    """A verdict on a song; the same ``nonce`` twice is one verdict."""

    song_id: str
    verdict: str
    nonce: str
    item_id: int | None = None
    track_id: str = ""
    artist_key: str = ""


@dataclass(frozen=True)
class PendingEffect:
    """A verdict (or, with ``undo``, one taken back) whose effect is still to be brought about."""

    outbox_id: int
    verdict: str
    undo: bool
    kind: str
    """Of the question that was answered."""
    track_id: str
    title: str
    artist: str


def say(state: State, verdicts: Iterable[Said], said_through: str) -> None:
    """Records verdicts that no question asked for, such as edits by hand; one that was recorded before changes nothing."""
    with state.said() as connection:
        for said in verdicts:
            record(connection, said, said_through, clock.now())


def record(connection: sqlite3.Connection, said: Said, said_through: str, now: float) -> bool:
    """Writes one verdict inside the caller's transaction, and its place in the outbox where it answers a question; False where
    its nonce is known."""
    days = LASTING_DAYS[said.verdict]
    row = connection.execute(
        "INSERT INTO verdicts (item_id, song_id, track_id, artist_key, verdict, said_through, said_at, expires_at, nonce)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (nonce) DO NOTHING RETURNING verdict_id",
        (
            said.item_id,
            said.song_id,
            said.track_id,
            said.artist_key,
            said.verdict,
            said_through,
            now,
            None if days is None else now + days * DAY,
            said.nonce,
        ),
    ).fetchone()
    if row is not None and said.item_id is not None:  # an edit by hand, or a refresh taken back, has had its effect
        connection.execute("INSERT INTO outbox (verdict_id, queued_at) VALUES (?, ?)", (row["verdict_id"], now))
    return row is not None


def take_back(connection: sqlite3.Connection, item_id: int, now: float) -> bool:
    """Takes the standing verdict on an item back, inside the caller's transaction; False where there is none."""
    row = connection.execute(
        "UPDATE verdicts SET undone_at = ? WHERE verdict_id = (SELECT max(verdict_id) FROM verdicts"
        " WHERE item_id = ? AND undone_at IS NULL) RETURNING verdict_id",
        (now, item_id),
    ).fetchone()
    if row is None:
        return False
    connection.execute("INSERT INTO outbox (verdict_id, undo, queued_at) VALUES (?, 1, ?)", (row["verdict_id"], now))
    return True


KEPT_IN_LIBRARY = "verdict <> 'reject' AND item_id IN (SELECT item_id FROM queue WHERE kind = 'remove')"
"""Answers that a song is to stay in the library: they say nothing about lists."""


def standing(state: State, now: float, *, on_lists: bool = False) -> dict[str, str]:
    """The verdict that counts at ``now`` for each song that has one: the latest, unless it was taken back or expired. With
    ``on_lists`` only what says whether a song may be on one."""
    rows = state.rows(
        "SELECT song_id, verdict, expires_at FROM verdicts WHERE undone_at IS NULL"
        + (f" AND NOT ({KEPT_IN_LIBRARY})" if on_lists else "")
        + " ORDER BY said_at, verdict_id"
    )
    latest = {row["song_id"]: row for row in rows}
    return {
        song: row["verdict"] for song, row in latest.items() if row["expires_at"] is None or row["expires_at"] > now
    }


def fewer_artists(state: State, now: float) -> set[str]:
    """The keys of the artists of whom the listener asked to hear less, as it stands at ``now``."""
    rows = state.rows(
        "SELECT DISTINCT artist_key FROM verdicts WHERE verdict = 'fewer' AND undone_at IS NULL AND expires_at > ?"
        " AND artist_key <> ''",
        (now,),
    )
    return {row["artist_key"] for row in rows}


def pending_effects(state: State) -> list[PendingEffect]:
    """Gives what is still to be brought about, in the order it was said."""
    rows = state.rows(
        "SELECT outbox_id, verdict, undo, kind, verdicts.track_id, title, artist FROM outbox"
        " JOIN verdicts USING (verdict_id) JOIN queue USING (item_id) WHERE outbox.done_at IS NULL ORDER BY outbox_id"
    )
    return [
        PendingEffect(
            row["outbox_id"],
            row["verdict"],
            bool(row["undo"]),
            row["kind"],
            row["track_id"],
            row["title"],
            row["artist"],
        )
        for row in rows
    ]


def outcome_of(state: State, outbox_id: int) -> str:
    """Gives what bringing about the verdict came to that the effect ``outbox_id`` takes back; empty where it never
    was."""
    rows = state.rows(
        "SELECT outcome FROM outbox WHERE undo = 0 AND done_at IS NOT NULL"
        " AND verdict_id = (SELECT verdict_id FROM outbox WHERE outbox_id = ?)",
        (outbox_id,),
    )
    return rows[0]["outcome"] if rows else ""


def done(state: State, outbox_id: int, outcome: str) -> None:
    """Marks an effect as brought about; ``outcome`` says how, for the listener."""
    with state.said() as connection:
        connection.execute(
            "UPDATE outbox SET done_at = ?, outcome = ? WHERE outbox_id = ? AND done_at IS NULL",
            (clock.now(), outcome, outbox_id),
        )


def verdict_history(state: State) -> pl.DataFrame:
    """song_id, verdict, said_at (UTC), in the order in which they were said."""
    rows = state.rows(
        "SELECT song_id, verdict, said_at FROM verdicts WHERE undone_at IS NULL ORDER BY said_at, verdict_id"
    )
    schema = {"song_id": pl.String, "verdict": pl.String, "said_at": pl.Float64}
    table = pl.DataFrame([tuple(row) for row in rows], schema=schema, orient="row")
    return table.with_columns((pl.col("said_at") * 1_000).cast(pl.Int64).cast(pl.Datetime("ms", "UTC")))
