"""Pins: songs that stay, beside what verdicts say. The latest word on a song counts, whichever way it was said."""

from __future__ import annotations

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.storage import queue
from spotify_ai_pipeline.storage.state import State
from spotify_ai_pipeline.storage.verdicts import KEPT_IN_LIBRARY, standing


def pin(state: State, song_id: str, *, pinned: bool) -> None:
    """The song stays from now on (``pinned``), or is let go: it competes like any other."""
    with state.said() as connection:
        connection.execute("INSERT OR REPLACE INTO pins VALUES (?, ?, ?)", (song_id, int(pinned), clock.now()))


def pinned(state: State) -> set[str]:
    """The songs that were pinned by name: they belong on the mix, whichever list they are on."""
    return {row["song_id"] for row in state.rows("SELECT song_id FROM pins WHERE pinned")}


HELD_WORDS = {
    "approve": "approved by you",
    "more": "you asked for more like it",
    "keep": "you put it on the list",
}


def words(state: State, now: float) -> dict[str, str]:
    """Says why each song stays that does, in words."""
    said = {song: HELD_WORDS[verdict] for song, verdict in standing(state, now).items() if verdict in HELD_WORDS}
    return said | dict.fromkeys(pinned(state), "pinned by you")


def held_and_barred(state: State, now: float) -> tuple[set[str], dict[str, str]]:
    """(songs that stay on a list, songs that may not be on one with the verdict that says so) at ``now`` (UTC seconds)."""
    verdicts = standing(state, now, on_lists=True)
    held = {song for song, verdict in verdicts.items() if verdict in queue.HOLDING}
    barred = {song: verdict for song, verdict in verdicts.items() if song not in held}
    counts = f"undone_at IS NULL AND NOT ({KEPT_IN_LIBRARY})"
    judged = state.rows(f"SELECT song_id, max(said_at) FROM verdicts WHERE {counts} GROUP BY song_id")
    judged_at = dict(map(tuple, judged))
    for row in state.rows("SELECT song_id, pinned, said_at FROM pins"):
        song = row["song_id"]
        if row["said_at"] < judged_at.get(song, 0.0):
            continue
        held.discard(song)
        if row["pinned"]:
            barred.pop(song, None)
            held.add(song)
    return held, barred
