"""The queue of questions: the one state machine behind command line, bot and dashboard.

    pending ──> trial (on a playlist) ──> asked (heard often enough) ──> approved | rejected | later
       │          └──> expired (skipped away, or never heard)               ▲
       └────────────────────── answered at once ───────────────────────────┘

``undo`` goes back to where the answer found the item. Every step is kept in ``queue_steps``. What an answer means, how far
it reaches and how long, is in ``verdicts``, whose names are offered here as well: an interface needs this module alone.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.durations import DAY
from spotify_ai_pipeline.music.mix.target_ids import link_of
from spotify_ai_pipeline.storage.state import State
from spotify_ai_pipeline.storage.verdicts import (
    HOLDING,
    LASTING_DAYS,
    Said,
    fewer_artists,
    record,
    say,
    standing,
    take_back,
)

__all__ = ["HOLDING", "LASTING_DAYS", "Question", "Said", "fewer_artists", "say", "standing"]

RESURFACE, DISCOVERY, REMOVE, UNASKED = "resurface", "discovery", "remove", "unasked"
OPEN = ("pending", "trial", "asked")
STATUS = {
    "approve": "approved",
    "more": "approved",
    "reject": "rejected",
    "wrong_version": "rejected",
    "later": "later",
    "fewer": "later",
}
"""Where each verdict takes an item."""

EXPIRED_DAYS = 180
"""Days after which a song whose trial came to nothing may be proposed again."""

COLUMNS = (
    "item_id, kind, song_id, track_id, title, artist, score, reason, artist_key, chance, source, region, status,"
    " plays, skips, line"
)
WAITING = (
    "(status = 'asked' OR status = 'pending' AND artist_key NOT IN (SELECT artist_key FROM verdicts WHERE verdict = 'fewer'"
    " AND undone_at IS NULL AND expires_at > ? AND artist_key <> ''))"
)
"""Questions to ask: what was heard on trial, and what is pending, but by no artist of whom fewer songs are wanted."""


@dataclass(frozen=True)
class Question:
    """A song the listener is asked about, and where it stands."""

    item_id: int
    kind: str
    song_id: str
    track_id: str
    title: str
    artist: str
    score: float
    reason: str
    artist_key: str = ""
    chance: float | None = None
    """Predicted match, 0 to 1; None where nothing predicts it."""
    source: str = ""
    region: str = ""
    status: str = "pending"
    plays: int = 0
    """While on trial, of which ``skips`` were skipped."""
    skips: int = 0
    line: str | None = None
    """Why it may fit, put into words from what is known of it."""

    @property
    def answers(self) -> tuple[str, ...]:
        """The verdicts that mean something as an answer: whether a song is kept has nothing to do with its versions."""
        return ("approve", "reject", "later") if self.kind == REMOVE else tuple(STATUS)

    @property
    def link(self) -> str:
        return link_of(self.track_id)


def propose(state: State, kind: str, songs: Iterable[Mapping[str, object]], limit: int) -> int:
    """Fills the questions of ``kind`` up to ``limit`` pending ones with ``songs`` (song_id, track_id, title, artist, score,
    reason, and where known artist_key, chance, source, region, terms, line), best first; a song that waits already, has a verdict
    that counts, or whose trial came to nothing lately, is passed over. Verdicts are why a removal is asked about: there it
    is passed over where the listener said so lately. Gives the number of new questions."""
    now = clock.now()
    with state.said() as connection:
        waiting = connection.execute(
            "SELECT song_id FROM queue WHERE status IN ('pending', 'trial', 'asked')"
            " OR (status = 'expired' AND decided_at > ?)",
            (now - EXPIRED_DAYS * DAY,),
        )
        settled = {row["song_id"] for row in waiting}
        settled |= _settled_removals(connection, now) if kind == REMOVE else standing(state, now).keys()
        (pending,) = connection.execute(
            "SELECT count(*) FROM queue WHERE kind = ? AND status = 'pending'", (kind,)
        ).fetchone()
        once = {str(song["song_id"]): song for song in songs if song["song_id"] not in settled}
        fresh = list(once.values())[: max(limit - pending, 0)]
        for song in fresh:
            _insert(connection, kind, song, now)
    return len(fresh)


def next_question(state: State) -> Question | None:
    """The question to ask now, or None: first what was tried on the list and heard, then the best of those that wait."""
    order = "ORDER BY status = 'asked' DESC, kind = 'discovery' DESC, score DESC, item_id LIMIT 1"
    found = state.rows(f"SELECT {COLUMNS} FROM queue WHERE {WAITING} {order}", (clock.now(),))
    return Question(**dict(found[0])) if found else None


def pending(state: State) -> int:
    """The number of questions that wait for an answer."""
    return state.rows(f"SELECT count(*) AS n FROM queue WHERE {WAITING}", (clock.now(),))[0]["n"]


def item(state: State, item_id: int) -> Question | None:
    found = state.rows(f"SELECT {COLUMNS} FROM queue WHERE item_id = ?", (item_id,))
    return Question(**dict(found[0])) if found else None


def items(state: State, statuses: Sequence[str] = OPEN, kind: str | None = None) -> list[Question]:
    """The questions in any of ``statuses``, those on trial and asked first, then the best."""
    rows = state.rows(
        f"SELECT {COLUMNS} FROM queue WHERE status IN ({', '.join('?' * len(statuses))}) AND (? IS NULL OR kind = ?)"
        " ORDER BY status = 'asked' DESC, status = 'trial' DESC, kind = 'discovery' DESC, score DESC, item_id",
        (*statuses, kind, kind),
    )
    return [Question(**dict(row)) for row in rows]


def steps(state: State, item_id: int) -> list[tuple[str, float, str]]:
    """(status, UTC seconds, why) of each step of an item's life, oldest first."""
    rows = state.rows("SELECT status, at, why FROM queue_steps WHERE item_id = ? ORDER BY step_id", (item_id,))
    return [(row["status"], row["at"], row["why"]) for row in rows]


def decide(state: State, item_id: int, verdict: str, said_through: str, nonce: str = "") -> bool:
    """Takes the listener's answer to a question; False where it was answered before, or where this very answer
    (``nonce``: of a button press, of a message) was taken already, be it undone since."""
    status, now = STATUS[verdict], clock.now()
    with state.said() as connection:
        row = connection.execute(f"SELECT {COLUMNS} FROM queue WHERE item_id = ?", (item_id,)).fetchone()
        if row is None or row["status"] not in OPEN:
            return False
        (said_before,) = connection.execute("SELECT count(*) FROM verdicts WHERE item_id = ?", (item_id,)).fetchone()
        said = Said(
            row["song_id"],
            verdict,
            f"queue:{item_id}:{nonce or said_before}",
            item_id,
            row["track_id"],
            row["artist_key"],
        )
        if not record(connection, said, said_through, now):
            return False
        connection.execute(
            "UPDATE queue SET status = ?, before = status, decided_at = ? WHERE item_id = ?", (status, now, item_id)
        )
        _step(connection, item_id, status, now, f"{verdict}, through {said_through}")
    return True


def record_unprompted(state: State, song: Mapping[str, object], verdict: str, said_through: str) -> int:
    """Takes a verdict on ``song`` (as ``propose`` takes it) that no question asked for, and gives the number of the item that
    it can be taken back by: the question that waits about this song where there is one, else a new one that is answered."""
    with state.said() as connection:
        row = connection.execute(
            "SELECT item_id FROM queue WHERE song_id = ? AND kind <> ? AND status IN ('pending', 'trial', 'asked')",
            (song["song_id"], REMOVE),
        ).fetchone()
        if row is None:
            row = _insert(connection, UNASKED, song, clock.now())
    decide(state, row["item_id"], verdict, said_through)
    return row["item_id"]


def undo(state: State, item_id: int, said_through: str) -> bool:
    """Takes the answer to a question back; False where it has none, or where its song waits again under another number."""
    now = clock.now()
    with state.said() as connection:
        row = connection.execute("SELECT kind, song_id, before FROM queue WHERE item_id = ?", (item_id,)).fetchone()
        if row is None or row["before"] is None:
            return False
        again = connection.execute(
            "SELECT 1 FROM queue WHERE kind = ? AND song_id = ? AND item_id <> ? AND status IN ('pending', 'trial', 'asked')",
            (row["kind"], row["song_id"], item_id),
        ).fetchone()
        if again or not take_back(connection, item_id, now):
            return False
        back = (
            "expired" if row["kind"] == UNASKED else row["before"]
        )  # nobody asked: there is no question to go back to
        connection.execute(
            "UPDATE queue SET status = ?, before = NULL, decided_at = NULL WHERE item_id = ?", (back, item_id)
        )
        _step(connection, item_id, back, now, f"taken back, through {said_through}")
    return True


def last_answered_at(state: State) -> float:
    """Says when a question was last answered whose answer can be taken back (UTC seconds); 0 where there is none."""
    return state.rows("SELECT max(decided_at) AS at FROM queue WHERE before IS NOT NULL")[0]["at"] or 0.0


def last_answer(state: State) -> Question | None:
    """The question that was answered last and can be taken back; None where there is none."""
    found = state.rows(
        f"SELECT {COLUMNS} FROM queue WHERE before IS NOT NULL ORDER BY decided_at DESC, item_id DESC LIMIT 1"
    )
    return Question(**dict(found[0])) if found else None


def advance(state: State, item_id: int, status: str, why: str) -> bool:
    """Takes a step of the trial (to trial, asked or expired); False where the item is there already, or was answered."""
    now = clock.now()
    with state.said() as connection:
        moved = connection.execute(
            "UPDATE queue SET status = :status, trial_at = iif(:status = 'trial', ifnull(trial_at, :now), trial_at),"
            " decided_at = iif(:status = 'expired', :now, NULL)"
            " WHERE item_id = :item AND status IN ('pending', 'trial', 'asked') AND status <> :status",
            {"status": status, "now": now, "item": item_id},
        )
        if moved.rowcount:
            _step(connection, item_id, status, now, why)
    return moved.rowcount > 0


def set_play_counts(state: State, item_id: int, plays: int, skips: int) -> None:
    """Keeps how often a song on trial was played, and skipped."""
    with state.said() as connection:
        connection.execute("UPDATE queue SET plays = ?, skips = ? WHERE item_id = ?", (plays, skips, item_id))


def _settled_removals(connection: sqlite3.Connection, now: float) -> set[str]:
    since = now - EXPIRED_DAYS * DAY
    rows = connection.execute("SELECT song_id FROM queue WHERE kind = ? AND decided_at > ?", (REMOVE, since))
    return {row["song_id"] for row in rows}


def _insert(connection: sqlite3.Connection, kind: str, song: Mapping[str, object], now: float) -> sqlite3.Row:
    unknown = {"artist_key": "", "chance": None, "source": "", "region": "", "terms": None, "line": None}
    row = connection.execute(
        "INSERT INTO queue (kind, song_id, track_id, title, artist, artist_key, score, chance, reason, source, region,"
        " terms, line, queued_at) VALUES (:kind, :song_id, :track_id, :title, :artist, :artist_key, :score, :chance, :reason,"
        " :source, :region, :terms, :line, :now) RETURNING item_id",
        {**unknown, **song, "kind": kind, "now": now},
    ).fetchone()
    _step(connection, row["item_id"], "pending", now, str(song["reason"]))
    return row


def _step(connection: sqlite3.Connection, item_id: int, status: str, now: float, why: str) -> None:
    connection.execute(
        "INSERT INTO queue_steps (item_id, status, at, why) VALUES (?, ?, ?, ?)", (item_id, status, now, why)
    )
