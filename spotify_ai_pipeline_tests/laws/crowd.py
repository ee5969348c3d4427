"""Ten processes on one home at once. Each worker does one thing over and over, and writes down what it was told was done.

``python -m spotify_ai_pipeline_tests.laws.crowd ROLE ROOT NUMBER JOURNAL`` is one of them; it goes on until it is killed.
"""

from __future__ import annotations

import json
import os
import random
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import polars as pl

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.importers import detect, ingest
from spotify_ai_pipeline.interfaces.views.health import summarize_health
from spotify_ai_pipeline.storage import api_ledger, backup, datasets, duckdb_views, pins, queue
from spotify_ai_pipeline.storage import lake as lakes
from spotify_ai_pipeline.storage.workspace import Workspace

ROLES = ("answer", "answer", "pin", "import", "make", "make", "prune", "look", "back up", "call")
SERVICE = "crowd"

Tell = Callable[..., None]


def answer(home: Workspace, name: str, turn: int, tell: Tell) -> None:
    """A question is proposed, and answered twice under one nonce, as by a double tap."""
    song = {
        "song_id": f"{name}-{turn}",
        "track_id": f"t{turn}",
        "title": "T",
        "artist": "A",
        "score": 1.0,
        "reason": "r",
    }
    queue.propose(home.state, queue.DISCOVERY, [song], limit=10**9)
    item = home.state.rows("SELECT item_id FROM queue WHERE song_id = ?", (song["song_id"],))[0]["item_id"]
    taken = [queue.decide(home.state, item, "approve", "crowd", f"{name}-{turn}") for _ in range(2)]
    assert taken == [True, False]
    tell(answered=song["song_id"])


def pin(home: Workspace, name: str, turn: int, tell: Tell) -> None:
    pins.pin(home.state, f"{name}-{turn}", pinned=True)
    tell(pinned=f"{name}-{turn}")


def import_(home: Workspace, name: str, turn: int, tell: Tell) -> None:
    """Files of a few plays, each taken in twice."""
    file = home.root.with_name(f"{name}-{turn}.json")
    titles = [f"{name}-{turn}-{row}" for row in range(5)]
    rows = [
        {
            "ts": f"20{10 + turn // 8640 % 15}-01-{1 + turn // 360 % 24:02}T{turn // 15 % 24:02}:{turn % 15 * 4:02}:{row:02}Z",
            "ms_played": 200_000,
            "master_metadata_track_name": title,
            "master_metadata_album_artist_name": name,
            "spotify_track_uri": f"spotify:track:{title.replace('-', ''):0>22}",  # another process has other songs
        }
        for row, title in enumerate(titles)
    ]
    file.write_text(json.dumps(rows))
    for _ in range(2):
        list(ingest.take_in(home, detect.find([file])))
    tell(imported=titles)


def make(home: Workspace, name: str, turn: int, tell: Tell) -> None:
    """Versions of one dataset by two processes, each of one number throughout."""
    home.lake.write(pl.DataFrame({"n": [turn] * 500}), datasets.SONGS)
    tell(made=turn)


def prune(home: Workspace, name: str, turn: int, tell: Tell) -> None:
    lakes.KEEP_SECONDS = 30.0  # a day in life: a reader is done with a version by then
    home.lake.prune()


def look(home: Workspace, name: str, turn: int, tell: Tell) -> None:
    """Does what the faces do: read, ask, count."""
    if (songs := home.lake.read_or_none(datasets.SONGS)) is not None:
        assert (songs.height, songs["n"].n_unique()) == (500, 1), "half a version"
        with duckdb_views.connect(home.lake, home.state) as connection:
            assert connection.execute("SELECT count(*) FROM songs").fetchone() == (500,)
    queue.next_question(home.state)
    summarize_health(home)


def back_up(home: Workspace, name: str, turn: int, tell: Tell) -> None:
    file = home.root.with_name(f"{name}-{turn}.zip")
    backup.save(home, file)
    backup.restore(Workspace.open(home.root.with_name(f"{name}-{turn}-back")), file)
    tell(backed_up=str(file))


def call(home: Workspace, name: str, turn: int, tell: Tell) -> None:
    waits = api_ledger.take_turn(
        home.state, SERVICE, "read", clock.now(), budget=10**9, calls_per_second=10**9, longest_wait=1
    )
    assert not isinstance(waits, api_ledger.Pause)
    tell(called=1)


WORK: dict[str, Callable[[Workspace, str, int, Tell], None]] = {
    "answer": answer, "pin": pin, "import": import_, "make": make, "prune": prune, "look": look, "back up": back_up, "call": call,
}  # fmt: skip


def main(role: str, root: Path, name: str, journal: Path) -> None:
    """Does ``role`` until it is ended. A line of the journal is on the disk before the next turn begins."""
    handle = os.open(journal, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def tell(**done: Any) -> None:
        os.write(handle, (json.dumps(done) + "\n").encode())

    rng = random.Random(name)
    for turn in count(1):
        home = Workspace.open(root)
        WORK[role](home, f"{name}-{rng.getrandbits(32):08x}", turn, tell)
        home.state.connection.close()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), f"{sys.argv[3]}p{os.getpid()}", Path(sys.argv[4]))
